/** A source's slice after one that was cut off, on a real Kafka and a real table. */
import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Budget, budget } from '../../../lib/connect/budget.ts'
import type { SourceConnector } from '../../../lib/connect/plugin.ts'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { topicConfigs } from '../../../lib/kafka/admin.ts'
import { joinGroupRequest } from '../../../lib/kafka/member-requests.ts'
import { producerSettings } from '../../../lib/kafka/producer-settings.ts'
import { WireWriter } from '../../../lib/kafka/wire.ts'
import { find } from '../../../lib/registry.ts'
import { Begun } from '../../../lib/slice/begun.ts'
import { beginSource, type SourceStart, startSource, warmSource } from '../../../lib/slice/start-source.ts'
import type { TaskRun } from '../../../lib/slice/task-run.ts'
import type { ConnectorView } from '../../../lib/state/configs.ts'
import { type Lease, NO_PROGRESS } from '../../../lib/state/leases.ts'
import { openLog, readTopic, topicEnds } from '../../../lib/state/log.ts'
import { encodeOffsetKey } from '../../../lib/state/offset-records.ts'
import type { State } from '../../../lib/state/open.ts'
import type { SourceOffsetsState } from '../../../lib/state/source-offsets.ts'
import { transactionalId } from '../../../lib/worker/guarantee.ts'
import { offsetsStore } from '../../../lib/worker/offsets-store.ts'
import type { Runtime } from '../../../lib/worker/runtime.ts'
import type { Worker } from '../../../lib/worker/settings.ts'
import { startWorld, type World } from '../state/world.ts'

let world: World
let folder: string

