/** Limits and measures of a running task, on a real broker. */
import { expect, test } from 'vitest'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { quantile } from '../../../lib/state/measures.ts'
import { inFlight } from '../../../lib/worker/in-flight.ts'
import {
  around,
  collecting,
  committedTo,
  counting,
  numbers,
  open,
  openSinkOf,
  runAndDrain,
  texts,
  unique,
  useSurroundings,
} from './kit.ts'

useSurroundings()

/** `batches` times the texts 0, 1, ..., count - 1, in as many batches at least. */
async function filled(count: number, batches = 1): Promise<string> {
  const topic = unique('limits')
  await createTopics(around.cluster, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  for (let i = 0; i < batches; i++) {
    await using opened = await open(around, counting(topic, { count }))
    await runAndDrain(opened.run)
  }
  return topic
}

test('penstock.rate.limit.bytes hands records on in portions of so many bytes', async () => {
  const topic = await filled(100)
  const sizes: number[] = []
  const sink = collecting({ beforePut: (records) => void sizes.push(records.length) })
  // A record comes to 11 bytes or so: length, attributes, deltas, key, value, headers.
  const config = { 'penstock.rate.limit.bytes': '3000' }
  await using opened = await openSinkOf(around, sink, [topic], { config })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toEqual(numbers(0, 100))
  expect(sizes.length).toBeGreaterThanOrEqual(3)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(40)
})

test('a source with a limit of bytes goes no faster', async () => {
  const topic = unique('limits')
  await createTopics(around.cluster, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  const begun = Date.now()
  const config = { 'penstock.rate.limit.bytes': '2000' }
  await using opened = await open(around, counting(topic, { count: 200, batch: 50 }), { config })
  await runAndDrain(opened.run)
  expect(await texts(around, topic)).toEqual(numbers(0, 200))
  // Keys and values come to 1180 bytes; the first 100 ms are free.
  expect(Date.now() - begun).toBeGreaterThanOrEqual(450)
})

test('a sink is flushed before it holds more than the memory allows', async () => {
  const topic = await filled(1_000, 6)
  const few = collecting()
  await using held = await openSinkOf(around, few, [topic], { inFlight: { fetched: 4_096, unflushed: 20_000 } })
  await runAndDrain(held.run)
  const free = collecting()
  await using open = await openSinkOf(around, free, [topic], { inFlight: { fetched: 4_096 } })
  await runAndDrain(open.run)
  // The commit interval is a minute: without the bound, the drain alone flushes.
  expect(free.sunk.flushes).toBe(1)
  expect(few.sunk.flushes).toBeGreaterThanOrEqual(3)
  expect(few.sunk.values).toEqual(free.sunk.values)
  expect(await committedTo(around, held.group)).toBe(6_000)
})

test('what may be under way follows the memory that Lambda grants', () => {
  const mb = (memory: string) => inFlight({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory })
  const MB = 1024 * 1024
  expect(mb('128')).toEqual({ polled: MB / 4, produced: 4 * MB, fetched: MB, unflushed: 8 * MB })
  expect(mb('1024')).toEqual({ polled: MB, produced: 16 * MB, fetched: 4 * MB, unflushed: 64 * MB })
  expect(inFlight({}).produced).toBeGreaterThan(MB)
})

test('a source measures polls, acknowledgements, latency and commits', async () => {
  const topic = unique('measured')
  await createTopics(around.cluster, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  await using opened = await open(around, counting(topic, { count: 250 }))
  await runAndDrain(opened.run)
  const { sums, latest, latency } = opened.run.progress.measures
  expect(sums).toMatchObject({ polled: 250, written: 250, polls: 3, commits: 1, commitFailures: 0, transactions: 0 })
  expect(latest).toMatchObject({ batchMax: 100, activeNow: 0 })
  expect(latest.activeMax).toBeGreaterThanOrEqual(100)
  expect(latency.counts.reduce((sum, count) => sum + count)).toBe(250)
  expect(quantile(0.5, latency)).toBeLessThan(20_000)
})

test('an exactly-once source measures its transactions', async () => {
  const topic = unique('measured')
  await createTopics(around.cluster, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  await using opened = await open(around, counting(topic, { count: 250 }), { exactlyOnce: true })
  await runAndDrain(opened.run)
  const { sums, latest } = opened.run.progress.measures
  expect(sums).toMatchObject({ polled: 250, written: 250, transactionRecords: 250 })
  expect(sums.transactions).toBe(sums.commits)
  expect(latest.transactionMax).toBeGreaterThanOrEqual(latest.transactionMin)
  expect(latest.transactionMin).toBeGreaterThan(0)
})

test('a sink measures its puts, and how old records were when they were put and flushed', async () => {
  const topic = await filled(120)
  const sink = collecting({ beforePut: () => new Promise((resolve) => setTimeout(resolve, 60)) })
  await using opened = await openSinkOf(around, sink, [topic])
  await runAndDrain(opened.run)
  const { sums, latest, latency, putLatency } = opened.run.progress.measures
  expect(sums).toMatchObject({ polled: 120, written: 120, commits: 1, failures: 0 })
  expect(sums.puts).toBeGreaterThanOrEqual(1)
  expect(sums.putMs).toBeGreaterThanOrEqual(50)
  expect(latest).toMatchObject({ partitions: 1, lagMax: 0, activeNow: 0 })
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count)
  expect([total(putLatency.counts), total(latency.counts)]).toEqual([120, 120])
  // Nothing under 50 ms: each put took longer. What is durable was put before.
  expect(putLatency.counts.slice(0, 3)).toEqual([0, 0, 0])
  expect(latency.sumMs).toBeGreaterThanOrEqual(putLatency.sumMs)
})

test('errors are counted as Connect counts them', async () => {
  const topic = await filled(10)
  const config = { 'errors.tolerance': 'all', 'errors.log.enable': 'true', 'errors.retry.timeout': '-1' }
  const transforms = {
    picky: (record: ConnectRecord) => {
      if (record.value === '3' || record.value === '7') throw new Error('not this one')
      return record
    },
  }
  const named = { ...config, transforms: 'p', 'transforms.p.type': 'picky' }
  await using opened = await openSinkOf(around, collecting(), [topic], { config: named, transforms })
  await runAndDrain(opened.run)
  const { sums, lastError } = opened.run.progress.measures
  expect(sums).toMatchObject({ failures: 2, errors: 2, skipped: 2, logged: 2, retries: 0 })
  expect(lastError).toBeGreaterThan(0)
})
