/** What a task has used on the present day, as its lease has it: earlier slices' and this one's so far. */
import type { Lease } from '../state/lease.ts'
import { type DayUsage, dayOf, NO_USAGE, plus, type Usage } from '../state/usage.ts'

export interface TaskUsage {
  /** For the lease. */
  readonly now: () => DayUsage
  /** Of a day that is over; once a lease without it is written, it is to be filed. */
  readonly over: DayUsage | null
}

/** A slice that goes over midnight counts for the day it began on. */
export function taskUsage({ progress }: Lease, used: () => Usage, startedAt = Date.now()): TaskUsage {
  const day = dayOf(startedAt)
  const before = progress.usage ?? null
  const same = before?.day === day ? before : null
  const now = () => ({ ...plus(same ?? NO_USAGE, used()), day, since: same?.since ?? startedAt })
  return { now, over: same === null ? before : null }
}
