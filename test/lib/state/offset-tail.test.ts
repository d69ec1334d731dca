/** A view and the tail from its positions tell what a full replay tells, wherever the log is cut. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KnownOffsets } from '../../../lib/state/known-offsets.ts'
import { encodeOffsetKey, encodeOffsetValue } from '../../../lib/state/offset-records.ts'
import { type OffsetBatch, OffsetTail } from '../../../lib/state/offset-tail.ts'
import {
  mergeViews,
  type OffsetEntry,
  type OffsetsView,
  packView,
  unpackView,
} from '../../../lib/state/offsets-view.ts'

const PARTITIONS = 2

/** What one producer does at a time. Producers 1 to 3 transact, 0 doesn't. */
interface Step {
  readonly kafkaPartition: number
  readonly producer: number
  readonly act: 'write' | 'tombstone' | 'other' | 'commit' | 'abort'
  readonly source: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kafkaPartition: fc.nat(PARTITIONS - 1),
  producer: fc.nat(3),
  act: fc.constantFrom('write', 'write', 'write', 'tombstone', 'other', 'commit', 'abort'),
  source: fc.nat(2),
})

/** A log of batches, one record each. A source partition's key is in one Kafka partition only. */
function logOf(steps: readonly Step[]): OffsetBatch[] {
  const ends = new Array<number>(PARTITIONS).fill(0)
  return steps.flatMap((one, index): OffsetBatch[] => {
    const { producer, act } = one
    const ends0 = act === 'commit' || act === 'abort'
    if (ends0 && producer === 0) return []
    const partitions = ends0 ? [0, 1] : [act === 'other' ? one.kafkaPartition : one.source % PARTITIONS]
    return partitions.map((partition) => {
      const position = ends[partition] ?? 0
      ends[partition] = position + 1
      const key = encodeOffsetKey('c', { s: one.source })
      const value = act === 'tombstone' ? null : encodeOffsetValue({ index })
      const entry: OffsetEntry = { key, value, kafkaPartition: partition, position, timestamp: index }
      return {
        partition,
        nextOffset: position + 1,
        producerId: producer === 0 ? null : producer,
        control: ends0 ? act : null,
        records: act === 'write' || act === 'tombstone' ? [entry] : [],
      }
    })
  })
}

/** What counts, told from the log as a whole: newest first, each transaction by its next marker. */
function expected(log: readonly OffsetBatch[]) {
  const newest = new Map<string, { readonly position: number; readonly value: string | null }>()
  for (const [i, { partition, producerId, records }] of log.entries()) {
    const [record] = records
    if (record === undefined) continue
    const end = log.slice(i).find((b) => b.partition === partition && b.producerId === producerId && b.control !== null)
    if (producerId !== null && end?.control !== 'commit') continue
    if (record.position > (newest.get(record.key)?.position ?? -1)) newest.set(record.key, record)
  }
  return [...newest]
    .flatMap(([key, { value }]) => (value === null ? [] : [{ key, offset: JSON.parse(value) as unknown }]))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, offset }) => ({ partition: (JSON.parse(key) as unknown[])[1], offset }))
}

interface Reader {
  readonly known: KnownOffsets
  readonly tail: OffsetTail
}

function reader(view: Pick<OffsetsView, 'positions' | 'entries'> = { positions: [0, 0], entries: [] }): Reader {
  const known = new KnownOffsets('c')
  for (const entry of view.entries) known.apply(entry)
  return { known, tail: new OffsetTail(view.positions, (entry) => known.apply(entry)) }
}

function read({ tail }: Reader, log: readonly OffsetBatch[]): void {
  const from = [...tail.next]
  for (const batch of log) if (batch.nextOffset > (from[batch.partition] ?? 0)) tail.visit(batch)
}

function sealed({ known, tail }: Reader): OffsetsView {
  const positions = tail.decided()
  const packed = packView({ topic: 'offsets', generation: 1, positions, entries: known.entries(positions) })
  const view = packed === null ? null : unpackView(packed)
  if (view === null) throw new Error('too long')
  return view
}

function offsets({ known }: Reader) {
  return known.all().sort((a, b) => Number(a.partition['s']) - Number(b.partition['s']))
}

test('a view and its tail', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.nat(120), { maxLength: 4 }), (steps, cuts) => {
      const log = logOf(steps)
      const whole = reader()
      read(whole, log)
      expect(offsets(whole)).toEqual(expected(log))
      let resumed = reader()
      for (const cut of cuts.sort((a, b) => a - b)) {
        read(resumed, log.slice(0, cut))
        resumed = reader(sealed(resumed))
      }
      read(resumed, log)
      expect(offsets(resumed)).toEqual(offsets(whole))
    }),
    { numRuns: 2_000 },
  )
})

test('the views of several tasks, taken at different times', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.nat(120), { minLength: 1, maxLength: 4 }),
      (steps, cuts) => {
        const log = logOf(steps)
        const whole = reader()
        read(whole, log)
        const views = cuts.map((cut) => {
          const task = reader()
          read(task, log.slice(0, cut))
          return sealed(task)
        })
        const merged = reader(mergeViews(views, PARTITIONS))
        read(merged, log)
        expect(offsets(merged)).toEqual(offsets(whole))
      },
    ),
    { numRuns: 2_000 },
  )
})

test('an open transaction counts for nothing until its end', () => {
  const open = logOf([
    { kafkaPartition: 0, producer: 0, act: 'write', source: 0 },
    { kafkaPartition: 0, producer: 1, act: 'write', source: 0 },
    { kafkaPartition: 0, producer: 0, act: 'write', source: 2 },
  ])
  const one = reader()
  read(one, open)
  expect(offsets(one)).toEqual([
    { partition: { s: 0 }, offset: { index: 0 } },
    { partition: { s: 2 }, offset: { index: 2 } },
  ])
  expect(one.tail.undecided()).toEqual(['0/1'])
  expect(one.tail.decided()).toEqual([1, 0])
})
