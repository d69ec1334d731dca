import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { NO_PROGRESS } from '../../../lib/state/lease.ts'
import { openLog } from '../../../lib/state/log.ts'
import type { State } from '../../../lib/state/open.ts'
import { encodeStatusRecord, type Status, type StatusRecord } from '../../../lib/state/status-records.ts'
import { TableGone } from '../../../lib/state/table.ts'
import { type Group, startWorld, type World } from './world.ts'

let world: World
let group: Group
let state: State

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'status.storage.partitions': '3', 'offset.storage.partitions': '1' })
  state = group.open()
  await state.rebuild()
})

afterAll(() => world[Symbol.asyncDispose]())

const status = (more: Partial<Status> = {}): Status => ({
  ...{ state: 'RUNNING', trace: null, workerId: 'w:8083', generation: 4, version: '1.0' },
  ...more,
})

async function create(name: string, of: State = state): Promise<void> {
  await of.configs.write(name, { configPosition: null }, [{ kind: 'connector', connector: name, config: { name } }])
}

async function foreign(records: readonly StatusRecord[]): Promise<void> {
  const topic = group.worker.topics.status
  const producer = await world.producer()
  await producer.prepare([topic])
  for (const { key, value } of records.map(encodeStatusRecord)) producer.append(topic, null, key, value, null, [])
  await producer.flush()
  await producer.close()
}

describe('statuses', () => {
  test('are in the view as soon as they are published', async () => {
    await create('a')
    const failed = status({ state: 'FAILED', trace: 'java.lang.Boom\n\tat x', version: null })
    await state.statuses.publish([
      { kind: 'connector', connector: 'a', status: status() },
      { kind: 'task', connector: 'a', task: 0, status: status({ state: 'PAUSED' }) },
      { kind: 'task', connector: 'a', task: 11, status: failed },
      { kind: 'topic', connector: 'a', topic: 'in.put', active: { topic: 'in.put', task: 0, discoveredAt: 5 } },
    ])
    expect(await group.open().configs.view('a')).toMatchObject({
      connectorStatus: status(),
      taskStatuses: [
        { task: 0, ...status({ state: 'PAUSED' }) },
        { task: 11, ...failed },
      ],
      topics: [{ topic: 'in.put', task: 0, discoveredAt: 5 }],
      config: { name: 'a' },
    })
  })

  test('of others come with catchUp, and a tombstone takes them away', async () => {
    await create('b')
    await state.statuses.publish([{ kind: 'task', connector: 'b', task: 0, status: status() }])
    await foreign([
      { kind: 'task', connector: 'b', task: 0, status: status({ state: 'UNASSIGNED' }) },
      { kind: 'connector', connector: 'b', status: status({ workerId: 'jvm:8083' }) },
    ])
    await state.statuses.catchUp()
    expect(await state.configs.view('b')).toMatchObject({
      connectorStatus: { workerId: 'jvm:8083' },
      taskStatuses: [{ task: 0, state: 'UNASSIGNED' }],
    })
    await state.statuses.publish([{ kind: 'task', connector: 'b', task: 0, status: null }])
    await group.open().statuses.catchUp()
    expect((await state.configs.view('b'))?.taskStatuses).toEqual([])
  })

  test('forget leaves none in the topic', async () => {
    await create('c')
    await state.statuses.publish([
      { kind: 'connector', connector: 'c', status: status() },
      { kind: 'task', connector: 'c', task: 3, status: status() },
      { kind: 'topic', connector: 'c', topic: 't', active: { topic: 't', task: 0, discoveredAt: 5 } },
    ])
    await state.statuses.publishLease('c', 3, { epoch: 1, owner: 'r/1', deadline: 5, ended: true })
    await state.statuses.forget('c', [3])
    expect(await state.configs.view('c')).toMatchObject({ connectorStatus: null, taskStatuses: [], topics: [] })
    const log = openLog(world.cluster, group.worker.topics.status, 'read_uncommitted', 1_000)
    const last = new Map((await log.read([0, 0, 0], await log.ends())).map(({ key, value }) => [key, value]))
    const of = (key: string) => last.get(key)
    expect(
      ['status-connector-c', 'status-task-c-3', 'status-topic-t:connector-c', 'penstock-lease-c-3'].map(of),
    ).toEqual([...[null, null, null, null]])
  })

  test('are durable in the topic though the table be lost', async () => {
    const lost = world.group()
    const writer = lost.open()
    await writer.rebuild()
    await create('d', writer)
    await lost.dropTable()
    await writer.statuses.publish([{ kind: 'connector', connector: 'd', status: status() }])
    await expect(writer.statuses.catchUp()).rejects.toThrow(TableGone)
    await writer.rebuild()
    expect(await writer.configs.view('d')).toMatchObject({ connectorStatus: status(), config: { name: 'd' } })
  })
})

