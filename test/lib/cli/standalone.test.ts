import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConnector } from '../../../lib/cli/connector-files.ts'
import { startStandalone } from '../../../lib/cli/standalone-worker.ts'
import { pause } from '../../../lib/connect/budget.ts'
import { ConfigError } from '../../../lib/connect/errors.ts'
import { startKafka } from '../../kafka-broker.ts'

const folder = mkdtempSync(join(tmpdir(), 'penstock-standalone-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const inFolder = (name: string) => join(folder, name)
const read = (name: string) => (existsSync(inFolder(name)) ? readFileSync(inFolder(name), 'utf8') : '')

let worker: Record<string, string>
beforeAll(async () => {
  const { bootstrap } = await startKafka()
  worker = {
    'bootstrap.servers': bootstrap,
    'offset.storage.file.filename': inFolder('connect.offsets'),
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    listeners: 'http://localhost:0',
  }
})

const topic = `standalone-${process.pid}`
const fileSource = () => ({ name: 'in', 'connector.class': 'FileStreamSource', file: inFolder('in.txt'), topic })
const fileSink = () => ({
  name: `out-${process.pid}`,
  'connector.class': 'FileStreamSink',
  file: inFolder('out.txt'),
  topics: topic,
})

async function until(name: string, text: string): Promise<void> {
  while (read(name) !== text) await pause(20)
}

test('file to topic to file, and on from there after a restart', async () => {
  writeFileSync(inFolder('in.txt'), 'one\ntwo\n')
  const first = await startStandalone(worker, [fileSource(), fileSink()])
  await until('out.txt', 'one\ntwo\n')
  const status = await (await fetch(`${first.url}/connectors/in/status`)).json()
  expect(status).toMatchObject({
    name: 'in',
    connector: { state: 'RUNNING' },
    tasks: [{ id: 0, state: 'RUNNING' }],
    type: 'source',
  })
  expect(await (await fetch(`${first.url}/connectors`)).json()).toEqual(['in', fileSink().name])
  expect((await fetch(`${first.url}/connectors/none/status`)).status).toBe(404)
  await first.stop()
  expect(JSON.parse(read('connect.offsets'))).toMatchObject({ offsets: [{ connector: 'in', offset: { position: 8 } }] })
  appendFileSync(inFolder('in.txt'), 'three\n')
  const second = await startStandalone(worker, [fileSource(), fileSink()])
  await until('out.txt', 'one\ntwo\nthree\n')
  await second.stop()
})

test('a task that fails shows its trace, and the others go on', async () => {
  const broken = { ...fileSource(), name: 'broken', file: folder }
  const running = await startStandalone(worker, [broken, fileSource()])
  const status = async (name: string) =>
    (await (await fetch(`${running.url}/connectors/${name}/status`)).json()) as {
      tasks: { state: string; trace?: string }[]
    }
  while ((await status('broken')).tasks[0]?.state !== 'FAILED') await pause(20)
  expect((await status('broken')).tasks[0]?.trace).toMatch(/TASK_POLL.*is a folder/)
  while ((await status('in')).tasks[0]?.state !== 'RUNNING') await pause(20)
  await running.stop()
})

test('connector files are properties, or JSON in either form', async () => {
  writeFileSync(inFolder('c.properties'), 'name=c\nconnector.class = FileStreamSource\n')
  writeFileSync(
    inFolder('c.json'),
    JSON.stringify({ name: 'c', config: { 'connector.class': 'FileStreamSource', 'tasks.max': 1 } }),
  )
  writeFileSync(inFolder('flat.json'), JSON.stringify({ name: 'c', 'connector.class': 'FileStreamSource' }))
  expect(await readConnector(inFolder('c.properties'))).toEqual({ name: 'c', 'connector.class': 'FileStreamSource' })
  expect(await readConnector(inFolder('c.json'))).toEqual({
    name: 'c',
    'connector.class': 'FileStreamSource',
    'tasks.max': '1',
  })
  expect(await readConnector(inFolder('flat.json'))).toEqual({ name: 'c', 'connector.class': 'FileStreamSource' })
  await expect(readConnector(inFolder('none.json'))).rejects.toThrow(ConfigError)
})

test('offset.storage.file.filename is required', async () => {
  const { 'offset.storage.file.filename': _file, ...rest } = worker
  await expect(startStandalone(rest, [])).rejects.toThrow(
    'Missing required configuration "offset.storage.file.filename"',
  )
})
