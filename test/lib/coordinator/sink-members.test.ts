/** The members that passes keep in sinks' groups, on a real Kafka and a real table; slices are played by the test. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CoordinatorDeps } from '../../../lib/coordinator/deps.ts'
import { handle } from '../../../lib/coordinator/events.ts'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { commit, committed, type GroupOffset, members } from '../../../lib/kafka/groups.ts'
import { leave, standInCalls } from '../../../lib/kafka/stand-ins.ts'
import { groupCommits } from '../../../lib/slice/group-commit.ts'
import type { State } from '../../../lib/state/open.ts'
import { busyGroups } from '../../../lib/takeover/groups.ts'
import { type Group, startWorld, type World } from '../state/world.ts'
import { type Asked, coordinator, create, runIdle } from './kit.ts'

let world: World
let group: Group
let state: State
let deps: CoordinatorDeps
const asked: Asked = { invoked: [], woken: [] }
const warnings: string[] = []

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'penstock.files.allow': '*' })
  state = group.open()
  await state.rebuild()
  await createTopics(world.cluster, [{ name: 'letters', partitions: 4, replicationFactor: 1 }])
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  const warn = (message: string, more?: object) => void warnings.push(`${message} ${JSON.stringify(more)}`)
  deps = { ...coordinator(world, group, state, asked), log: { debug() {}, info() {}, warn, error() {} } }
  asked.invoked = []
  warnings.length = 0
})

const SINK = { 'connector.class': 'FileStreamSink', file: '/dev/null', topics: 'letters' }
const membersOf = async (name: string) => (await state.configs.view(name))?.members ?? null
const found = (name: string) => members(world.cluster, `connect-${name}`)
const changed = (name: string) => handle(deps, { 'detail-type': 'connector.changed', detail: { connector: name } })
const everyMinute = () => handle(deps, {})
const write = (name: string, record: 'STOPPED' | 'PAUSED' | 'STARTED') =>
  state.configs
    .view(name)
    .then((view) =>
      state.configs.write(name, { configPosition: view?.configPosition ?? null }, [
        { kind: 'target-state', connector: name, state: record },
      ]),
    )

/** A sink whose tasks have begun, and wait for records, with members. */
async function running(name: string, config: Readonly<Record<string, string>> = {}): Promise<void> {
  await create(deps, name, { ...SINK, ...config })
  await runIdle(deps, asked, name)
  await changed(name)
}

/** As a slice of the task does. */
async function commitOf(name: string, task = 0) {
  return groupCommits({
    cluster: world.cluster,
    group: `connect-${name}`,
    connector: name,
    task,
    members: await membersOf(name),
    current: () => membersOf(name),
  })
}
const at = (partition: number, offset: number): GroupOffset => ({ topic: 'letters', partition, offset })
const offsetsOf = async (name: string) =>
  (await committed(world.cluster, `connect-${name}`)).map(({ partition, offset }) => [partition, offset]).sort()

test('they join when the tasks have begun, stay through a pause, and leave when the connector stops', async () => {
  await create(deps, 'letters', { ...SINK, 'tasks.max': '2' })
  await changed('letters')
  expect(await membersOf('letters')).toBeNull()
  await runIdle(deps, asked, 'letters')
  // Where the tasks begin: nothing has come since.
  await commit(
    world.cluster,
    'connect-letters',
    [0, 1, 2, 3].map((partition) => at(partition, 0)),
  )
  await changed('letters')
  expect(await found('letters')).toMatchObject({ state: 'Stable', members: 2 })
  const joined = await membersOf('letters')
  await (await commitOf('letters', 1))([at(1, 3)])
  await write('letters', 'PAUSED')
  await changed('letters')
  await everyMinute()
  expect(await membersOf('letters')).toEqual(joined)
  await write('letters', 'STOPPED')
  await changed('letters')
  expect(await membersOf('letters')).toBeNull()
  expect(await found('letters')).toMatchObject({ state: 'Empty', members: 0 })
  expect(await offsetsOf('letters')).toContainEqual([1, 3])
})

