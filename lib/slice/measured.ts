/** What a slice measures beside its run, and what it adds to the slices before it (docs/metrics.md). */
import type { End, Lease, RunProgress } from '../state/lease.ts'
import { type Measures, NO_MEASURES, type PackedMeasures, packed, together, unpacked } from '../state/measures.ts'

/** Of this slice alone. `lease` as the slice got it; `end` null while it runs. */
export function sliceMeasures(lease: Lease, run: RunProgress | null, end: End | null): Measures {
  const { sums, latest, ...rest } = run?.measures ?? NO_MEASURES
  const gap = handOverMs(lease, run)
  const own = {
    restarts: isRestart(lease) ? 1 : 0,
    failed: end?.kind === 'failed' ? 1 : 0,
    handOvers: gap === null ? 0 : 1,
    handOverMs: gap ?? 0,
  }
  return { sums: { ...sums, ...own }, latest: { ...latest, handOverMs: gap ?? 0 }, ...rest }
}

/** For the lease. */
export function measuredSoFar(lease: Lease, slice: Measures): PackedMeasures {
  return packed(together(unpacked(lease.progress.measured), slice))
}

/** The slice before failed, or was cut off. */
function isRestart({ end, clean, epoch }: Lease): boolean {
  return end?.kind === 'failed' || (!clean && epoch > 1)
}

/** From the last poll of the slice before, which had more to do, to the first of this one; null where there was no such. */
function handOverMs({ end, progress }: Lease, run: RunProgress | null): number | null {
  if (end?.kind !== 'again' || progress.lastPoll === null || !run?.firstPoll) return null
  return Math.max(0, run.firstPoll - progress.lastPoll)
}
