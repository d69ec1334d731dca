import { expect, test } from 'vitest'
import { UNCOMPRESSED } from '../../../lib/kafka/compression.ts'
import { type Fetched, FetchedBatches } from '../../../lib/kafka/fetched-batches.ts'
import { RecordBatchEncoder, stampBatch } from '../../../lib/kafka/record-batch-encoder.ts'

const ALL = { committedOnly: false, control: false, checkCrcs: true }

/** A batch as compaction leaves it: `kept` of its records, of `span` offsets. */
function compacted(baseOffset: number, kept: number, span: number): Buffer {
  const encoder = new RecordBatchEncoder()
  for (let n = 0; n < Math.max(1, kept); n++) encoder.append(null, `${n}`, 1, [])
  const whole = encoder.finish(false, UNCOMPRESSED)
  const batch = kept === 0 ? Buffer.from(whole.subarray(0, 61)) : whole
  batch.writeBigInt64BE(BigInt(baseOffset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(span - 1, 23)
  batch.writeInt32BE(kept, 57)
  stampBatch(batch, -1, -1, -1)
  return batch
}

function batches(...parts: readonly Buffer[]): FetchedBatches {
  const answer = { topic: 'orders', partition: 1, error: 0, highWatermark: 99, lastStableOffset: 99, aborted: [] }
  return new FetchedBatches({ ...answer, preferredReplica: -1, records: Buffer.concat(parts) }, ALL)
}

/** What is handed out from a position on: base offset, number of records, next offset; or the number passed over to. */
function walk(read: FetchedBatches, from: number): unknown[] {
  const seen: unknown[] = []
  let position = from
  for (let next = read.next(position); next !== null; next = read.next(position)) {
    const found = next as Fetched
    seen.push(typeof next === 'number' ? next : [found.baseOffset, found.count, found.nextOffset])
    position = typeof next === 'number' ? next : next.nextOffset
  }
  return seen
}

test('what compaction leaves: gaps in offsets, batches without records, a position beyond the last record', () => {
  const parts = [compacted(0, 3, 10), compacted(10, 0, 5), compacted(20, 1, 4)]
  expect(batches(...parts).lastOffset()).toBe(24)
  expect(walk(batches(...parts), 0)).toEqual([[0, 3, 10], 15, [20, 1, 24]])
  expect(walk(batches(...parts), 2)).toEqual([[0, 1, 10], 15, [20, 1, 24]])
  expect(walk(batches(...parts), 5)).toEqual([10, 15, [20, 1, 24]])
  expect(walk(batches(...parts), 22)).toEqual([22, 22, 24])
})

test('a cut batch is left for the next fetch', () => {
  const parts = [compacted(0, 2, 2), compacted(2, 50, 50).subarray(0, 100)]
  expect(batches(...parts).lastOffset()).toBe(2)
  expect(walk(batches(...parts), 0)).toEqual([[0, 2, 2]])
  expect(batches(parts[1] ?? Buffer.alloc(0)).lastOffset()).toBeNull()
})

test('a bad checksum is found after the good batches before it, each time again', () => {
  const bad = compacted(2, 2, 2)
  bad[65] = (bad[65] ?? 0) ^ 1
  const read = batches(compacted(0, 2, 2), bad)
  expect(read.next(0)).toMatchObject({ count: 2 })
  for (const _ of [1, 2])
    expect(() => read.next(2)).toThrow(/offset 2 of topic orders, partition 1 is corrupt: its CRC-32C/)
})