test('an heir sees its own claim from the time it began to watch', async () => {
  const record = { epoch: 2, deadline: Date.now() + 60_000, ended: false }
  await state.statuses.publishLease('w', 0, { ...record, owner: 'heir/1' })
  const watch = await state.statuses.watchLease('w', 0)
  using short = budget(300)
  const early = watch.claimedBy('heir/1', short)
  await state.statuses.publishLease('w', 1, { ...record, owner: 'heir/1' })
  await state.statuses.publishLease('w', 0, { ...record, owner: 'heir/2' })
  await state.statuses.publishLease('w', 0, { ...record, owner: 'heir/1', ended: true })
  expect(await early).toBe(false)
  using long = budget(60_000)
  const told = watch.claimedBy('heir/1', long)
  await state.statuses.publishLease('w', 0, { ...record, owner: 'heir/1' })
  expect(await told).toBe(true)
})

describe('leases of a lost table', () => {
  const invitation = { after: null, epoch: 8, generation: 3, invitedAt: 1, restarts: 0 }

  test('are owned until their deadline where the owner has not ended', async () => {
    const lost = world.group()
    const [owner, coordinator] = [lost.open(), lost.open()]
    await owner.rebuild()
    const record = { epoch: 7, owner: 'r/1', deadline: Date.now() + 60_000, generation: 3 }
    await owner.statuses.publishLease('x', 0, { ...record, epoch: 6, ended: true })
    await owner.statuses.publishLease('x', 0, { ...record, ended: false })
    await owner.statuses.publishLease('x', 1, { ...record, ended: true, clean: true })
    await owner.statuses.publishLease('x', 3, { ...record, ended: true, clean: false })
    await owner.statuses.publishLease('x', 2, { ...record, ended: true })
    await owner.statuses.publishLease('x', 2, null)
    await lost.dropTable()
    await expect(coordinator.leases.all('x')).rejects.toThrow(TableGone)
    await coordinator.rebuild()
    expect(await coordinator.leases.all('x')).toMatchObject([
      {
        ...{ task: 0, state: 'owned', epoch: 7, owner: 'r/1', deadline: record.deadline, generation: 3 },
        clean: false,
      },
      { task: 1, state: 'sealed', epoch: 7, clean: true, end: { kind: 'again' } },
      { task: 3, state: 'sealed', epoch: 7, clean: false, end: { kind: 'again' } },
    ])
    expect(await coordinator.leases.invite('x', 0, invitation)).toBeNull()
    const seal = { end: { kind: 'again' }, progress: NO_PROGRESS, made: true, clean: true } as const
    expect(await owner.leases.seal('x', 0, { epoch: 7, owner: 'r/1', ...seal })).not.toBeNull()
  })

  test('are given to nobody before they are restored', async () => {
    const lost = world.group()
    const [mender, coordinator] = [lost.open(), lost.open()]
    await mender.rebuild()
    await mender.statuses.publishLease('y', 0, { epoch: 7, owner: 'r/1', deadline: Date.now() + 60_000, ended: false })
    await lost.dropTable()
    await lost.openTable().create()
    expect(await coordinator.leases.all('y')).toEqual([])
    await expect(coordinator.leases.invite('y', 0, invitation)).rejects.toThrow(TableGone)
    await expect(coordinator.statuses.catchUp()).rejects.toThrow(TableGone)
    const racing = Array.from({ length: 5 }, async () => {
      for (;;) {
        const invited = await coordinator.leases.invite('y', 0, invitation).catch(() => 'gone' as const)
        if (invited !== 'gone') return invited
      }
    })
    await Promise.all([mender.rebuild(), coordinator.rebuild()])
    expect(await Promise.all(racing)).toEqual([null, null, null, null, null])
    expect(await coordinator.leases.get('y', 0)).toMatchObject({ state: 'owned', owner: 'r/1', epoch: 7 })
  })
})