beforeAll(async () => {
  world = await startWorld()
  folder = await mkdtemp(join(tmpdir(), 'penstock-slice-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
  await world[Symbol.asyncDispose]()
})

const LEASE: Omit<Lease, 'connector' | 'task'> = {
  ...{ epoch: 2, generation: 1, state: 'owned', owner: 'r/2', deadline: Date.now() + 60_000, invitedAt: Date.now() },
  ...{ plannedEnd: null, heir: null, doubled: false, wanted: 'run', end: null, clean: false, restarts: 0 },
  ...{ nextRestart: null, slices: 1, progress: NO_PROGRESS },
}

test('offsets that a cut-off transaction has left behind are not the newest to a reader of uncommitted records', async () => {
  const connector = `lines-${randomUUID()}`
  const group = world.group({ 'offset.storage.partitions': '1' })
  const state = group.open()
  await state.rebuild()
  const { worker } = group
  const file = join(folder, `${connector}.txt`)
  await writeFile(file, 'one\ntwo\n')
  const partition = { filename: file }
  await state.offsets.alter(connector, [{ partition, offset: { position: 4 } }])

  // Killed between its offsets and its commit.
  const killed = await world.transactional(transactionalId(worker, connector, 0))
  await killed.prepare([worker.topics.offsets])
  killed.begin()
  const key = encodeOffsetKey(connector, partition)
  killed.append(worker.topics.offsets, null, key, '{"position":8}', null, [])
  await killed.flush()

  using time = budget(30_000)
  const raw = { name: connector, 'connector.class': 'FileStreamSource', file, topic: `${connector}-out` }
  const run = await started(worker, state, raw, time)
  await run.stop()

  const log = openLog(world.cluster, worker.topics.offsets, 'read_uncommitted', 1_000)
  const newest = (await log.read([], await log.ends())).findLast((record) => record.key === key)
  expect(newest?.value).toBe('{"position":4}')
})

test('offsets go to the topic of the connector with its records, and come from there before the topic of the worker', async () => {
  const connector = `lines-${randomUUID()}`
  const own = `${connector}-offsets`
  const group = world.group({ 'offset.storage.partitions': '3' })
  const state = group.open()
  await state.rebuild()
  const { worker } = group
  const file = join(folder, `${connector}.txt`)
  await writeFile(file, 'one\ntwo\nthree\n')
  const partition = { filename: file }
  const raw = {
    ...{ name: connector, 'connector.class': 'FileStreamSource', file, topic: `${connector}-out` },
    ...{ 'offsets.storage.topic': own, 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' },
  }
  const store = () => offsetsStore(worker, state.offsets, raw, console)
  const shared = async () => (await state.offsets.resume(connector, { afterCleanEnd: true })).get(partition)
  const lines = async () => {
    const found: string[] = []
    const ends = await topicEnds(world.cluster, raw.topic, 'read_committed')
    await readTopic(world.cluster, raw.topic, [], ends, { isolation: 'read_committed' }, (batch) => {
      batch.forEach((_offset, _time, _key, _keyEnd, from, to) => {
        found.push(batch.buffer.toString('utf8', from, to))
      })
    })
    return found
  }
  await state.offsets.alter(connector, [{ partition, offset: { position: 4 } }])
  await slice(worker, state, raw)
  expect(await lines()).toEqual(['two', 'three'])
  expect(await shared()).toEqual({ position: 14 })
  const policy = await topicConfigs(world.cluster, [own], ['cleanup.policy'])
  expect(policy.get(own)?.get('cleanup.policy')?.value).toBe('compact')
  expect((await world.cluster.topic(own)).partitions).toHaveLength(3)

  // What the worker's topic says doesn't count any more.
  await state.offsets.alter(connector, [{ partition, offset: { position: 0 } }])
  await slice(worker, state, raw)
  expect(await lines()).toEqual(['two', 'three'])
  expect((await (await store()).resume(connector, { afterCleanEnd: true })).all()).toEqual([
    { partition, offset: { position: 14 } },
  ])

  await (await store()).alter(connector, [{ partition, offset: { position: 8 } }])
  expect(await shared()).toEqual({ position: 8 })
  await slice(worker, state, raw)
  expect(await lines()).toEqual(['two', 'three', 'three'])

  await (await store()).alter(connector, [{ partition, offset: null }])
  expect(await shared()).toBeUndefined()
  await slice(worker, state, raw)
  expect(await lines()).toEqual(['two', 'three', 'three', 'one', 'two', 'three'])
})

test.each([
  ['exactly-once', 'has read ahead', 'enabled'],
  ['at-least-once', 'has read ahead', 'disabled'],
  ['exactly-once', 'has begun', 'enabled'],
  ['at-least-once', 'has begun', 'disabled'],
  ['exactly-once', 'has begun, for another', 'enabled'],
  ['exactly-once', 'has begun, after a cut', 'enabled'],
])('%s: an heir that %s goes on after what its predecessor committed since', async (_, did, support) => {
  const connector = `lines-${randomUUID()}`
  const group = world.group({ 'exactly.once.source.support': support })
  const state = group.open()
  await state.rebuild()
  const { worker } = group
  const file = join(folder, `${connector}.txt`)
  await writeFile(file, 'one\ntwo\n')
  const raw = { name: connector, 'connector.class': 'FileStreamSource', file, topic: `${connector}-out` }
  using time = budget(30_000)
  const heir = startOf(worker, state, raw, true)
  using waiting = budget(0)
  const early = await warmSource(await heir(time), waiting)
  expect(early?.all()).toEqual([])

  const predecessor = await started(worker, state, raw, time)
  await predecessor.run(time)
  await predecessor.drain(time)
  await predecessor.stop()
  await appendFile(file, 'three\n')
  const start = await heir(time, early)
  const begun = new Begun(console)
  using ahead = budget(30_000)
  let starts = 0
  const began = Promise.withResolvers<void>()
  if (did !== 'has read ahead')
    begun.begin(ahead, async () => {
      const ran = await beginSource(counting(start, () => starts++))
      await ran?.prefetch(ahead)
      began.resolve()
      return ran
    })
  else began.resolve()
  await began.promise
  expect(starts).toBe(did === 'has read ahead' ? 0 : 1)
  if (did === 'has begun, for another') await begun.giveUp()
  const lease = { ...start.lease, clean: did !== 'has begun, after a cut' }
  const taken = await begun.take(lease, time)
  expect(taken === null).toBe(did !== 'has begun')
  expect(await records(`${connector}-out`)).toBe(2)
  const run = taken ?? (await startSource({ ...start, lease }))
  await run.run(time)
  await run.drain(time)
  await run.stop()
  expect(predecessor.progress.written).toBe(2)
  expect(run.progress.written).toBe(1)
  expect(await records(`${connector}-out`)).toBe(3)
})

/** Tells of each start of the connector's task. */
function counting(start: SourceStart, onStart: () => void): SourceStart {
  const { connector } = start
  const begin: SourceConnector['start'] = (...given) => {
    onStart()
    return connector.start(...given)
  }
  return { ...start, connector: { ...connector, start: begin } }
}

async function records(topic: string): Promise<number> {
  let found = 0
  const ends = await topicEnds(world.cluster, topic, 'read_committed')
  await readTopic(world.cluster, topic, [], ends, { isolation: 'read_committed' }, (batch) => {
    found += batch.count
  })
  return found
}

test('beside a worker of the Connect cluster nothing is fenced: its task could not write any more', async () => {
  const connector = `lines-${randomUUID()}`
  const group = world.group()
  const state = group.open()
  await state.rebuild()
  const { worker } = group
  const topic = worker.topics.offsets
  const file = join(folder, `${connector}.txt`)
  await writeFile(file, 'one\n')
  const raw = { name: connector, 'connector.class': 'FileStreamSource', file, topic: `${connector}-out` }
  await joinAsWorker(worker.settings['group.id'])
  const itsOwn = await world.transactional(transactionalId(worker, connector, 0))
  using time = budget(30_000)
  await expect(started(worker, state, raw, time)).rejects.toThrow(
    `Kafka Connect workers are in group ${worker.settings['group.id']}`,
  )
  await itsOwn.prepare([topic])
  itsOwn.begin()
  itsOwn.append(topic, null, encodeOffsetKey(connector, { filename: file }), '{"position":4}', null, [])
  await itsOwn.commit()
})

/** Is in the group with its answer. Version 3 gives a new member its id. */
async function joinAsWorker(group: string): Promise<void> {
  const { cluster } = world
  const about = { group, id: '', clientId: 'worker', sessionMs: 10_000, rebalanceMs: 10_000 }
  const body = new WireWriter().string(group).int32(10_000).int32(10_000).string('').string('connect')
  const protocols = body.array(['default'], (name, w) => w.string(name).bytes(Buffer.alloc(2)))
  const join = joinGroupRequest({ ...about, protocols: [], subscription: Buffer.alloc(0) })
  const node = await cluster.coordinator('group', group)
  const { error } = await cluster.send(node, { ...join, apiVersion: 3, encode: () => protocols.finish() })
  expect(error).toBe(0)
}

/** Until it is idle. */
async function slice(worker: Worker, state: State, raw: RawConfig): Promise<void> {
  using time = budget(30_000)
  const run = await started(worker, state, raw, time)
  await run.run(time)
  await run.drain(time)
  await run.stop()
  await run.sealOffsets()
}

function startOf(worker: Worker, state: State, raw: RawConfig, heir = false) {
  const event = { connector: raw['name'] ?? '', task: 0, epoch: 2, generation: 1, heir }
  return async (budget: Budget, early: SourceOffsetsState | null = null): Promise<SourceStart> => ({
    opened: { env: { worker, workerId: 'w:8083' }, state, admin: world.cluster } as unknown as Runtime,
    view: { name: event.connector, taskStatuses: [] as ConnectorView['taskStatuses'] } as ConnectorView,
    connector: (await find('connector', 'FileStreamSource')) as SourceConnector,
    raw,
    taskConfig: raw,
    event,
    lease: { ...LEASE, connector: event.connector, task: 0, clean: heir },
    cluster: world.cluster,
    early,
    producerSettings: producerSettings(),
    plugins: {
      converter: (name) => find('converter', name),
      headerConverter: (name) => find('header_converter', name),
      transform: (name) => find('transformation', name),
      predicate: (name) => find('predicate', name),
    },
    log: console,
    budget,
  })
}

async function started(worker: Worker, state: State, raw: RawConfig, time: Budget): Promise<TaskRun> {
  return await startSource(await startOf(worker, state, raw)(time))
}
