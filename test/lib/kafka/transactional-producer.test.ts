import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listOffsets } from '../../../lib/kafka/admin.ts'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { createConsumer } from '../../../lib/kafka/consumer.ts'
import { fenceProducers } from '../../../lib/kafka/fencing.ts'
import { createTransactionalProducer, type TransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { Connections, connectTo, consuming, newTopic, positions, producing, readAll } from './kit.ts'

const PATIENT = { timeout: 20_000 }
const COMMITTED = { 'isolation.level': 'read_committed' }
let broker: KafkaBroker
let cluster: Cluster
let ids = 0

beforeAll(async () => {
  broker = await startKafka()
  cluster = await connectTo(broker.bootstrap)
})
afterAll(async () => {
  await cluster.close()
  await broker.stop()
})

const newId = () => `tx-${process.pid}-${Date.now()}-${ids++}`

async function initialized(id: string, client = cluster, raw = {}): Promise<TransactionalProducer> {
  const producer = createTransactionalProducer(client, producing(raw), id)
  await producer.init()
  return producer
}

async function stableOffset(topic: string): Promise<number | undefined> {
  return (await listOffsets(cluster, [{ topic, partition: 0 }], 'latest', 'read_committed'))[0]?.offset
}

async function values(topic: string, raw = {}): Promise<(string | null)[]> {
  return (await readAll(cluster, topic, raw)).map(({ value }) => value)
}

test('committed records are seen by all, aborted ones only by those who read uncommitted', async () => {
  const topic = await newTopic(cluster)
  const producer = await initialized(newId())
  await producer.prepare([topic])
  const send = async (value: string) => {
    producer.begin()
    producer.append(topic, 0, null, value, null, [])
    await producer.flush()
  }
  await send('one')
  await producer.commit()
  await send('two')
  await producer.abort()
  producer.begin()
  producer.append(topic, 0, null, 'never sent', null, [])
  await producer.abort()
  await send('three')
  await producer.commit()
  await producer.close()
  expect(await values(topic)).toEqual(['one', 'two', 'three'])
  expect(await values(topic, COMMITTED)).toEqual(['one', 'three'])
  expect(producer.acknowledged).toBe(4)
})

test('what is appended while a commit is under way is of the next transaction', async () => {
  const topic = await newTopic(cluster, 3)
  const producer = await initialized(newId())
  await producer.prepare([topic])
  const send = (value: string) => {
    for (const partition of [0, 1]) producer.append(topic, partition, null, value, null, [])
  }
  const committed: string[] = []
  producer.begin()
  let commit = Promise.resolve()
  for (let round = 0; round < 20; round++) {
    producer.enlist(topic, 2)
    for (let record = 0; record < 50; record++) send(`${round}-${record}`)
    await commit
    if (round % 4 === 3) {
      await producer.flush()
      await producer.abort()
      producer.begin()
      continue
    }
    for (let record = 0; record < 50; record++) committed.push(`${round}-${record}`)
    producer.append(topic, 2, null, `end of ${round}`, null, [])
    commit = producer.commit()
    producer.begin()
  }
  await commit
  await producer.close()
  const found = await readAll(cluster, topic, COMMITTED)
  const of = (partition: number) => found.filter((record) => record.partition === partition).map(({ value }) => value)
  expect(of(0)).toEqual(committed)
  expect(of(1)).toEqual(committed)
  expect(of(2)).toHaveLength(15)
})

test('aborted batches among others: several producers at once in one partition', async () => {
  const topic = await newTopic(cluster)
  const producers = await Promise.all([1, 2, 3].map(() => initialized(newId())))
  const kept: string[] = []
  for (let round = 0; round < 12; round++) {
    const ends: (() => Promise<void>)[] = []
    for (const [n, producer] of producers.entries()) {
      await producer.prepare([topic])
      producer.begin()
      for (let batch = 0; batch < 2; batch++) {
        const value = `${round}-${n}-${batch}`
        producer.append(topic, 0, null, value, null, [])
        await producer.flush()
        if ((round + n) % 3 !== 0) kept.push(value)
      }
      ends.push(() => ((round + n) % 3 === 0 ? producer.abort() : producer.commit()))
    }
    for (const end of round % 2 === 0 ? ends : ends.reverse()) await end()
  }
  expect(await values(topic, COMMITTED)).toEqual(kept)
  expect(await values(topic)).toHaveLength(72)
  // From any offset on: the answer of a fetch in the middle of transactions tells what was aborted.
  const consumer = createConsumer(cluster, consuming(COMMITTED))
  const all = await readAll(cluster, topic)
  for (const { offset, value } of all) {
    if (!kept.includes(value ?? '')) continue
    consumer.assign(positions(topic, [offset]))
    const [first] = await consumer.poll(5000)
    expect(first?.baseOffset).toBe(offset)
  }
  await consumer.close()
  for (const producer of producers) await producer.close()
})

test('who asks for markers sees them, with their producer, in both isolations', async () => {
  const topic = await newTopic(cluster)
  const producer = await initialized(newId())
  await producer.prepare([topic])
  for (const commit of [true, false]) {
    producer.begin()
    producer.append(topic, 0, 'k', 'v', null, [])
    await producer.flush()
    await (commit ? producer.commit() : producer.abort())
  }
  await producer.close()
  const read = async (raw: Record<string, string>) => {
    const consumer = createConsumer(cluster, consuming(raw), { control: true })
    consumer.assign(positions(topic, [0]))
    const seen = []
    while (consumer.position(topic, 0) < 4) {
      for (const { baseOffset, control, isTransactional, producerId, count, nextOffset } of await consumer.poll(1000)) {
        expect([isTransactional, count, nextOffset]).toEqual([true, 1, baseOffset + 1])
        seen.push({ at: baseOffset, control, producerId })
      }
    }
    await consumer.close()
    expect(new Set(seen.map(({ producerId }) => producerId)).size).toBe(1)
    return seen.map(({ at, control }) => `${at} ${control}`)
  }
  expect(await read({})).toEqual(['0 null', '1 commit', '2 null', '3 abort'])
  expect(await read(COMMITTED)).toEqual(['0 null', '1 commit', '3 abort'])
})

test('lag and position: open transactions hold readers of committed records back', async () => {
  const topic = await newTopic(cluster)
  const producer = await initialized(newId())
  await producer.prepare([topic])
  producer.begin()
  for (let n = 0; n < 5; n++) producer.append(topic, 0, null, `${n}`, null, [])
  await producer.flush()
  const committed = createConsumer(cluster, consuming(COMMITTED))
  const uncommitted = createConsumer(cluster, consuming())
  for (const consumer of [committed, uncommitted]) consumer.assign(positions(topic, [0]))
  expect(committed.lag()).toEqual(new Map())
  expect(await committed.poll(800)).toEqual([])
  expect(committed.lag()).toEqual(positions(topic, [0]))
  expect((await uncommitted.poll(5000))[0]).toMatchObject({ count: 5, highWatermark: 5, lastStableOffset: 0 })
  expect(uncommitted.lag()).toEqual(positions(topic, [0]))
  await producer.abort()
  await expect.poll(async () => (await committed.poll(100)).length + committed.position(topic, 0), PATIENT).toBe(6)
  await committed.close()
  await uncommitted.close()
  await producer.close()
})

test('a second producer with the same id fences the first and aborts its transaction', async () => {
  const topic = await newTopic(cluster)
  const id = newId()
  const first = await initialized(id)
  await first.prepare([topic])
  first.begin()
  first.append(topic, 0, null, 'of the fenced one', null, [])
  await first.flush()
  const second = await initialized(id)
  await second.prepare([topic])
  second.begin()
  second.append(topic, 0, null, 'of the new one', null, [])
  await second.commit()
  const failure = first.commit()
  await expect(failure).rejects.toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
  await expect(failure).rejects.toMatchObject({ kind: 'fatal' })
  expect(() => first.begin()).toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
  await first.close()
  expect(await values(topic, COMMITTED)).toEqual(['of the new one'])
  await second.close()
})

test('a fenced producer that only now sends fails too', async () => {
  const topic = await newTopic(cluster)
  const id = newId()
  const first = await initialized(id)
  await first.prepare([topic])
  await fenceProducers(cluster, [id])
  first.begin()
  first.append(topic, 0, null, 'too late', null, [])
  await expect(first.flush()).rejects.toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
  await first.close()
  expect(await values(topic)).toEqual([])
})

test('fenceProducers ends the open transactions of several ids, known or not', async () => {
  const topic = await newTopic(cluster)
  const open = [newId(), newId()]
  const producers = await Promise.all(open.map((id) => initialized(id)))
  for (const producer of producers) {
    await producer.prepare([topic])
    producer.begin()
    producer.append(topic, 0, null, 'pending', null, [])
    await producer.flush()
  }
  await fenceProducers(cluster, [...open, newId()])
  await expect.poll(() => stableOffset(topic), PATIENT).toBe(4)
  for (const producer of producers)
    await expect(producer.commit()).rejects.toThrow(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/)
  for (const producer of producers) await producer.close()
  expect(await values(topic, COMMITTED)).toEqual([])
})

test('close aborts the open transaction at once', async () => {
  const topic = await newTopic(cluster)
  const producer = await initialized(newId())
  await producer.prepare([topic])
  producer.begin()
  producer.append(topic, 0, null, 'pending', null, [])
  await producer.flush()
  await producer.close()
  await expect.poll(() => stableOffset(topic), PATIENT).toBe(2)
  expect(await values(topic, COMMITTED)).toEqual([])
  await expect(producer.commit()).rejects.toThrow('closed')
})

test('without init or begin nothing can be appended', async () => {
  const topic = await newTopic(cluster)
  const producer = createTransactionalProducer(cluster, producing(), newId())
  expect(() => producer.begin()).toThrow('not initialized')
  await producer.init()
  await producer.prepare([topic])
  expect(() => producer.append(topic, 0, null, 'x', null, [])).toThrow('none has begun')
  await expect(producer.commit()).rejects.toThrow('none has begun')
  producer.begin()
  await producer.commit()
  await producer.close()
  expect(() => createTransactionalProducer(cluster, producing({ acks: '1' }), 'x')).toThrow(/idempotence/)
})

test('transactions one after the other, over several partitions, through cut connections', async () => {
  using connections = new Connections(broker.bootstrap)
  const own = await connectTo(broker.bootstrap)
  const topic = await newTopic(own, 3)
  const producer = await initialized(newId(), own, { 'retry.backoff.ms': '10' })
  await producer.prepare([topic])
  let cuts = 0
  const timer = setInterval(() => {
    cuts += connections.cut()
  }, 70)
  const kept: string[] = []
  for (let round = 0; round < 60; round++) {
    await producer.prepare([topic])
    producer.begin()
    for (let n = 0; n < 200; n++) {
      producer.append(topic, n % 3, null, `${round}-${n}`, null, [])
      if (round % 4 !== 0) kept.push(`${round}-${n}`)
      if (n % 50 === 0) await sleep(0)
    }
    await (round % 4 === 0 ? producer.abort() : producer.commit())
  }
  clearInterval(timer)
  expect(cuts).toBeGreaterThan(2)
  const rows = await readAll(cluster, topic, COMMITTED)
  for (const partition of [0, 1, 2]) {
    const found = rows.filter((row) => row.partition === partition).map(({ value }) => value)
    expect(found).toEqual(kept.filter((value) => Number(value.split('-')[1]) % 3 === partition))
  }
  await producer.close()
  await own.close()
})
