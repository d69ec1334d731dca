/** A task that is run in slices: what sources and sinks have in common for who runs them. */
import type { Budget } from '../connect/budget.ts'
import type { Progress } from '../state/leases.ts'

/** Why a run ended. Failures are thrown. */
export type Outcome =
  | { readonly kind: 'budget' }
  /** Nothing to do; worth another look after `idleMs`. */
  | { readonly kind: 'idle'; readonly idleMs: number; readonly note: string | null }
  | { readonly kind: 'done' }

export interface Run {
  /** Until the budget ends, the task is idle or done. May be called again until `drain`. */
  run(budget: Budget): Promise<Outcome>
  /**
   * Everything that was read has ended and its offsets are committed; nothing is in flight afterwards. After a
   * failure of `run`: what had ended is committed, or the transaction aborted. Rejects where that can't be had.
   */
  drain(budget: Budget): Promise<void>
  stop(): Promise<void>
  /** Of this run, as of now. */
  readonly progress: Progress
  /** When records came first and last, epoch ms. */
  readonly firstRecords: number | null
  readonly lastRecords: number | null
}
