import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Meter } from '../../../lib/pipeline/meter.ts'
import { LATENCY_BOUNDS_MS, NO_MEASURES, packed, quantile, together, unpacked } from '../../../lib/state/measures.ts'

const calls = fc.array(fc.tuple(fc.nat(5_000), fc.nat(10_000), fc.nat(400_000)), { maxLength: 30 })

function measured(polls: readonly (readonly [number, number, number])[]) {
  const meter = new Meter()
  for (const [records, ms, age] of polls) {
    meter.polled(records, ms)
    meter.acknowledged(records, Date.now() - age)
    meter.committed(ms)
    if (age % 7 === 0) meter.error()
  }
  return meter.measures()
}

test('what is measured comes back from the lease as it was, in whole numbers and tenths', () => {
  fc.assert(
    fc.property(calls, (polls) => {
      const lists = packed(measured(polls))
      expect(packed(unpacked(lists))).toEqual(lists)
      expect(unpacked(lists).sums).toEqual(measured(polls).sums)
    }),
  )
  expect(unpacked()).toEqual(NO_MEASURES)
  expect(packed(NO_MEASURES)).toEqual([[], [], [], [], []])
})

test('sums and latencies of slices add up; the rest is of the last one', () => {
  fc.assert(
    fc.property(calls, calls, (first, second) => {
      const [before, slice] = [measured(first), measured(second)]
      const all = together(before, slice)
      expect(all.sums.polled).toBe([...first, ...second].reduce((sum, [records]) => sum + records, 0))
      expect(all.latest).toEqual(slice.latest)
      const total = ({ counts }: { readonly counts: readonly number[] }) => counts.reduce((sum, count) => sum + count)
      expect(total(all.latency)).toBe(total(before.latency) + total(slice.latency))
    }),
  )
})

test('a quantile lies in the bucket that holds it', () => {
  const counts = LATENCY_BOUNDS_MS.map(() => 0).concat(0)
  expect(quantile(0.5, { counts, sumMs: 0 })).toBeNull()
  counts[2] = 90
  counts[7] = 10
  expect(quantile(0.5, { counts, sumMs: 0 })).toBeCloseTo(25 + 25 * (50 / 90))
  expect(quantile(0.99, { counts, sumMs: 0 })).toBeCloseTo(1_000 + 1_500 * 0.9)
  counts[LATENCY_BOUNDS_MS.length] = 1_000
  expect(quantile(0.99, { counts, sumMs: 0 })).toBe(300_000)
})
