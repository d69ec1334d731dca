import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteRecords } from '../../../lib/kafka/admin.ts'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { type Consumer, createConsumer, OffsetOutOfRange } from '../../../lib/kafka/consumer.ts'
import { createProducer } from '../../../lib/kafka/producer.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { Connections, connectTo, consuming, newTopic, pollRows, positions, producing, type Row } from './kit.ts'

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

/** Writes batches of the given numbers of records, each batch by itself; values are the offsets. */
async function write(
  client: Cluster,
  topic: string,
  partition: number,
  batches: readonly number[],
  { from = 0, pad = '', raw = {} }: { from?: number; pad?: string; raw?: Record<string, string> } = {},
): Promise<void> {
  const producer = await createProducer(client, producing(raw))
  await producer.prepare([topic])
  let at = from
  for (const count of batches) {
    for (let n = 0; n < count; n++) producer.append(topic, partition, null, `${at++}${pad}`, null, [])
    await producer.flush()
  }
  await producer.close()
}

async function pollUntil(consumer: Consumer, isDone: (rows: readonly Row[]) => boolean): Promise<Row[]> {
  const rows: Row[] = []
  while (!isDone(rows)) rows.push(...(await pollRows(consumer)))
  return rows
}

const offsets = (rows: readonly Row[], partition = 0) =>
  rows.filter((r) => r.partition === partition).map((r) => r.offset)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

test.each(['none', 'zstd'])('starts at any offset, within a batch too (%s)', async (compression) => {
  const topic = await newTopic(cluster)
  await write(cluster, topic, 0, [10, 1, 10], { raw: { 'compression.type': compression } })
  for (const from of [0, 1, 9, 10, 11, 20, 21]) {
    const consumer = createConsumer(cluster, consuming())
    consumer.assign(positions(topic, [from]))
    const fetched = from === 21 ? [] : await consumer.poll(5000)
    expect(fetched.reduce((sum, { count }) => sum + count, 0)).toBe(21 - from)
    const seen: number[] = []
    for (const batch of fetched) {
      batch.forEach((offset) => {
        seen.push(offset)
      })
    }
    expect(seen).toEqual(range(from, 21))
    expect(consumer.position(topic, 0)).toBe(21)
    await consumer.close()
  }
})

test('many partitions, small limits: everything comes, in order, and lag runs down', async () => {
  const topic = await newTopic(cluster, 5)
  for (let p = 0; p < 5; p++) await write(cluster, topic, p, [100, 200, 300], { pad: 'x'.repeat(100) })
  const small = { 'max.partition.fetch.bytes': '5000', 'fetch.max.bytes': '9000' }
  const consumer = createConsumer(cluster, consuming(small), { maxBytes: 20_000 })
  consumer.assign(positions(topic, Array(5).fill(0)))
  const first = await pollRows(consumer)
  const lag = [...(consumer.lag().get(topic)?.values() ?? [])].reduce((sum, n) => sum + n, 0)
  expect(first.length + lag).toBeGreaterThan(0)
  const rows = [...first, ...(await pollUntil(consumer, (more) => first.length + more.length >= 3000))]
  for (let p = 0; p < 5; p++) expect(offsets(rows, p)).toEqual(range(0, 600))
  expect(await consumer.poll(0)).toEqual([])
  expect(consumer.lag()).toEqual(positions(topic, Array(5).fill(0)))
  await consumer.close()
})

test('a batch larger than every limit comes through, behind other partitions too', async () => {
  const topic = await newTopic(cluster, 3)
  for (const p of [0, 1, 2]) await write(cluster, topic, p, [3, 1, 3], { pad: 'x'.repeat(100_000) })
  const tiny = { 'max.partition.fetch.bytes': '100', 'fetch.max.bytes': '100' }
  const consumer = createConsumer(cluster, consuming(tiny), { maxBytes: 1 })
  consumer.assign(positions(topic, [0, 0, 0]))
  const rows = await pollUntil(consumer, (more) => more.length >= 21)
  for (const p of [0, 1, 2]) expect(offsets(rows, p)).toEqual(range(0, 7))
  await consumer.close()
})

