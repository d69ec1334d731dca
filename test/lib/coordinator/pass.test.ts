/** Passes over many connectors, on a real Kafka and a real table; slices are played by the test. */
import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { act } from '../../../lib/coordinator/act.ts'
import type { CoordinatorDeps } from '../../../lib/coordinator/deps.ts'
import { observe } from '../../../lib/coordinator/observe.ts'
import { pass, passOver, passOverAll } from '../../../lib/coordinator/pass.ts'
import { plan } from '../../../lib/coordinator/plan.ts'
import { createTopics, deleteTopics } from '../../../lib/kafka/admin.ts'
import { commit } from '../../../lib/kafka/groups.ts'
import { Secrets } from '../../../lib/observe/secrets.ts'
import { find } from '../../../lib/registry.ts'
import { NO_PROGRESS } from '../../../lib/state/lease.ts'
import type { State } from '../../../lib/state/open.ts'
import type { TaskEvent } from '../../../lib/worker/events.ts'
import type { Idle } from '../../../lib/worker/idle.ts'
import { type Group, startWorld, type World } from '../state/world.ts'

let world: World
let group: Group
let state: State
let folder: string
let deps: CoordinatorDeps
let invoked: TaskEvent[] = []
let woken: { readonly connectors: readonly string[] | null; readonly at: number }[] = []
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** A coordinator that has just started: it knows nothing. */
function coordinator(): CoordinatorDeps {
  return {
    worker: group.worker,
    workerId: 'w:1',
    state,
    events: {
      emit: async () => {},
      wake: async (connectors, at) => void woken.push({ connectors, at }),
      invokeTask: async (event) => void invoked.push(event),
    },
    cluster: async () => world.cluster,
    connector: (name) => find('connector', name),
    clock: Date.now,
    log,
    secrets: new Secrets(),
    beside: new Set(),
    splitFailures: new Map(),
    wakes: new Map(),
    idle: new Map(),
  }
}

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'penstock.idle.max.ms': '500', 'penstock.files.allow': '*' })
  state = group.open()
  await state.rebuild()
  folder = await mkdtemp(join(tmpdir(), 'penstock-pass-'))
  await createTopics(world.cluster, [{ name: 'lines', partitions: 1, replicationFactor: 1 }])
  deps = coordinator()
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(() => {
  invoked = []
  woken = []
})

const path = (name: string) => join(folder, `${name}.txt`)

async function create(name: string, config: Readonly<Record<string, string>>): Promise<void> {
  const before = (await state.configs.view(name))?.configPosition ?? null
  await state.configs.write(name, { configPosition: before }, [
    { kind: 'connector', connector: name, config: { name, 'tasks.max': '1', ...config } },
  ])
}

/** Brings the connector to its first slice, which ends as idle. */
async function settle(name: string, config: Readonly<Record<string, string>>, idle: Partial<Idle>): Promise<void> {
  await create(name, config)
  await pass(deps, name)
  const event = invoked.find(({ connector }) => connector === name)
  if (event === undefined) throw new Error(`no slice of ${name} was invoked`)
  const { epoch } = event
  const now = Date.now()
  const claim = { epoch, owner: `r/${name}`, deadline: now + 60_000, plannedEnd: now + 50_000 }
  await state.leases.claim(name, 0, claim)
  const end = { kind: 'at', at: now - 1, idle: { since: now, idleMs: 500, mark: null, ...idle } } as const
  await state.leases.seal(name, 0, { epoch, owner: claim.owner, end, progress: NO_PROGRESS, made: false, clean: true })
}

async function source(name: string): Promise<void> {
  await writeFile(path(name), 'one\n')
  const { ino, size } = await stat(path(name))
  const config = { 'connector.class': 'FileStreamSource', file: path(name), topic: 'lines' }
  await settle(name, config, { mark: `${ino}:${size}` })
}

async function sink(name: string): Promise<void> {
  await settle(name, { 'connector.class': 'FileStreamSink', file: path(name), topics: 'lines' }, {})
  const at = { topic: 'lines', partition: 0, offset: 0, leaderEpoch: -1, metadata: '' }
  await commit(world.cluster, `connect-${name}`, [at])
}

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

