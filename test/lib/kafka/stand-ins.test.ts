/** Members that stand for sink tasks, as a real broker and its tools take them. */
import { randomUUID } from 'node:crypto'
import { type Admin, AssignerProtocol, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { commit, committed, members } from '../../../lib/kafka/groups.ts'
import { leave, leaveLost, type StandInCalls, type StandIns, standInCalls } from '../../../lib/kafka/stand-ins.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { connectTo, newTopic } from './kit.ts'

let broker: KafkaBroker
let cluster: Cluster
let admin: Admin
let calls: StandInCalls
let topic: string
beforeAll(async () => {
  broker = await startKafka()
  cluster = await connectTo(broker.bootstrap)
  calls = standInCalls(cluster)
  topic = await newTopic(cluster, 4)
  admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
})
afterAll(async () => {
  await admin.disconnect()
  await cluster.close()
  await broker.stop()
})

/** Of a connector with so many tasks. */
function standIns(connector: string, tasks: number): StandIns {
  const all = Array.from({ length: tasks }, (_, task) => ({
    clientId: `connector-consumer-${connector}-${task}`,
    partitions: [0, 1, 2, 3].filter((one) => one % tasks === task).map((partition) => ({ topic, partition })),
  }))
  return { group: `connect-${connector}`, connector, topics: [topic], all }
}

async function joined(connector: string, tasks: number) {
  const wanted = standIns(connector, tasks)
  const ids = await calls.reserve(wanted, wanted.all)
  return { ...wanted, ids, generation: await calls.join(wanted, ids) }
}

/** State, and the partitions by client id, as kafka-consumer-groups.sh shows them. */
async function described(group: string) {
  const { groups } = await admin.describeGroups([group])
  const [found] = groups
  const byClient = found?.members.map(({ clientId, memberAssignment }) => {
    const { assignment = {} } = AssignerProtocol.MemberAssignment.decode(memberAssignment) ?? {}
    return [clientId, assignment[topic] ?? []] as const
  })
  return { state: found?.state, partitions: Object.fromEntries(byClient ?? []) }
}

const offset = (partition: number, at: number) => ({ topic, partition, offset: at })
const fresh = () => `sink-${randomUUID()}`

test('tools see a member for each task, with its partitions, under the name that Connect gives it', async () => {
  const name = fresh()
  const { group, ids, generation } = await joined(name, 2)
  expect(await described(group)).toEqual({
    state: 'Stable',
    partitions: { [`connector-consumer-${name}-0`]: [0, 2], [`connector-consumer-${name}-1`]: [1, 3] },
  })
  expect(await calls.keep(group, generation, ids)).toBe(true)
  await leave(cluster, group, ids)
  expect(await described(group)).toEqual({ state: 'Empty', partitions: {} })
  expect(await calls.keep(group, generation, ids)).toBe(false)
})

test('while they are there only they commit, and what they committed stays when they leave', async () => {
  const { group, ids, generation } = await joined(fresh(), 2)
  const [first = '', second = ''] = ids
  await commit(cluster, group, [offset(0, 5)], { generation, id: first })
  // The broker leaves it to the members whose partitions are whose.
  await commit(cluster, group, [offset(0, 6), offset(1, 7)], { generation, id: second })
  await expect(commit(cluster, group, [offset(0, 1)])).rejects.toMatchObject({ codeName: 'UNKNOWN_MEMBER_ID' })
  await expect(
    admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '1' }] }),
  ).rejects.toThrow()
  await leave(cluster, group, ids)
  expect((await committed(cluster, group)).map((one) => [one.partition, one.offset]).sort()).toEqual([
    [0, 6],
    [1, 7],
  ])
  await commit(cluster, group, [offset(0, 8)])
})

test('other tasks: those that stay keep their place, and the old generation commits until the new one stands', async () => {
  const name = fresh()
  const before = await joined(name, 1)
  const { group } = before
  const wanted = standIns(name, 3)
  const ids = [...before.ids, ...(await calls.reserve(wanted, wanted.all.slice(1)))]
  // Who has an id and isn't in yet changes nothing.
  await commit(cluster, group, [offset(0, 1)], { generation: before.generation, id: before.ids[0] ?? '' })
  const generation = await calls.join(wanted, ids)
  expect(generation).toBeGreaterThan(before.generation)
  expect((await described(group)).partitions).toEqual({
    [`connector-consumer-${name}-0`]: [0, 3],
    [`connector-consumer-${name}-1`]: [1],
    [`connector-consumer-${name}-2`]: [2],
  })
  await expect(
    commit(cluster, group, [offset(0, 2)], { generation: before.generation, id: before.ids[0] ?? '' }),
  ).rejects.toMatchObject({ codeName: 'ILLEGAL_GENERATION' })
})

test('a consumer that wants to join shows at the next look; they leave, and it has the partitions', async () => {
  const { group, ids, generation, connector } = await joined(fresh(), 2)
  const other = standIns('someone-else', 1)
  const foreign = { ...other, group }
  const [id = ''] = await calls.reserve(foreign, foreign.all)
  const joins = calls.join(foreign, [id])
  await expect.poll(() => calls.keep(group, generation, ids)).toBe(false)
  // Commits go on until they leave.
  await commit(cluster, group, [offset(0, 9)], { generation, id: ids[0] ?? '' })
  await leave(cluster, group, ids)
  await joins
  expect((await described(group)).partitions).toEqual({ 'connector-consumer-someone-else-0': [0, 1, 2, 3] })
  // Not those of the connector, so they are left alone.
  expect(await leaveLost(cluster, group, connector, [])).toBe(1)
})

test('those that nobody knows of any more are found, and made to leave', async () => {
  const { group, ids, connector } = await joined(fresh(), 2)
  const { standIns: found } = await members(cluster, group)
  expect(found.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))).toEqual(ids.map((id) => ({ id, connector })))
  expect(await leaveLost(cluster, group, connector, ids)).toBe(2)
  expect(await leaveLost(cluster, group, connector, [])).toBe(0)
  expect((await described(group)).state).toBe('Empty')
})

test('who has left meanwhile can not join: the others that wait with it are let go', async () => {
  const wanted = standIns(fresh(), 2)
  const ids = await calls.reserve(wanted, wanted.all)
  await leave(cluster, wanted.group, ids.slice(1))
  await expect(calls.join(wanted, ids)).rejects.toMatchObject({ codeName: 'UNKNOWN_MEMBER_ID' })
  await leave(cluster, wanted.group, ids)
  await commit(cluster, wanted.group, [offset(0, 1)])
})
