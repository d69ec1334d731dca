import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  alterTopicConfigs,
  brokerConfigs,
  createTopics,
  deleteRecords,
  deleteTopics,
  listOffsets,
  topicConfigs,
} from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { createProducer } from '../../../lib/kafka/producer.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'

let broker: KafkaBroker
let cluster: Cluster
beforeAll(async () => {
  broker = await startKafka()
  cluster = await connect(clientSettings({ 'bootstrap.servers': broker.bootstrap }, 'admin').client)
})
afterAll(() => cluster.close())
const fresh = () => `admin-${randomUUID()}`
const topic = (name: string, partitions = 1, configs: Record<string, string> = {}) => {
  return { name, partitions, replicationFactor: -1, configs }
}

test('a created topic has its partitions, leaders and configs at once; again it exists', async () => {
  const name = fresh()
  expect(await createTopics(cluster, [topic(name, 25, { 'cleanup.policy': 'compact' })])).toEqual(
    new Map([[name, 'created']]),
  )
  expect(cluster.partitionCount(name)).toBe(25)
  for (let partition = 0; partition < 25; partition++) expect(cluster.leader(name, partition)).toBeGreaterThan(0)
  const configs = (await topicConfigs(cluster, [name], ['cleanup.policy', 'retention.ms'])).get(name)
  expect(configs?.get('cleanup.policy')).toMatchObject({ value: 'compact', source: 'topic' })
  expect(configs?.get('retention.ms')).toMatchObject({ value: '604800000', source: 'default' })
  expect(await createTopics(cluster, [topic(name)])).toEqual(new Map([[name, 'exists']]))
})

test('many callers may create the same topic at the same time', async () => {
  const name = fresh()
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => createTopics(cluster, [topic(name, 3)])))
  expect(outcomes.map((outcome) => outcome.get(name)).sort()).toEqual(['created', ...Array(7).fill('exists')])
})

test("the broker's defaults stand in for -1, and a dry run creates nothing", async () => {
  const name = fresh()
  await createTopics(cluster, [topic(name, -1)], { validateOnly: true })
  expect((await cluster.topics([name], { refresh: true })).size).toBe(0)
  await createTopics(cluster, [topic(name, -1)])
  expect(cluster.partitionCount(name)).toBe(1)
})

test('what a broker refuses is said in its words', async () => {
  await expect(createTopics(cluster, [{ ...topic(fresh()), replicationFactor: 7 }])).rejects.toMatchObject({
    kind: 'fatal',
    codeName: 'INVALID_REPLICATION_FACTOR',
    javaClass: 'org.apache.kafka.common.errors.InvalidReplicationFactorException',
  })
  await expect(createTopics(cluster, [topic(fresh(), 1, { 'cleanup.policy': 'shred' })])).rejects.toThrow('shred')
  await expect(createTopics(cluster, [topic('not a topic')])).rejects.toThrow('not a topic')
})

test('changing one config leaves the others; null takes it back', async () => {
  const name = fresh()
  await createTopics(cluster, [topic(name, 1, { 'cleanup.policy': 'compact' })])
  const value = async (key: string) => (await topicConfigs(cluster, [name], [key])).get(name)?.get(key)?.value
  await alterTopicConfigs(cluster, name, { 'retention.ms': '1000' })
  await expect.poll(() => value('retention.ms')).toBe('1000')
  expect(await value('cleanup.policy')).toBe('compact')
  await alterTopicConfigs(cluster, name, { 'retention.ms': null })
  await expect.poll(() => value('retention.ms')).toBe('604800000')
  await expect(alterTopicConfigs(cluster, name, { 'retention.ms': 'long' })).rejects.toThrow('retention.ms')
  await expect(topicConfigs(cluster, [fresh()])).rejects.toMatchObject({ codeName: 'UNKNOWN_TOPIC_OR_PARTITION' })
})

test("a broker's own configs can be read", async () => {
  const configs = await brokerConfigs(cluster, await cluster.anyNode(), ['offsets.retention.minutes'])
  expect(configs.get('offsets.retention.minutes')?.value).toBe('10080')
})

test('offsets at the ends and at a time, in the order asked; records can be deleted', async () => {
  const name = fresh()
  await createTopics(cluster, [topic(name, 2)])
  const { producer: settings } = clientSettings({ 'bootstrap.servers': broker.bootstrap }, 'producer')
  const producer = await createProducer(cluster, settings)
  await producer.prepare([name])
  for (const timestamp of [1_000, 2_000, 3_000]) producer.append(name, 1, null, `at ${timestamp}`, timestamp, [])
  await producer.flush()
  await producer.close()
  const both = [1, 0].map((partition) => ({ topic: name, partition }))
  const offsets = async (at: Parameters<typeof listOffsets>[2]) => {
    return (await listOffsets(cluster, both, at)).map(({ partition, offset }) => [partition, offset])
  }
  expect(await offsets('earliest')).toEqual([
    [1, 0],
    [0, 0],
  ])
  expect(await offsets('latest')).toEqual([
    [1, 3],
    [0, 0],
  ])
  expect(await offsets({ timestamp: 1_500 })).toEqual([
    [1, 1],
    [0, -1],
  ])
  expect(await deleteRecords(cluster, [{ topic: name, partition: 1, offset: 2 }])).toEqual([
    { topic: name, partition: 1, lowWatermark: 2 },
  ])
  expect(await offsets('earliest')).toEqual([
    [1, 2],
    [0, 0],
  ])
  await expect(listOffsets(cluster, [{ topic: name, partition: 2 }], 'latest')).rejects.toThrow(`${name}-2`)
})

test('a deleted topic is gone at once, and one that is not there is no error', async () => {
  const [name, absent] = [fresh(), fresh()]
  await createTopics(cluster, [topic(name)])
  expect(await deleteTopics(cluster, [name, absent])).toEqual(
    new Map([
      [name, 'deleted'],
      [absent, 'absent'],
    ]),
  )
  expect((await cluster.topics([name])).size).toBe(0)
  expect(await createTopics(cluster, [topic(name)])).toEqual(new Map([[name, 'created']]))
})
