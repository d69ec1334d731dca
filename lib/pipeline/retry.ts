/** Trying again what failed as a whole, for as long as there is time. */
import { type Budget, BudgetEnded, pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { Counters } from './counters.ts'

/** Waits between attempts, in ms; doubling. */
const FIRST_MS = 100
const LONGEST_MS = 10_000

export interface Retries {
  readonly counters: Counters
  readonly log: PluginLog
}

/**
 * Runs a step until it doesn't fail with a retriable error. `what` begins the log's lines: "the flush of the sink"; `count`
 * records are counted as retried. Rejects with other errors, and with `BudgetEnded` where the time is over before.
 */
export async function retried<T>(
  what: string,
  count: number,
  step: () => Promise<T>,
  { counters, log }: Retries,
  budget: Budget,
): Promise<T> {
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_MS)) {
    try {
      const value = await step()
      if (waitMs > FIRST_MS) counters.note = null
      return value
    } catch (error) {
      if (!(error instanceof ConnectError)) {
        if (budget.signal.aborted) throw new BudgetEnded(`The time was over while ${what}`, { cause: error })
        throw error
      }
      if (error.kind !== 'retriable') throw error
      counters.retried += count
      counters.meter.count('retries')
      counters.note = error.message
      log.warn(`${what} failed and will be tried again`, { error: error.message, retryMs: waitMs })
      await pause(waitMs, budget)
      if (budget.signal.aborted) throw new BudgetEnded(`The time was over while ${what}`, { cause: error })
    }
  }
}

/** Whether a call to the target that failed so may still take effect: its answer may have been lost. */
export function isInDoubt(error: unknown): boolean {
  return !(error instanceof ConnectError) || (error.kind !== 'data' && error.kind !== 'config')
}
