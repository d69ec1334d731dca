/** Passes over many connectors, on a real Kafka and a real table; slices are played by the test. */
import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { act } from '../../../lib/coordinator/act.ts'
import type { CoordinatorDeps } from '../../../lib/coordinator/deps.ts'
import { handle } from '../../../lib/coordinator/events.ts'
import { observe } from '../../../lib/coordinator/observe.ts'
import { pass, passOver, passOverAll } from '../../../lib/coordinator/pass.ts'
import { plan } from '../../../lib/coordinator/plan.ts'
import { createTopics, deleteTopics } from '../../../lib/kafka/admin.ts'
import { commit } from '../../../lib/kafka/groups.ts'
import { NO_PROGRESS } from '../../../lib/state/lease.ts'
import type { State } from '../../../lib/state/open.ts'
import type { TaskEvent } from '../../../lib/worker/events.ts'
import { type Group, startWorld, type World } from '../state/world.ts'
import { type Asked, coordinator, create, runIdle } from './kit.ts'

let world: World
let group: Group
let state: State
let folder: string
let deps: CoordinatorDeps
const asked: Asked = { invoked: [], woken: [] }
const fresh = () => coordinator(world, group, state, asked)

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'penstock.idle.max.ms': '500', 'penstock.files.allow': '*' })
  state = group.open()
  await state.rebuild()
  folder = await mkdtemp(join(tmpdir(), 'penstock-pass-'))
  await createTopics(world.cluster, [{ name: 'lines', partitions: 1, replicationFactor: 1 }])
  deps = fresh()
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(() => {
  asked.invoked = []
  asked.woken = []
})

const path = (name: string) => join(folder, `${name}.txt`)

async function source(name: string): Promise<void> {
  await writeFile(path(name), 'one\n')
  const { ino, size } = await stat(path(name))
  const config = { 'connector.class': 'FileStreamSource', file: path(name), topic: 'lines' }
  await create(deps, name, config)
  await runIdle(deps, asked, name, { mark: `${ino}:${size}` })
}

async function sink(name: string): Promise<void> {
  await create(deps, name, { 'connector.class': 'FileStreamSink', file: path(name), topics: 'lines' })
  await runIdle(deps, asked, name)
  const at = { topic: 'lines', partition: 0, offset: 0, leaderEpoch: -1, metadata: '' }
  await commit(world.cluster, `connect-${name}`, [at])
  // Its task has begun to read: now a member stands for it.
  await handle(deps, { 'detail-type': 'slice.ended', detail: { connector: name } })
}

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

test('idle connectors are looked at together, and one message brings the next look at all of them', async () => {
  const all = [...names(4, 'file'), ...names(3, 'sink')]
  for (const name of all) await (name.startsWith('file') ? source(name) : sink(name))
  for (const isNew of [true, false]) {
    if (isNew) deps = fresh()
    deps.wakes.clear()
    asked.invoked = []
    asked.woken = []
    expect(await passOver(deps, new Set(all))).toEqual(new Map())
    expect(asked.invoked).toEqual([])
    expect(asked.woken).toHaveLength(1)
    expect(asked.woken[0]?.connectors?.toSorted()).toEqual(all.toSorted())
    expect((asked.woken[0]?.at ?? 0) % 500).toBe(0)
  }
})

test('only the one for which something has come gets a slice', async () => {
  await appendFile(path('file2'), 'two\n')
  await passOver(deps, new Set(names(4, 'file')))
  expect(asked.invoked.map(({ connector }) => connector)).toEqual(['file2'])
})

test('a record brings slices of all sinks that read its topic', async () => {
  const producer = await world.producer()
  await producer.prepare(['lines'])
  producer.append('lines', null, null, '"x"', null, [])
  await producer.flush()
  await producer.close()
  await passOver(deps, new Set([...names(4, 'file'), ...names(3, 'sink')]))
  expect(asked.invoked.map(({ connector }) => connector).toSorted()).toEqual(names(3, 'sink'))
})

