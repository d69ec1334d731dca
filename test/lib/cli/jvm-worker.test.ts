/** The same commands against a Kafka Connect worker: what it has works, what is Penstock's own is said to be. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JvmWorker, QUICK_START, startJvmWorker } from '../../jvm-worker.ts'
import { startKafka } from '../../kafka-broker.ts'
import { until } from '../../system/penstock.ts'
import { type CommandLine, commandLine } from './command-line.ts'

let worker: JvmWorker
let cli: CommandLine

beforeAll(async () => {
  const { bootstrap } = await startKafka()
  worker = await startJvmWorker({ bootstrap, group: `cli-${process.pid}`, flags: QUICK_START })
  cli = await commandLine(worker.url)
  // A worker that has just joined its group refuses for a while: no leader is known yet.
  await until('the worker to take connectors', 60_000, async () => {
    const config = { 'connector.class': 'FileStreamSource', file: join(cli.folder, 'none.txt'), topic: 'none' }
    const headers = { 'Content-Type': 'application/json' }
    const put = { method: 'PUT', headers, body: JSON.stringify(config) }
    return (await fetch(`${worker.url}/connectors/first/config`, put)).ok
  })
  await until('it to let go of one', 60_000, async () => {
    const { status } = await fetch(`${worker.url}/connectors/first`, { method: 'DELETE' })
    return status === 204 || status === 404
  })
}, 240_000)

afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await worker[Symbol.asyncDispose]()
})

test('a connector from its file to its end', { timeout: 180_000 }, async () => {
  await writeFile(join(cli.folder, 'in.txt'), 'one\ntwo\n')
  const config = `name=lines\nconnector.class=FileStreamSource\nfile=${join(cli.folder, 'in.txt')}\ntopic=lines\n`
  await cli.write('lines.properties', config)
  expect(await cli.ok('validate', 'lines.properties')).toBe('lines: valid\n')
  expect(await cli.ok('apply', '-f', 'lines.properties')).toMatch(/^lines: created\n/)
  expect(await cli.ok('resume', 'lines', '--wait', '60')).toBe('lines: resumed\n')
  const running = /^lines +source +RUNNING +0: RUNNING +FileStreamSource$/m
  await until('its task to be shown', 60_000, async () => running.test(await cli.ok('get', 'connectors')))
  expect(await cli.ok('get', 'tasks')).toMatch(/^CONNECTOR +TASK +STATE +WORKER\nlines +0 +RUNNING/)
  expect(await cli.ok('describe', 'lines')).toMatch(/^State: +RUNNING$/m)
  expect(await cli.ok('patch', 'lines', '-s', 'batch.size=7')).toBe('lines: updated\n  + batch.size=7\n')
  expect(await cli.ok('apply', 'lines.properties', '--dry-run')).toBe('lines: would be updated\n  - batch.size=7\n')
  expect(await cli.ok('stop', '-e', 'l.*')).toBe('lines: stopped\n')
  // The worker may still be starting the tasks of the last change, and refuse.
  const reset = /^lines: The offsets for this connector have been reset/
  await until('offsets to be reset', 60_000, async () =>
    reset.test((await cli.run('offsets', 'reset', 'lines')).stdout),
  )
  expect(await cli.ok('offsets', 'get', 'lines')).toBe('lines has no offsets\n')
  expect(await cli.ok('delete', 'lines')).toBe('lines: deleted\n')
})

test('plugins, loggers, top, info', async () => {
  expect(await cli.ok('plugins', '-t', 'source')).toContain('FileStreamSourceConnector')
  await cli.ok('loggers', 'set', 'org.apache.kafka.connect', 'warn')
  expect(await cli.ok('loggers')).toMatch(/^org.apache.kafka.connect +WARN/m)
  expect(await cli.ok('top', '--count', '1')).toMatch(/No connectors|^NAME /m)
  expect(await cli.json('info')).toMatchObject({ server: 'Kafka Connect worker' })
})

test('statuses: 1 for what is not valid, 3 for what is not there', async () => {
  expect((await cli.pipe('name: x\nconnector.class: Nobody\n', 'apply', '-f', '-')).status).toBe(1)
  expect((await cli.run('pause', 'none')).status).toBe(3)
})

test.each([['logs', 'x'], ['history', 'x'], ['rollback', 'x'], ['offsets', 'undo', 'x'], ['cost']])(
  '%j needs Penstock, and says so with status 3',
  async (...args) => {
    const ran = await cli.run(...args)
    expect(ran.status).toBe(3)
    expect(ran.output).toMatch(/^penstock: This needs Penstock: http\S+ is a Kafka Connect worker \(4\./)
  },
)
