import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConnectError, DataError } from '../../../lib/connect/errors.ts'
import { listOffsets } from '../../../lib/kafka/admin.ts'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { createProducer, type Producer, RecordTooLarge } from '../../../lib/kafka/producer.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { Connections, connectTo, newTopic, producing, readAll, valuesByPartition } from './kit.ts'

let broker: KafkaBroker
let cluster: Cluster

beforeAll(async () => {
  broker = await startKafka()
  cluster = await connectTo(broker.bootstrap)
})
afterAll(async () => {
  await cluster.close()
  await broker.stop()
})

/** Sends `count` numbered records to `partitions` in turn, letting the event loop go now and then. */
async function flood(producer: Producer, topic: string, partitions: number, count: number, pad = 80): Promise<void> {
  await producer.prepare([topic])
  for (let n = 0; n < count; n++) {
    producer.append(topic, n % partitions, null, `${n} ${'x'.repeat(pad)}`, null, [])
    if (n % 500 === 499) {
      await producer.room()
      await sleep(0)
    }
  }
}

/** That the numbers of each partition are there once and in order. */
async function expectAll(cluster: Cluster, topic: string, partitions: number, count: number): Promise<void> {
  const found = valuesByPartition(await readAll(cluster, topic))
  for (let partition = 0; partition < partitions; partition++) {
    const numbers = (found.get(partition) ?? []).map((value) => Number.parseInt(value ?? '', 10))
    const steps = numbers.map((n, at) => n - (numbers[at - 1] ?? partition - partitions))
    const breaks = steps.flatMap((step, at) => (step === partitions ? [] : [`${numbers[at]} after ${numbers[at - 1]}`]))
    expect({ partition, breaks, count: numbers.length }).toEqual({
      partition,
      breaks: [],
      count: Math.ceil((count - partition) / partitions),
    })
  }
}

test('records arrive as they were appended', async () => {
  const topic = await newTopic(cluster, 3)
  const producer = await createProducer(cluster, producing())
  await producer.prepare([topic])
  const headers = [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ]
  expect(producer.append(topic, 2, 'key', 'välue', 1_700_000_000_123, headers)).toBe(2)
  expect(producer.append(topic, 2, null, null, null, [])).toBe(2)
  expect(producer.append(topic, 2, Buffer.from('k'), Buffer.from('v'), 0, [])).toBe(2)
  const partition = producer.append(topic, null, 'foobar', '', 1, [])
  expect(partition).toBe((-790332482 & 0x7fffffff) % 3)
  expect(producer.appended).toBe(4)
  await producer.flush()
  expect(producer.acknowledged).toBe(4)
  expect(producer.buffered).toBe(0)
  expect(producer.position(topic, 2)).toBe(partition === 2 ? 4 : 3)
  const rows = await readAll(cluster, topic)
  expect(rows.filter((row) => row.partition === 2).slice(0, 3)).toEqual([
    { partition: 2, offset: 0, timestamp: 1_700_000_000_123, key: 'key', value: 'välue', headers: ['a=1', 'b=null'] },
    { partition: 2, offset: 1, timestamp: expect.any(Number), key: null, value: null, headers: [] },
    { partition: 2, offset: 2, timestamp: 0, key: 'k', value: 'v', headers: [] },
  ])
  expect(Math.abs(Date.now() - (rows.find(({ value }) => value === null)?.timestamp ?? 0))).toBeLessThan(60_000)
  expect(rows).toContainEqual({
    partition,
    offset: expect.any(Number),
    timestamp: 1,
    key: 'foobar',
    value: '',
    headers: [],
  })
  await producer.close()
})

test('many records in several requests keep their order, and are acknowledged in the order of append', async () => {
  const topic = await newTopic(cluster, 4)
  const producer = await createProducer(cluster, producing({ 'batch.size': '2000', 'linger.ms': '0' }))
  const seen: number[] = []
  producer.onAcknowledged = (acknowledged) => seen.push(acknowledged)
  await flood(producer, topic, 4, 60_000)
  await producer.flush()
  expect(seen.at(-1)).toBe(60_000)
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
  await expectAll(cluster, topic, 4, 60_000)
  await producer.close()
})

