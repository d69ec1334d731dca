/** `penstock.rate.limit`: so many records a second, spread over the second. */
import { type Budget, pause } from '../connect/budget.ts'

/** Records are let through in portions of so much time, in ms: short enough to look even, long enough to be cheap. */
const PORTION_MS = 100

export interface RateLimit {
  /** No more records than this at once. */
  readonly portion: number
  /** Waits until `count` more records, which have just been read, are due. Ends with the budget. */
  spend(count: number, budget: Budget): Promise<void>
}

const UNLIMITED: RateLimit = { portion: Number.POSITIVE_INFINITY, spend: () => DONE }
const DONE = Promise.resolve()

/** `perSecond` of 0 or less means no limit. */
export function rateLimit(perSecond: number, now: () => number = Date.now): RateLimit {
  if (perSecond <= 0) return UNLIMITED
  let due = now()
  return {
    portion: Math.max(1, Math.round((perSecond * PORTION_MS) / 1000)),
    spend(count, budget) {
      const time = now()
      due = Math.max(due, time - PORTION_MS) + (count * 1000) / perSecond
      return due > time ? pause(due - time, budget) : DONE
    },
  }
}
