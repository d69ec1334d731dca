/**
 * Handing over between a Connect cluster and Penstock, both ways, on the same group.id and topics: what one made and
 * did, the other lists and goes on with, without a line lost or doubled.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type JvmWorker, QUICK_START, startJvmWorker } from '../jvm-worker.ts'
import { startKafka } from '../kafka-broker.ts'
import { emptyGroups, groupOffset } from './jvm-groups.ts'
import { append, type Line, newLine, type Rest } from './lines.ts'
import { Penstock, until } from './penstock.ts'
import { readTopic } from './topic.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const STRINGS = { 'key.converter': STRING, 'value.converter': STRING }
const SLICE_MS = 3_000

test('connectors go from Penstock to a JVM worker, back, and there again', { timeout: 600_000 }, async () => {
  await using kafka = await startKafka()
  const { bootstrap } = kafka
  const folder = await mkdtemp(join(tmpdir(), 'penstock-handover-'))
  const group = `handover-${randomUUID().slice(0, 8)}`
  const ours = await newLine(folder, `${group}-ours`)
  const theirs = await newLine(folder, `${group}-theirs`)
  const start = () => Penstock.start({ bootstrap, group, settings: { 'penstock.slice.ms': String(SLICE_MS) } })
  try {
    {
      await using penstock = await start()
      await create((...call) => penstock.request(...call), ours)
      // Several slices hand over while lines come.
      for (let i = 0; i < 40; i++) {
        await append(ours, 25)
        await sleep(SLICE_MS / 15)
      }
      await arrived(bootstrap, ours)
      await until('a second slice to have ended', 60_000, async () => {
        return ((await penstock.progress(ours.name)).tasks[0]?.slices ?? 0) > 1
      })
      expect((await penstock.stop()).left).toEqual([])
    }
    {
      // Reads the offsets topic read_committed.
      await using jvm = await startJvmWorker({ bootstrap, group, flags: QUICK_START })
      await tookOver(bootstrap, jvm, [ours])
      await create(jvm.request, theirs)
      await goesOn(bootstrap, [ours, theirs])
      await jvm.stop()
    }
    await emptyGroups(bootstrap, [group, sinkGroup(ours), sinkGroup(theirs)])
    {
      await using penstock = await start()
      const request: Rest = (...call) => penstock.request(...call)
      await lists(request, [ours, theirs])
      await goesOn(bootstrap, [ours, theirs])
      for (const one of [ours, theirs]) await running(request, one)
      expect((await penstock.stop()).left).toEqual([])
    }
    {
      // Reads the offsets topic read_uncommitted.
      const settings = { 'exactly.once.source.support': 'disabled' }
      await using jvm = await startJvmWorker({ bootstrap, group, settings, flags: QUICK_START })
      await tookOver(bootstrap, jvm, [ours, theirs])
      await goesOn(bootstrap, [ours, theirs])
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

function sinkGroup(line: Line): string {
  return `connect-${line.sink}`
}

function configs({
  name,
  sink,
  topic,
  from,
  to,
}: Line): readonly (readonly [string, Readonly<Record<string, string>>])[] {
  return [
    [name, { 'connector.class': 'FileStreamSource', 'tasks.max': '1', file: from, topic, ...STRINGS }],
    [sink, { 'connector.class': 'FileStreamSink', 'tasks.max': '1', file: to, topics: topic, ...STRINGS }],
  ]
}

async function create(request: Rest, line: Line): Promise<void> {
  for (const [name, config] of configs(line)) {
    // A sink of a topic that isn't there yet would look for it for a while.
    if (name === line.sink) await append(line, 1)
    expect(await request('POST', '/connectors', { name, config })).toMatchObject({ status: 201 })
  }
}

/** All that was written, and nothing twice, in the sink's file and in the topic. */
async function arrived(bootstrap: string, { name, topic, to, lines }: Line): Promise<void> {
  await until(`all lines of ${name} in the sink's file`, 120_000, async () => {
    const text = await readFile(to, 'utf8').catch(() => '')
    return text.split('\n').length > lines.length
  })
  expect((await readTopic(bootstrap, topic)).map(({ value }) => value)).toEqual(lines)
  expect((await readFile(to, 'utf8')).split('\n')).toEqual([...lines, ''])
}

async function goesOn(bootstrap: string, all: readonly Line[]): Promise<void> {
  for (const line of all) await append(line, 500)
  for (const line of all) await arrived(bootstrap, line)
}

async function lists(request: Rest, all: readonly Line[]): Promise<void> {
  const made = all.flatMap(configs)
  const { body } = await request('GET', '/connectors')
  expect((body as string[]).toSorted()).toEqual(made.map(([name]) => name).toSorted())
  for (const [name, config] of made)
    expect(await request('GET', `/connectors/${name}/config`)).toEqual({ status: 200, body: { ...config, name } })
}

async function running(request: Rest, line: Line): Promise<void> {
  for (const [name] of configs(line))
    await until(`${name} to run`, 120_000, async () => {
      const { body } = await request('GET', `/connectors/${name}/status`)
      const { connector, tasks } = body as { connector?: { state: string }; tasks?: { state: string }[] }
      return connector?.state === 'RUNNING' && tasks?.length === 1 && tasks[0]?.state === 'RUNNING'
    })
}

/** The worker lists what there is, runs it, and knows the offsets; nothing came before there was a new line. */
async function tookOver(bootstrap: string, { request }: JvmWorker, all: readonly Line[]): Promise<void> {
  // A JVM worker that has just joined its group answers with an empty list until it has read the config topic.
  await until('the JVM worker to have read the configs', 60_000, async () => {
    const { body } = await request('GET', '/connectors')
    return Array.isArray(body) && body.length > 0
  })
  await lists(request, all)
  for (const line of all) {
    const { name, topic, from } = line
    expect((await request('GET', `/connectors/${name}/offsets`)).body).toEqual({
      offsets: [{ partition: { filename: from }, offset: { position: (await stat(from)).size } }],
    })
    const committed = await groupOffset(bootstrap, sinkGroup(line), topic)
    expect(committed).toBeGreaterThanOrEqual(line.lines.length)
    expect((await request('GET', `/connectors/${line.sink}/offsets`)).body).toEqual({
      offsets: [{ partition: { kafka_topic: topic, kafka_partition: 0 }, offset: { kafka_offset: committed } }],
    })
    await running(request, line)
    await arrived(bootstrap, line)
  }
}