test('records without a key spread over the partitions, a batch at a time', async () => {
  const topic = await newTopic(cluster, 3)
  const producer = await createProducer(cluster, producing({ 'batch.size': '1000' }))
  await producer.prepare([topic])
  const went = Array.from({ length: 3000 }, (_, n) => producer.append(topic, null, null, `value ${n}`, null, []))
  await producer.flush()
  expect(new Set(went)).toEqual(new Set([0, 1, 2]))
  const changes = went.filter((partition, n) => n > 0 && partition !== went[n - 1]).length
  expect(changes).toBeLessThan(150)
  expect(await readAll(cluster, topic)).toHaveLength(3000)
  await producer.close()
})

test('room waits for acknowledgements when too much is buffered', async () => {
  const topic = await newTopic(cluster)
  const producer = await createProducer(cluster, producing({ 'buffer.memory': '100000' }))
  await producer.prepare([topic])
  let most = 0
  for (let n = 0; n < 500; n++) {
    producer.append(topic, 0, null, 'x'.repeat(10_000), null, [])
    most = Math.max(most, producer.buffered)
    await producer.room()
    expect(producer.buffered).toBeLessThan(100_000)
  }
  expect(most).toBeGreaterThanOrEqual(100_000)
  await producer.flush()
  await producer.close()
})

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('a broker takes batches in %s', async (compression) => {
  const topic = await newTopic(cluster)
  const producer = await createProducer(cluster, producing({ 'compression.type': compression }))
  await flood(producer, topic, 1, 20_000)
  await producer.flush()
  await expectAll(cluster, topic, 1, 20_000)
  await producer.close()
})

test.each(['1', '0'])('acks=%s', async (acks) => {
  const topic = await newTopic(cluster, 2)
  const producer = await createProducer(cluster, producing({ acks }))
  await flood(producer, topic, 2, 2000)
  await producer.flush()
  const all = [0, 1].map((partition) => ({ topic, partition }))
  await expect
    .poll(async () => (await listOffsets(cluster, all, 'latest')).map(({ offset }) => offset), { timeout: 20_000 })
    .toEqual([1000, 1000])
  await expectAll(cluster, topic, 2, 2000)
  await producer.close()
})

describe('what one record can do wrong', () => {
  test('too large: an error that names topic and size, and the producer goes on', async () => {
    const topic = await newTopic(cluster)
    const producer = await createProducer(cluster, producing({ 'max.request.size': '5000' }))
    await producer.prepare([topic])
    producer.append(topic, 0, null, 'before', null, [])
    const large = () => producer.append(topic, 0, null, 'é'.repeat(2600), null, [])
    expect(large).toThrow(RecordTooLarge)
    expect(large).toThrow(new RegExp(`topic ${topic} is 52\\d\\d bytes .* max.request.size \\(5000\\)`))
    expect(() => producer.append(topic, 0, 'k'.repeat(9000), null, null, [])).toThrow(DataError)
    producer.append(topic, 0, null, 'after', null, [])
    await producer.flush()
    expect((await readAll(cluster, topic)).map(({ value }) => value)).toEqual(['before', 'after'])
    expect(producer.acknowledged).toBe(2)
    await producer.close()
  })

  test('a partition that is not there', async () => {
    const topic = await newTopic(cluster, 2)
    const producer = await createProducer(cluster, producing())
    await producer.prepare([topic])
    expect(() => producer.append(topic, 2, null, 'x', null, [])).toThrow(
      `Partition 2 of a record for topic ${topic} is not in the range [0...2)`,
    )
    await producer.close()
  })

  test('a topic that is not there: retriable, with its name', async () => {
    const producer = await createProducer(cluster, producing())
    const failure = producer.prepare(['no-such-topic'])
    await expect(failure).rejects.toThrow(/no-such-topic: UNKNOWN_TOPIC_OR_PARTITION/)
    await expect(failure).rejects.toMatchObject({ kind: 'retriable' })
    await producer.close()
  })

  test('larger than the topic takes: the batch is split, and what is too large by itself fails by name', async () => {
    const topic = await newTopic(cluster, 1, { 'max.message.bytes': '30000' })
    const producer = await createProducer(cluster, producing({ 'linger.ms': '50' }))
    await flood(producer, topic, 1, 5000)
    await producer.flush()
    expect(producer.acknowledged).toBe(5000)
    expect(producer.buffered).toBe(0)
    await expectAll(cluster, topic, 1, 5000)
    producer.append(topic, 0, null, 'x'.repeat(40_000), null, [])
    await expect(producer.flush()).rejects.toThrow(new RegExp(`topic ${topic}, partition 0: MESSAGE_TOO_LARGE`))
    expect(() => producer.append(topic, 0, null, 'x', null, [])).toThrow(/MESSAGE_TOO_LARGE/)
    await expect(producer.room()).rejects.toThrow(/MESSAGE_TOO_LARGE/)
    expect(producer.acknowledged).toBe(5000)
    await producer.close()
  })
})

