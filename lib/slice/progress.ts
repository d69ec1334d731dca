/** A task's counters over its slices. */
import type { Progress } from '../state/leases.ts'

/** What earlier slices counted, and this one so far. Times and lag are the newest known. */
export function total(before: Progress, slice: Progress | null): Progress {
  if (slice === null) return before
  return {
    read: before.read + slice.read,
    filtered: before.filtered + slice.filtered,
    written: before.written + slice.written,
    skipped: before.skipped + slice.skipped,
    deadLettered: before.deadLettered + slice.deadLettered,
    retried: before.retried + slice.retried,
    lastPoll: slice.lastPoll ?? before.lastPoll,
    lastCommit: slice.lastCommit ?? before.lastCommit,
    lag: slice.lag ?? before.lag,
    note: slice.note,
  }
}

/** Records that have ended, one way or the other. */
export function ended({ written, filtered, skipped, deadLettered }: Progress): number {
  return written + filtered + skipped + deadLettered
}

/** RUNNING is shown on evidence alone: records have ended, or the task has looked and found nothing. */
export function isEvidence(slice: Progress): boolean {
  return ended(slice) > 0 || (slice.lastPoll !== null && slice.read === 0)
}