test('idle connectors are looked at together, and one message brings the next look at all of them', async () => {
  const all = [...names(4, 'file'), ...names(3, 'sink')]
  for (const name of all) await (name.startsWith('file') ? source(name) : sink(name))
  for (const fresh of [true, false]) {
    if (fresh) deps = coordinator()
    deps.wakes.clear()
    invoked = []
    woken = []
    expect(await passOver(deps, new Set(all))).toEqual(new Map())
    expect(invoked).toEqual([])
    expect(woken).toHaveLength(1)
    expect(woken[0]?.connectors?.toSorted()).toEqual(all.toSorted())
    expect((woken[0]?.at ?? 0) % 500).toBe(0)
  }
})

test('only the one for which something has come gets a slice', async () => {
  await appendFile(path('file2'), 'two\n')
  await passOver(deps, new Set(names(4, 'file')))
  expect(invoked.map(({ connector }) => connector)).toEqual(['file2'])
})

test('a record brings slices of all sinks that read its topic', async () => {
  const producer = await world.producer()
  await producer.prepare(['lines'])
  producer.append('lines', null, null, '"x"', null, [])
  await producer.flush()
  await producer.close()
  await passOver(deps, new Set([...names(4, 'file'), ...names(3, 'sink')]))
  expect(invoked.map(({ connector }) => connector).toSorted()).toEqual(names(3, 'sink'))
})

test('one whose topic is gone, or whose config makes no sense, keeps no other from its pass', async () => {
  await settle('lost', { 'connector.class': 'FileStreamSink', file: path('lost'), topics: 'gone' }, {})
  await deleteTopics(world.cluster, ['gone'])
  await create('broken', { 'connector.class': 'FileStreamSource', 'tasks.max': 'many' })
  await source('well')
  await appendFile(path('well'), 'two\n')
  deps = coordinator()
  invoked = []
  await passOverAll(deps)
  expect(invoked.map(({ connector }) => connector)).toContain('well')
  const shown = (await state.configs.view('broken'))?.connectorStatus
  expect(shown?.state).toBe('FAILED')
  expect(shown?.trace).toContain('tasks.max')
})

test('a wake further away than a message can wait brings a look on the way', async () => {
  await create('later', { 'connector.class': 'Datagen', 'kafka.topic': 'lines', quickstart: 'users' })
  await pass(deps, 'later')
  const { epoch } = invoked.find(({ connector }) => connector === 'later') as TaskEvent
  const now = Date.now()
  await state.leases.claim('later', 0, { epoch, owner: 'r/l', deadline: now + 60_000, plannedEnd: now + 50_000 })
  const end = { kind: 'at', at: now + 3_600_000, idle: null } as const
  await state.leases.seal('later', 0, { epoch, owner: 'r/l', end, progress: NO_PROGRESS, made: false, clean: true })
  deps = coordinator()
  await passOver(deps, new Set(['later']))
  expect(woken.map(({ at }) => Math.round((at - now) / 60_000))).toEqual([15])
})

test('a killed task that waits for its restart is paused with its connector; resumed, it shows what it waits for', async () => {
  await create('killed', { 'connector.class': 'FileStreamSource', file: path('killed'), topic: 'lines' })
  const task = async () => (await state.configs.view('killed'))?.taskStatuses[0]?.state
  const aim = async (target: 'PAUSED' | 'STARTED') => {
    const configPosition = (await state.configs.view('killed'))?.configPosition ?? null
    await state.configs.write('killed', { configPosition }, [
      { kind: 'target-state', connector: 'killed', state: target },
    ])
    await pass(deps, 'killed')
  }
  for (let slice = 0; slice < 2; slice++) {
    invoked = []
    await pass(deps, 'killed')
    const [{ epoch } = { epoch: -1 }] = invoked
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
  await create('made', config)
  await pass(deps, 'made')
  const older = await state.leases.all('made')
  expect(older).toHaveLength(2)
  for (const { task, epoch } of older) {
    const by = { epoch, owner: `r/${task}` }
    await state.leases.claim('made', task, { ...by, deadline: Date.now() + 60_000, plannedEnd: Date.now() + 50_000 })
    const end = { kind: 'again' } as const
    await state.leases.seal('made', task, { ...by, end, progress: NO_PROGRESS, made: false, clean: true })
  }
  await create('made', { ...config, 'penstock.datagen.rate': '5' })
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
  invoked = []
  expect(await act(deps, sight, plan(sight.seen))).toBe(true)
  expect(invoked).toEqual([])
  sight = await seen()
  expect(plan(sight.seen).filter(({ kind }) => kind === 'invite')).toMatchObject([{ task: 0 }])
})