test('connections cut again and again lose nothing, double nothing and keep the order', async () => {
  using connections = new Connections(broker.bootstrap)
  const own = await connectTo(broker.bootstrap)
  const topic = await newTopic(own, 3)
  const producer = await createProducer(
    own,
    producing({ 'retry.backoff.ms': '10', 'linger.ms': '0', 'batch.size': '500' }),
  )
  let cuts = 0
  const timer = setInterval(() => {
    cuts += connections.cut()
  }, 40)
  await flood(producer, topic, 3, 200_000)
  await producer.flush()
  clearInterval(timer)
  expect(cuts).toBeGreaterThan(2)
  expect(producer.acknowledged).toBe(200_000)
  await expectAll(cluster, topic, 3, 200_000)
  await producer.close()
  await own.close()
})

test('a topic deleted and created again under a running producer goes on from offset 0', async () => {
  const { createTopics, deleteTopics } = await import('../../../lib/kafka/admin.ts')
  const topic = await newTopic(cluster)
  const producer = await createProducer(cluster, producing())
  await flood(producer, topic, 1, 10)
  await producer.flush()
  await deleteTopics(cluster, [topic])
  await createTopics(cluster, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  await flood(producer, topic, 1, 10)
  await producer.flush()
  await expectAll(cluster, topic, 1, 10)
  await producer.close()
})

describe('a broker of its own', () => {
  let own: KafkaBroker
  beforeAll(async () => {
    own = await startKafka({ own: true })
  })
  afterAll(() => own.stop())

  test('killed and started again while records flow: nothing is lost, doubled or out of order', async () => {
    const client = await connectTo(own.bootstrap)
    const topic = await newTopic(client, 2)
    const producer = await createProducer(client, producing())
    await producer.prepare([topic])
    let count = 0
    const until = async (stop: () => boolean) => {
      while (!stop()) {
        for (let n = 0; n < 200; n++, count++)
          producer.append(topic, count % 2, null, `${count} ${'x'.repeat(200)}`, null, [])
        await producer.room()
        await sleep(1)
      }
    }
    await until(() => producer.acknowledged > 5000)
    await own.kill()
    const restarted = own.start()
    await until(() => producer.appended > producer.acknowledged + 1000)
    await restarted
    const at = producer.acknowledged
    await until(() => producer.acknowledged > at + 10_000)
    await producer.flush()
    expect(producer.acknowledged).toBe(count)
    await expectAll(client, topic, 2, count)
    await producer.close()
    await client.close()
  })

  test('gone for good: flush rejects after delivery.timeout.ms and says why', async () => {
    const client = await connectTo(own.bootstrap)
    const topic = await newTopic(client)
    const settings = { 'delivery.timeout.ms': '1500', 'request.timeout.ms': '1000', 'linger.ms': '0' }
    const producer = await createProducer(client, producing(settings))
    await flood(producer, topic, 1, 10)
    await producer.flush()
    await own.kill()
    producer.append(topic, 0, null, 'never', null, [])
    const failure = producer.flush()
    await expect(failure).rejects.toThrow(ConnectError)
    await expect(failure).rejects.toThrow(
      new RegExp(`topic ${topic}, partition 0 could not be delivered within delivery.timeout.ms \\(1500 ms\\)`),
    )
    expect(producer.acknowledged).toBe(10)
    await producer.close()
    await client.close()
  })
})
