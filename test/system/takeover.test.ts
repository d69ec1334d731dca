/**
 * A Connect cluster with ten connectors under load goes to Penstock and back, by the commands: what one did, the other
 * goes on with. And a worker that comes back on its own: Penstock stands aside until it has left.
 */

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, promisify } from 'node:util'
import { expect, test } from 'vitest'
import { QUICK_START, startJvmWorker } from '../jvm-worker.ts'
import { startKafka } from '../kafka-broker.ts'
import { allDone, asDone, expectNotBehind, offsetsOf } from './connector-offsets.ts'
import { append, type Line, newLine, type Rest } from './lines.ts'
import { Penstock, until } from './penstock.ts'
import { readTopic } from './topic.ts'

const FORMATS = 'org.apache.kafka.connect'
const STRING = { 'value.converter': `${FORMATS}.storage.StringConverter` }
const JSON_VALUES = { 'value.converter': `${FORMATS}.json.JsonConverter` }
const HOIST = {
  transforms: 'wrap',
  'transforms.wrap.type': `${FORMATS}.transforms.HoistField$Value`,
  'transforms.wrap.field': 'line',
}
const EXTRACT = {
  transforms: 'line',
  'transforms.line.type': `${FORMATS}.transforms.ExtractField$Value`,
  'transforms.line.field': 'line',
}
interface Form {
  readonly source: object
  readonly sink: object
  line(value: string): string
}

/** What the lines are on their way through the topic; in the sink's file they are lines again. */
const FORMS: Readonly<Record<string, Form>> = {
  text: { source: STRING, sink: STRING, line: (value) => value },
  json: {
    source: { ...JSON_VALUES, 'value.converter.schemas.enable': 'false', ...HOIST },
    sink: { ...JSON_VALUES, 'value.converter.schemas.enable': 'false', ...EXTRACT },
    line: (value) => JSON.parse(value).line,
  },
  // The worker's own converter is JsonConverter, whose default is with schemas.
  schema: { source: HOIST, sink: EXTRACT, line: (value) => JSON.parse(value).payload.line },
  batch: { source: { ...STRING, 'batch.size': '500' }, sink: STRING, line: (value) => value },
}