test('waits for what is written later, no longer than asked, and until the signal', async () => {
  const topic = await newTopic(cluster)
  const consumer = createConsumer(cluster, consuming())
  consumer.assign(positions(topic, [0]))
  expect(await consumer.poll(50)).toEqual([])
  const later = consumer.poll(30_000)
  await sleep(100)
  await write(cluster, topic, 0, [1])
  expect((await later)[0]?.count).toBe(1)
  const controller = new AbortController()
  const waiting = consumer.poll(60_000, controller.signal)
  await sleep(50)
  controller.abort()
  expect(await waiting).toEqual([])
  expect(await consumer.poll(60_000, controller.signal)).toEqual([])
  const closed = consumer.poll(60_000)
  await consumer.close()
  expect(await closed).toEqual([])
})

test('pause, resume and seek leave nothing out and hand out nothing twice', async () => {
  const topic = await newTopic(cluster, 2)
  for (const p of [0, 1]) await write(cluster, topic, p, [50, 50, 50])
  const consumer = createConsumer(cluster, consuming(), { maxBytes: 1 })
  consumer.assign(positions(topic, [0, 0]))
  const rows = await pollUntil(consumer, (more) => offsets(more, 0).length > 0)
  consumer.pause(topic, [0])
  rows.push(...(await pollUntil(consumer, (more) => offsets([...rows, ...more], 1).length === 150)))
  const before = offsets(rows, 0).length
  expect(before).toBeLessThan(150)
  expect(await pollRows(consumer, 300)).toEqual([])
  consumer.resume(topic, [0])
  rows.push(...(await pollUntil(consumer, (more) => before + more.length === 150)))
  for (const p of [0, 1]) expect(offsets(rows, p)).toEqual(range(0, 150))
  consumer.seek(topic, 0, 120)
  expect(consumer.position(topic, 0)).toBe(120)
  expect(offsets(await pollUntil(consumer, (more) => more.length >= 30))).toEqual(range(120, 150))
  expect(() => consumer.position(topic, 2)).toThrow('not assigned')
  await consumer.close()
})

test('a position that is not there is reported with what is, and the others go on', async () => {
  const topic = await newTopic(cluster, 3)
  for (const p of [0, 1, 2]) await write(cluster, topic, p, [10])
  await deleteRecords(cluster, [{ topic, partition: 0, offset: 4 }])
  const consumer = createConsumer(cluster, consuming())
  consumer.assign(positions(topic, [2, 99, 0]))
  const reported: unknown[] = []
  const rows: Row[] = []
  while (reported.length < 2 || rows.length < 10) {
    try {
      rows.push(...(await pollRows(consumer)))
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error
      reported.push(...error.partitions)
    }
  }
  expect(offsets(rows, 2)).toEqual(range(0, 10))
  expect(reported).toHaveLength(2)
  expect(reported).toContainEqual({ topic, partition: 0, position: 2, earliest: 4, latest: 10 })
  expect(reported).toContainEqual({ topic, partition: 1, position: 99, earliest: 0, latest: 10 })
  consumer.seek(topic, 0, 4)
  consumer.seek(topic, 1, 10)
  expect(offsets(await pollUntil(consumer, (more) => more.length >= 6))).toEqual(range(4, 10))
  await consumer.close()
})

test('connections cut again and again: everything comes once', async () => {
  using connections = new Connections(broker.bootstrap)
  const own = await connectTo(broker.bootstrap)
  const topic = await newTopic(own)
  await write(own, topic, 0, Array(40).fill(500), { pad: 'x'.repeat(300) })
  const consumer = createConsumer(own, consuming(), { maxBytes: 200_000 })
  consumer.assign(positions(topic, [0]))
  let cuts = 0
  const timer = setInterval(() => {
    cuts += connections.cut()
  }, 15)
  const rows = await pollUntil(consumer, (more) => more.length >= 20_000)
  while (cuts === 0) await sleep(5)
  clearInterval(timer)
  expect(offsets(rows)).toEqual(range(0, 20_000))
  await consumer.close()
  await own.close()
})

test('a broker killed and started again: the consumer goes on where it was', async () => {
  const own = await startKafka({ own: true })
  try {
    const client = await connectTo(own.bootstrap)
    const topic = await newTopic(client)
    await write(client, topic, 0, [100])
    const consumer = createConsumer(client, consuming())
    consumer.assign(positions(topic, [0]))
    const rows = await pollUntil(consumer, (more) => more.length >= 100)
    await own.kill()
    expect(await pollRows(consumer, 500)).toEqual([])
    await own.start()
    await write(client, topic, 0, [100], { from: 100 })
    rows.push(...(await pollUntil(consumer, (more) => more.length >= 100)))
    expect(offsets(rows)).toEqual(range(0, 200))
    await consumer.close()
    await client.close()
  } finally {
    await own.stop()
  }
})
