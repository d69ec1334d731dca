/** A task's counters over its slices, and whether they add up (docs/counters.md). */
import { type Accounting, NO_PROGRESS, type Outcomes, type Progress, type RunProgress } from '../state/lease.ts'

/**
 * What earlier slices counted, and this one so far. What a slice that was cut off had counted beyond its commits is
 * taken back: it is read again. Times and lag are the newest known.
 */
export function total(before: Progress, slice: RunProgress | null, generation: number): Progress {
  if (slice === null) return before
  // A lease from before there was accounting: the count starts anew.
  const { accounting, retried, ...known } = 'accounting' in before ? before : NO_PROGRESS
  const sum = (name: keyof Outcomes) => known[name] - accounting.ahead[name] + slice[name]
  return {
    read: sum('read'),
    filtered: sum('filtered'),
    written: sum('written'),
    skipped: sum('skipped'),
    deadLettered: sum('deadLettered'),
    retried: retried + slice.retried,
    lastPoll: slice.lastPoll ?? known.lastPoll,
    lastCommit: slice.lastCommit ?? known.lastCommit,
    lag: slice.lag ?? known.lag,
    note: slice.note,
    accounting: account(accounting, slice, generation),
  }
}

function account(before: Accounting, { accounting: slice }: RunProgress, generation: number): Accounting {
  const { committed } = before
  const { range } = slice
  // What was committed after the last that a slice told of itself; less where somebody has set the offsets back.
  const unseen = range === null || committed?.generation !== generation ? 0 : Math.max(0, range.from - committed.sum)
  return {
    passed: before.passed + unseen + slice.passed,
    gaps: before.gaps + slice.gaps,
    uncounted: before.uncounted + unseen,
    ahead: slice.ahead,
    committed: range === null ? null : { generation, sum: range.to },
    mismatch: before.mismatch ?? slice.mismatch,
  }
}

/** The progress to be sealed: with what doesn't add up, where something doesn't. */
export function audited(progress: Progress): Progress {
  const { read, filtered, written, skipped, deadLettered, accounting } = progress
  const { passed, gaps, uncounted, ahead, mismatch } = accounting
  const inFlight = read - filtered - written - skipped - deadLettered
  const aheadInFlight = ahead.read - ahead.filtered - ahead.written - ahead.skipped - ahead.deadLettered
  const adds = passed === read - ahead.read + gaps + uncounted && inFlight === aheadInFlight
  if (adds || mismatch !== null) return progress
  const counts = JSON.stringify({ passed, read, filtered, written, skipped, deadLettered, gaps, uncounted, ahead })
  return { ...progress, accounting: { ...accounting, mismatch: `the counters of all slices don't add up: ${counts}` } }
}

/** Records that have ended, one way or the other. */
export function ended({ written, filtered, skipped, deadLettered }: Outcomes): number {
  return written + filtered + skipped + deadLettered
}

/** RUNNING is shown on evidence alone: records have ended, or the task has looked and found nothing. */
export function isEvidence(slice: RunProgress): boolean {
  return ended(slice) > 0 || (slice.lastPoll !== null && slice.read === 0)
}