test('ten connectors go to Penstock and back to a Connect cluster while lines come', { timeout: 600_000 }, async () => {
  await using kafka = await startKafka()
  const { bootstrap } = kafka
  const folder = await mkdtemp(join(tmpdir(), 'penstock-takeover-'))
  const group = `takeover-${randomUUID().slice(0, 8)}`
  const lines = await Promise.all(Object.keys(FORMS).map((form) => newLine(folder, `${group}-${form}`)))
  const workerFile = join(folder, 'worker.properties')
  await writeFile(workerFile, workerSettings(bootstrap, group))
  await using load = startLoad(lines)
  /** With the two that stand still, and have none. */
  const allAnswers = async () => ({ ...(await allDone(lines)), [`${group}-paused`]: [], [`${group}-stopped`]: [] })
  const done = (request: Rest, by: string) =>
    until(`all offsets to be committed by ${by}`, 90_000, async () => {
      return isDeepStrictEqual(await asDone(await offsetsOf(request), bootstrap, lines), await allAnswers())
    })
  try {
    const settings = { 'value.converter.schemas.enable': 'true', 'offset.flush.interval.ms': '2000' }
    const jvm = await startJvmWorker({ bootstrap, group, settings, flags: QUICK_START })
    await using _ = jvm
    await create(jvm.request, folder, group, lines)
    await moving(lines, 'the JVM worker')
    const before = await answers(jvm.request)
    const offsetsBefore = await until('offsets of all that run', 60_000, async () => {
      const offsets = await offsetsOf(jvm.request)
      return Object.values(offsets).filter((of) => of.length > 0).length === 8 && offsets
    })
    expect(Object.keys(offsetsBefore)).toHaveLength(10)

    const report = await penstock('takeover', '--worker', workerFile, '-o', 'json')
    expect(JSON.parse(report.stdout)).toMatchObject({ verdict: 'ready', problems: [], workers: [`${jvm.url}/`] })
    expect(JSON.parse(report.stdout).connectors).toHaveLength(10)

    const starting = Penstock.start({ takeover: workerFile })
    await sleep(3_000)
    await jvm.stop()
    await using ours = await starting
    expect(ours.output).toContain(`Waiting: stop the Connect workers ${jvm.url}/`)
    const rest: Rest = (...call) => ours.request(...call)
    await until('the same tasks and statuses as before', 60_000, async () => {
      return JSON.stringify(await answers(rest)) === JSON.stringify(before)
    })
    const taken = await offsetsOf(rest)
    expectNotBehind(taken, offsetsBefore)
    await moving(lines, 'Penstock')

    {
      // A worker that nobody meant to start.
      await using back = await startJvmWorker({ bootstrap, group, settings, flags: QUICK_START })
      await until('Penstock to stand aside', 60_000, async () => (await stateOf(rest)) === 'aside')
      expect((await rest('GET', '/health')).body).toMatchObject({ status: 'healthy' })
      expect((await ours.progress(`${group}-text`)).tasks[0]?.note).toContain(
        `standing aside: 1 Kafka Connect worker is in group ${group}`,
      )
      // An instance of the REST function that has not looked since knows it a second later.
      await sleep(1_100)
      expect(await rest('PUT', `/connectors/${group}-text/pause`)).toMatchObject({ status: 503 })
      await moving(lines, 'the worker that came back')
      expectNotBehind(await offsetsOf(back.request), taken)
      await load.rest()
      await done(back.request, 'the worker that came back')
      await back.stop()
    }
    await until('Penstock to go on', 60_000, async () => (await stateOf(rest)) === 'running')
    expect(await asDone(await offsetsOf(rest), bootstrap, lines)).toEqual(await allAnswers())
    load.goOn()
    await moving(lines, 'Penstock again')
    await load.rest()
    await done(rest, 'Penstock')

    const released = await penstock('release', '--url', ours.url, '-o', 'json')
    expect(JSON.parse(released.stdout)).toMatchObject({ state: 'released', complete: true })
    expect((await ours.instances()).filter(({ state }) => state !== 'idle')).toEqual([])
    {
      // Reads the offsets topic uncommitted.
      const plain = { ...settings, 'exactly.once.source.support': 'disabled' }
      await using last = await startJvmWorker({ bootstrap, group, settings: plain, flags: QUICK_START })
      await until('the JVM worker to answer as before', 60_000, async () => {
        return JSON.stringify(await answers(last.request)) === JSON.stringify(before)
      })
      expect(await asDone(await offsetsOf(last.request), bootstrap, lines)).toEqual(await allAnswers())
      load.goOn()
      await moving(lines, 'the JVM worker after the release')
      await load.rest()
      for (const line of lines) await arrived(bootstrap, line, formOf(group, line))
      await done(last.request, 'the JVM worker after the release')
    }
  } finally {
    await load.rest()
    await rm(folder, { recursive: true, force: true })
  }
})

function penstock(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ['bin/penstock.mjs', ...args])
}

function workerSettings(bootstrap: string, group: string): string {
  return [
    `bootstrap.servers=${bootstrap}`,
    `group.id=${group}`,
    `key.converter=${FORMATS}.json.JsonConverter`,
    'key.converter.schemas.enable=false',
    `value.converter=${FORMATS}.json.JsonConverter`,
    `config.storage.topic=${group}-configs`,
    `offset.storage.topic=${group}-offsets`,
    `status.storage.topic=${group}-status`,
    'exactly.once.source.support=enabled',
    'plugin.path=/usr/share/java',
    'penstock.slice.ms=5000',
  ].join('\n')
}

function formOf(group: string, { name }: Line): Form {
  const form = FORMS[name.slice(group.length + 1)]
  if (form === undefined) throw new Error(`There is no form of ${name}`)
  return form
}