test('one whose topic is gone, or whose config makes no sense, keeps no other from its pass', async () => {
  await create(deps, 'lost', { 'connector.class': 'FileStreamSink', file: path('lost'), topics: 'gone' })
  await runIdle(deps, asked, 'lost')
  await deleteTopics(world.cluster, ['gone'])
  await create(deps, 'broken', { 'connector.class': 'FileStreamSource', 'tasks.max': 'many' })
  await source('well')
  await appendFile(path('well'), 'two\n')
  deps = fresh()
  asked.invoked = []
  await passOverAll(deps)
  expect(asked.invoked.map(({ connector }) => connector)).toContain('well')
  const shown = (await state.configs.view('broken'))?.connectorStatus
  expect(shown?.state).toBe('FAILED')
  expect(shown?.trace).toContain('tasks.max')
})

test('a wake further away than a message can wait brings a look on the way', async () => {
  await create(deps, 'later', { 'connector.class': 'Datagen', 'kafka.topic': 'lines', quickstart: 'users' })
  await pass(deps, 'later')
  const { epoch } = asked.invoked.find(({ connector }) => connector === 'later') as TaskEvent
  const now = Date.now()
  await state.leases.claim('later', 0, { epoch, owner: 'r/l', deadline: now + 60_000, plannedEnd: now + 50_000 })
  const end = { kind: 'at', at: now + 3_600_000, idle: null } as const
  await state.leases.seal('later', 0, { epoch, owner: 'r/l', end, progress: NO_PROGRESS, made: false, clean: true })
  deps = fresh()
  await passOver(deps, new Set(['later']))
  expect(asked.woken.map(({ at }) => Math.round((at - now) / 60_000))).toEqual([15])
})

test('a killed task that waits for its restart is paused with its connector; resumed, it shows what it waits for', async () => {
  await create(deps, 'killed', { 'connector.class': 'FileStreamSource', file: path('killed'), topic: 'lines' })
  const task = async () => (await state.configs.view('killed'))?.taskStatuses[0]?.state
  const aim = async (target: 'PAUSED' | 'STARTED') => {
    const configPosition = (await state.configs.view('killed'))?.configPosition ?? null
    await state.configs.write('killed', { configPosition }, [
      { kind: 'target-state', connector: 'killed', state: target },
    ])
    await pass(deps, 'killed')
  }
  for (let slice = 0; slice < 2; slice++) {
    asked.invoked = []
    await pass(deps, 'killed')
    const [{ epoch } = { epoch: -1 }] = asked.invoked
    const long = Date.now() - 60_000
    await state.leases.claim('killed', 0, { epoch, owner: `r/${slice}`, deadline: long, plannedEnd: long })
  }
  await pass(deps, 'killed')
  expect(await task()).toBe('FAILED')
  await aim('PAUSED')
  expect(await task()).toBe('PAUSED')
  await aim('STARTED')
  expect(await task()).toBe('FAILED')
})

test('no slice is invoked beside one of an older generation that another pass has just given out', async () => {
  const config = {
    'connector.class': 'DatagenConnector',
    'kafka.topic': 'made',
    quickstart: 'orders',
    'tasks.max': '2',
  }
  await create(deps, 'made', config)
  await pass(deps, 'made')
  const older = await state.leases.all('made')
  expect(older).toHaveLength(2)
  for (const { task, epoch } of older) {
    const by = { epoch, owner: `r/${task}` }
    await state.leases.claim('made', task, { ...by, deadline: Date.now() + 60_000, plannedEnd: Date.now() + 50_000 })
    const end = { kind: 'again' } as const
    await state.leases.seal('made', task, { ...by, end, progress: NO_PROGRESS, made: false, clean: true })
  }
  await create(deps, 'made', { ...config, 'penstock.datagen.rate': '5' })
  const seen = () => observe(deps, 'made', { heirsWanted: [], partitions: false })
  const before = await seen()
  expect(await act(deps, before, plan(before.seen))).toBe(true)

  let sight = await seen()
  while (plan(sight.seen).every(({ kind }) => kind !== 'invite')) {
    await act(deps, sight, plan(sight.seen))
    sight = await seen()
  }
  const [first] = await state.leases.all('made')
  const { generation = 0, epoch = 0 } = first ?? {}
  const given = { after: first ?? null, epoch: epoch + 1, generation, invitedAt: Date.now(), restarts: 0 }
  expect(await state.leases.invite('made', 0, given)).not.toBeNull()
  asked.invoked = []
  expect(await act(deps, sight, plan(sight.seen))).toBe(true)
  expect(asked.invoked).toEqual([])
  sight = await seen()
  expect(plan(sight.seen).filter(({ kind }) => kind === 'invite')).toMatchObject([{ task: 0 }])
})
