/** MirrorMaker 2 in the local cloud: topics and groups are replicated over many slices, and new ones join in. */
import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'
import { type Read, readTopic } from './topic.ts'

const RATE = 500
const COUNT = 6_000
const CLASS = 'org.apache.kafka.connect.mirror.'
const BYTES = 'org.apache.kafka.connect.converters.ByteArrayConverter'

/** None of a topic that isn't there yet, or has just been made. */
const soon = (bootstrap: string, topic: string) => readTopic(bootstrap, topic).catch((): Read[] => [])
const contents = (records: readonly Read[]) => records.map(({ offset: _, ...record }) => record)

test('each record once and in order through many slices, a new topic, and a group that goes on', {
  timeout: 300_000,
}, async () => {
  await using penstock = await Penstock.start({ settings: { 'penstock.slice.ms': '4000' } })
  const { bootstrap } = await penstock.local()
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3, replicationFactor: 1 }] })
  const clusters = {
    'source.cluster.alias': 'east',
    'target.cluster.alias': 'west',
    'source.cluster.bootstrap.servers': bootstrap,
    'target.cluster.bootstrap.servers': bootstrap,
    'source.consumer.isolation.level': 'read_committed',
    'replication.factor': '1',
    'offset-syncs.topic.replication.factor': '1',
    'checkpoints.topic.replication.factor': '1',
    'heartbeats.replication.enabled': 'false',
    'key.converter': BYTES,
    'value.converter': BYTES,
    'header.converter': BYTES,
  }
  await penstock.create('copy', {
    ...clusters,
    'connector.class': `${CLASS}MirrorSourceConnector`,
    topics: 'orders,late.*',
    'refresh.topics.interval.seconds': '1',
    'exactly.once.support': 'required',
    'tasks.max': '2',
  })
  await penstock.create('orders', {
    'connector.class': 'DatagenConnector',
    'kafka.topic': 'orders',
    quickstart: 'orders',
    'penstock.datagen.rate': String(RATE),
    iterations: String(COUNT),
  })
  await penstock.create('groups', {
    ...clusters,
    'connector.class': `${CLASS}MirrorCheckpointConnector`,
    topics: 'orders',
    groups: 'readers',
    'refresh.groups.interval.seconds': '1',
    'emit.checkpoints.interval.seconds': '1',
    'sync.group.offsets.enabled': 'true',
    'sync.group.offsets.interval.seconds': '1',
  })
  await admin.createTopics({ topics: [{ topic: 'late-comer', numPartitions: 1, replicationFactor: 1 }] })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'late-comer', messages: [{ key: 'k', value: 'late', headers: { h: 'x' } }] })
  await producer.disconnect()
  const late = await until('the new topic to be copied', 60_000, async () => {
    const records = await soon(bootstrap, 'east.late-comer')
    return records.length > 0 && records
  })
  expect(contents(late)).toEqual(contents(await readTopic(bootstrap, 'late-comer')))

  const copy = await until('all orders to be copied', 90_000, async () => {
    const { tasks } = await penstock.progress('copy')
    const found = tasks.length === 2 ? await soon(bootstrap, 'east.orders') : []
    return found.length >= COUNT && found
  })
  expect(contents(copy)).toEqual(contents(await readTopic(bootstrap, 'orders')))
  const progress = await penstock.progress('copy')
  expect(progress.guarantee).toBe('exactly-once')
  expect(Math.max(...progress.tasks.map(({ slices }) => slices))).toBeGreaterThan(1)

  const ends = await admin.fetchTopicOffsets('orders')
  const read = ends.map(({ partition, high }) => ({ partition, offset: high }))
  await admin.setOffsets({ groupId: 'readers', topic: 'orders', partitions: read })
  const last = (partition: number) => copy.findLast((one) => one.partition === partition)?.offset ?? -1
  await until('the group to be at the end of the copy', 60_000, async () => {
    const [there] = await admin.fetchOffsets({ groupId: 'readers', topics: ['east.orders'] })
    return there?.partitions.every(({ partition, offset }) => Number(offset) === last(partition) + 1)
  })
  await admin.disconnect()
})