test('other tasks get members, those that stay keep theirs; whoever runs meanwhile commits', async () => {
  await running('grows')
  const one = await membersOf('grows')
  const commitBefore = await commitOf('grows')
  await create(deps, 'grows', { ...SINK, 'tasks.max': '3' })
  // A new task has no member yet: any of the connector's does.
  await (await commitOf('grows', 2))([at(2, 1)])
  await runIdle(deps, asked, 'grows')
  await changed('grows')
  const three = await membersOf('grows')
  expect(three?.ids).toHaveLength(3)
  expect(three?.ids[0]).toBe(one?.ids[0])
  expect(await found('grows')).toMatchObject({ state: 'Stable', members: 3 })
  await commitBefore([at(0, 5)])
  expect(await offsetsOf('grows')).toEqual([
    [0, 5],
    [2, 1],
  ])
  await create(deps, 'grows', SINK)
  await runIdle(deps, asked, 'grows')
  await changed('grows')
  expect(await found('grows')).toMatchObject({ state: 'Stable', members: 1 })
  await commitBefore([at(0, 6)])
})

test('what the broker or the table has lost is made good, and commits go on', async () => {
  await running('lossy')
  const before = await membersOf('lossy')
  const commitBefore = await commitOf('lossy')
  await leave(world.cluster, 'connect-lossy', before?.ids ?? [])
  await commitBefore([at(0, 1)])
  await everyMinute()
  expect(await membersOf('lossy')).toBeNull()
  await changed('lossy')
  expect((await membersOf('lossy'))?.ids).not.toEqual(before?.ids)
  await commitBefore([at(0, 2)])
  await state.sinkMembers.set('lossy', await membersOf('lossy'), null)
  await (await commitOf('lossy'))([at(0, 3)])
  expect(await found('lossy')).toMatchObject({ members: 0 })
  expect(await offsetsOf('lossy')).toEqual([[0, 3]])
  await changed('lossy')
  await state.sinkMembers.set('lossy', await membersOf('lossy'), null)
  await changed('lossy')
  expect(await found('lossy')).toMatchObject({ state: 'Stable', members: 1 })
  expect(warnings).toEqual([])
})

test('a consumer that wants to join gets the group: they leave, and commits say why they are refused', async () => {
  await running('shared')
  const calls = standInCalls(world.cluster)
  const all = [{ clientId: 'console', partitions: [] }]
  const other = { group: 'connect-shared', connector: 'console', topics: ['letters'], all }
  const ids = await calls.reserve(other, all)
  const joins = calls.join(other, ids)
  await expect.poll(() => everyMinute().then(() => membersOf('shared'))).toBeNull()
  await joins
  const commitNow = await commitOf('shared')
  await expect(commitNow([at(0, 1)])).rejects.toThrow('UNKNOWN_MEMBER_ID (the group has members: stop the consumers')
  await changed('shared')
  await changed('shared')
  expect(warnings).toEqual([expect.stringContaining('others are in it')])
  expect(await found('shared')).toMatchObject({ members: 1 })
  await leave(world.cluster, 'connect-shared', ids)
  await commitNow([at(0, 1)])
})

test('a coordinator that was killed while they joined keeps nobody from committing', async () => {
  await running('killed')
  const held = await membersOf('killed')
  await leave(world.cluster, 'connect-killed', held?.ids ?? [])
  const calls = standInCalls(world.cluster)
  const all = [
    { clientId: 'a', partitions: [] },
    { clientId: 'b', partitions: [] },
  ]
  const standIns = { group: 'connect-killed', connector: 'killed', topics: ['letters'], all }
  const ids = await calls.reserve(standIns, all)
  if (held !== null) await state.sinkMembers.set('killed', held, { ...held, generation: null, since: Date.now(), ids })
  // One joins, and waits for the other, which never comes.
  const waits = calls.join({ ...standIns, all: all.slice(0, 1) }, ids).catch((error: Error) => error.message)
  await (await commitOf('killed'))([at(0, 4)])
  expect(await offsetsOf('killed')).toEqual([[0, 4]])
  await waits
})

test('they are nobody whom a takeover would have to wait for; a group that a user names has none', async () => {
  await running('ours')
  expect(await busyGroups(world.cluster, ['connect-ours'])).toEqual([])
  await running('named', { 'consumer.override.group.id': 'connect-named' })
  expect(await membersOf('named')).toBeNull()
  await commit(world.cluster, 'connect-named', [at(0, 1)])
})