/** Four lines of two connectors each, a paused source and a stopped one. */
async function create(request: Rest, folder: string, group: string, lines: readonly Line[]): Promise<void> {
  const post = async (name: string, config: object, more: object = {}) => {
    const answer = await request('POST', '/connectors', { name, config: { 'tasks.max': '1', ...config }, ...more })
    expect(answer).toMatchObject({ status: 201 })
  }
  for (const line of lines) {
    const { name, sink, topic, from, to } = line
    const form = formOf(group, line)
    await post(name, { 'connector.class': 'FileStreamSource', file: from, topic, ...form.source })
    await post(sink, { 'connector.class': 'FileStreamSink', file: to, topics: topic, ...form.sink })
  }
  const file = join(folder, 'quiet.txt')
  await writeFile(file, 'never read\n')
  for (const state of ['PAUSED', 'STOPPED'])
    await post(
      `${group}-${state.toLowerCase()}`,
      { 'connector.class': 'FileStreamSource', file, topic: `${group}-quiet`, ...STRING },
      { initial_state: state },
    )
}

interface Load extends AsyncDisposable {
  /** Nothing is written any more when it resolves. */
  rest(): Promise<void>
  goOn(): void
}

function startLoad(all: readonly Line[]): Load {
  let resting = false
  const run = async () => {
    while (!resting) {
      for (const line of all) await append(line, 5)
      await sleep(40)
    }
  }
  let running = run()
  const rest = async () => {
    resting = true
    await running
  }
  const goOn = () => {
    resting = false
    running = run()
  }
  return { rest, goOn, [Symbol.asyncDispose]: rest }
}

/** What is written from now on arrives. */
async function moving(lines: readonly Line[], by: string): Promise<void> {
  const ends = lines.map((line) => line.lines.length)
  for (const [i, { name, to, lines: written }] of lines.entries())
    await until(`lines of ${name} to be moved by ${by}`, 90_000, async () => {
      const text = await readFile(to, 'utf8').catch(() => '')
      return text.includes(`${written[(ends[i] ?? 1) - 1]}\n`)
    })
}

/** Exactly-once in the topic, as no worker was killed; at least once in the sink's file, where two ran for a moment. */
async function arrived(bootstrap: string, { name, topic, to, lines }: Line, { line }: Form): Promise<void> {
  await until(`all lines of ${name} in the sink's file`, 90_000, async () => {
    return new Set((await readFile(to, 'utf8')).split('\n')).size > lines.length
  })
  expect((await readTopic(bootstrap, topic)).map(({ value }) => line(value ?? ''))).toEqual(lines)
  const copied = (await readFile(to, 'utf8')).split('\n').slice(0, -1)
  expect([...new Set(copied)].sort()).toEqual([...lines].sort())
}

/** Of all connectors: config, task configs and states; not which worker has them. */
async function answers(request: Rest): Promise<unknown> {
  const names = ((await request('GET', '/connectors')).body as string[]).toSorted()
  const each = names.map(async (name) => {
    const [config, tasks, status] = await Promise.all(
      ['config', 'tasks', 'status'].map(async (path) => (await request('GET', `/connectors/${name}/${path}`)).body),
    )
    const { connector, tasks: states, type } = status as Status
    const shown = { connector: connector.state, tasks: states.map(({ id, state }) => ({ id, state })), type }
    return {
      name,
      config: sorted(config),
      tasks: (tasks as Task[]).map((task) => ({ id: task.id, config: sorted(task.config) })),
      shown,
    }
  })
  return Promise.all(each)
}

interface Task {
  readonly id: unknown
  readonly config: unknown
}

interface Status {
  readonly connector: { readonly state: string }
  readonly tasks: readonly { readonly id: number; readonly state: string }[]
  readonly type: string
}

function sorted(config: unknown): unknown {
  return Object.fromEntries(Object.entries(config as object).sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function stateOf(request: Rest): Promise<string> {
  return ((await request('GET', '/penstock')).body as { state: string }).state
}
