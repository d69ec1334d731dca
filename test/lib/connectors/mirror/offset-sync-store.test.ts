/** Translation of groups' offsets: never past a record that a group hasn't read, exact at what was written last. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OffsetSyncStore, TOO_FAR_BACK } from '../../../../lib/connectors/mirror/checkpoint/offset-sync-store.ts'

const PLACE = { topic: 't', partition: 0 }

/** Upstream offsets with gaps (markers, compaction), downstream ones with others. */
const records = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 300 })
  .map((steps) => {
    let [up, down] = [0, 0]
    return steps.map(([u, d]) => {
      up += u
      down += d
      return { ...PLACE, upstreamOffset: up, downstreamOffset: down }
    })
  })

test('never past what a group has not read, and no further back than the first sync', () => {
  fc.assert(
    fc.property(records, fc.nat(12_500), (syncs, upstream) => {
      const store = new OffsetSyncStore(false)
      for (const sync of syncs) store.add(sync)
      const translated = store.translate(PLACE, upstream) ?? Number.NaN
      const first = syncs[0]?.upstreamOffset ?? 0
      if (upstream < first) return translated === TOO_FAR_BACK
      const unread = syncs.find(({ upstreamOffset }) => upstreamOffset >= upstream)?.downstreamOffset
      return translated >= 0 && (unread === undefined || translated <= unread)
    }),
  )
})

test('exact at the last record and right behind it; the further back the coarser, and never the other way round', () => {
  fc.assert(
    fc.property(records, (syncs) => {
      const store = new OffsetSyncStore(false)
      for (const sync of syncs) store.add(sync)
      const last = syncs.at(-1) as (typeof syncs)[number]
      const first = syncs[0] as (typeof syncs)[number]
      expect(store.translate(PLACE, last.upstreamOffset)).toBe(last.downstreamOffset)
      expect(store.translate(PLACE, last.upstreamOffset + 7)).toBe(last.downstreamOffset + 1)
      let before = -1
      for (let upstream = first.upstreamOffset; upstream <= last.upstreamOffset; upstream++) {
        const translated = store.translate(PLACE, upstream) ?? Number.NaN
        expect(translated).toBeGreaterThanOrEqual(before)
        before = translated
        // At a distance of n from the end there is a sync within about n, as far as syncs are that close together.
        const distance = last.upstreamOffset - upstream
        const known = syncs.findLast(({ downstreamOffset }) => downstreamOffset <= translated)
        expect(upstream - (known?.upstreamOffset ?? 0)).toBeLessThanOrEqual(2 * distance + 2 * 40)
      }
    }),
    { numRuns: 30 },
  )
})

test('a rewind upstream makes all that was known void', () => {
  const store = new OffsetSyncStore(false)
  store.add({ ...PLACE, upstreamOffset: 100, downstreamOffset: 1_000 })
  store.add({ ...PLACE, upstreamOffset: 5, downstreamOffset: 2_000 })
  expect(store.translate(PLACE, 4)).toBe(TOO_FAR_BACK)
  expect(store.translate(PLACE, 100)).toBe(2_001)
})

test('without checkpoints to compare with, only what came last counts, until the end was reached', () => {
  const store = new OffsetSyncStore(true)
  store.add({ ...PLACE, upstreamOffset: 10, downstreamOffset: 10 })
  store.add({ ...PLACE, upstreamOffset: 1_000, downstreamOffset: 1_000 })
  store.readToEnd()
  expect(store.translate(PLACE, 500)).toBe(TOO_FAR_BACK)
  store.add({ ...PLACE, upstreamOffset: 2_000, downstreamOffset: 2_000 })
  expect(store.translate(PLACE, 1_500)).toBe(1_001)
})

test('nothing is known of other partitions', () => {
  expect(new OffsetSyncStore(false).translate(PLACE, 1)).toBeUndefined()
})
