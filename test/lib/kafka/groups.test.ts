import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { commit, committed, list, members, remove } from '../../../lib/kafka/groups.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'

let broker: KafkaBroker
let cluster: Cluster
const topic = `groups-${randomUUID()}`
beforeAll(async () => {
  broker = await startKafka()
  cluster = await connect(clientSettings({ 'bootstrap.servers': broker.bootstrap }, 'admin').client)
  await createTopics(cluster, [{ name: topic, partitions: 3, replicationFactor: 1 }])
})
afterAll(() => cluster.close())
const fresh = () => `group-${randomUUID()}`
const offsets = async (group: string) =>
  (await committed(cluster, group)).map(({ partition, offset }) => [partition, offset]).sort()

test('offsets are kept without a member, and come back whole', async () => {
  const group = fresh()
  expect(await committed(cluster, group)).toEqual([])
  const metadata = 'as far as here'
  await commit(cluster, group, [
    { topic, partition: 0, offset: 5 },
    { topic, partition: 2, offset: 4_294_967_296_001, leaderEpoch: 3, metadata },
  ])
  await commit(cluster, group, [{ topic, partition: 0, offset: 6 }])
  await commit(cluster, group, [])
  expect(await offsets(group)).toEqual([
    [0, 6],
    [2, 4_294_967_296_001],
  ])
  const asked = [1, 2].map((partition) => ({ topic, partition }))
  expect(await committed(cluster, group, asked)).toEqual([
    { topic, partition: 2, offset: 4_294_967_296_001, leaderEpoch: 3, metadata },
  ])
  expect(await list(cluster)).toContainEqual({ group, protocolType: '' })
  expect(await members(cluster, group)).toEqual({ state: 'Empty', members: 0, standIns: [] })
})

test('some offsets of a group can be removed, or all; what is not there is no error', async () => {
  const group = fresh()
  await remove(cluster, group, 'all')
  await remove(cluster, group, [{ topic, partition: 0 }])
  await commit(
    cluster,
    group,
    [0, 1, 2].map((partition) => ({ topic, partition, offset: 1 })),
  )
  await remove(cluster, group, [{ topic, partition: 1 }])
  expect(await offsets(group)).toEqual([
    [0, 1],
    [2, 1],
  ])
  await remove(cluster, group, 'all')
  expect(await offsets(group)).toEqual([])
  expect(await members(cluster, group)).toEqual({ state: 'Dead', members: 0, standIns: [] })
})

test('an offset of a topic that is not there is refused', async () => {
  await expect(commit(cluster, fresh(), [{ topic: 'nowhere', partition: 0, offset: 1 }])).rejects.toMatchObject({
    codeName: 'UNKNOWN_TOPIC_OR_PARTITION',
  })
})

describe('while a group has members', () => {
  const group = fresh()
  const kafka = () => new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING })
  let member: ReturnType<Kafka['consumer']>
  beforeAll(async () => {
    member = kafka().consumer({ groupId: group })
    await member.subscribe({ topic })
    const joined = new Promise((resolve) => member.on('consumer.group_join', resolve))
    await member.run({ eachMessage: async () => {} })
    await joined
  })
  afterAll(() => member.disconnect())

  test('they are counted', async () => {
    await expect.poll(() => members(cluster, group)).toEqual({ state: 'Stable', members: 1, standIns: [] })
  })

  test('its offsets can not be changed from outside, and the error says why', async () => {
    const why = 'the group has members'
    await expect(commit(cluster, group, [{ topic, partition: 0, offset: 1 }])).rejects.toThrow(why)
    await expect(remove(cluster, group, [{ topic, partition: 0 }])).rejects.toThrow(why)
    await expect(remove(cluster, group, 'all')).rejects.toThrow(why)
  })
})
