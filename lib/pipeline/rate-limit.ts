/** `penstock.rate.limit` and `penstock.rate.limit.bytes`: so much a second, spread over the second. */
import { type Budget, pause } from '../connect/budget.ts'

/** Records are let through in portions of so much time, in ms: short enough to look even, long enough to be cheap. */
const PORTION_MS = 100

/** Of a task, each second; 0 or less means no limit. Bytes are those of keys and values. */
export interface Rates {
  readonly records: number
  readonly bytes: number
}

export interface RateLimit {
  readonly isSet: boolean
  /** No more records than this at once, of so many bytes each as a mean; `size` 0 where that isn't known yet. */
  portion(size: number): number
  /** Waits until more records, which have just been read, are due. Ends with the budget. */
  spend(records: number, bytes: number, budget: Budget): Promise<void>
}

const UNLIMITED: RateLimit = { isSet: false, portion: () => Number.POSITIVE_INFINITY, spend: () => DONE }
const DONE = Promise.resolve()

export function rateLimit(
  { records: perSecond, bytes: bytesPerSecond }: Rates,
  now: () => number = Date.now,
): RateLimit {
  if (perSecond <= 0 && bytesPerSecond <= 0) return UNLIMITED
  let due = now()
  return {
    isSet: true,
    portion(size) {
      const records = perSecond <= 0 ? Number.POSITIVE_INFINITY : (perSecond * PORTION_MS) / 1000
      const fitting = bytesPerSecond <= 0 || size <= 0 ? records : (bytesPerSecond * PORTION_MS) / 1000 / size
      return Math.max(1, Math.round(Math.min(records, fitting)))
    },
    spend(records, bytes, budget) {
      const time = now()
      const forRecords = perSecond <= 0 ? 0 : (records * 1000) / perSecond
      const forBytes = bytesPerSecond <= 0 ? 0 : (bytes * 1000) / bytesPerSecond
      due = Math.max(due, time - PORTION_MS) + Math.max(forRecords, forBytes)
      return due > time ? pause(due - time, budget) : DONE
    },
  }
}
