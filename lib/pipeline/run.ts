/** A task that is run in slices: what sources and sinks have in common for who runs them. */
import type { Budget } from '../connect/budget.ts'
import { RetriableError } from '../connect/errors.ts'
import type { RunProgress } from '../state/lease.ts'

/** Why a run ended. Failures are thrown. */
export type Outcome =
  | { readonly kind: 'budget' }
  /** Nothing to do; worth another look after `idleMs`. */
  | {
      readonly kind: 'idle'
      readonly idleMs: number
      /** Nothing can come earlier. */
      readonly certain: boolean
      /** `Polled.mark` */
      readonly mark: string | null
    }
  | { readonly kind: 'done' }

/**
 * What was sent may take effect or not, and later: a transaction whose end has no answer, a write to the target that
 * failed without one. The next slice has to see to it.
 */
export class InDoubt extends RetriableError {}

export interface Run {
  /**
   * Asks for the first records ahead of `run`: nothing is counted, converted or written. Resolves when they are there, or
   * the budget has ended. Never rejects: `run` meets what went wrong.
   */
  prefetch(budget: Budget): Promise<void>
  /** Until the budget ends, the task is idle or done. May be called again until `drain`. */
  run(budget: Budget): Promise<Outcome>
  /**
   * Everything that was read has ended and its offsets are committed; nothing is in flight afterwards. After a
   * failure of `run`: what had ended is committed, or the transaction aborted. Rejects where that can't be had, with
   * `InDoubt` where the run had failed before, or had given up something when its time was over.
   */
  drain(budget: Budget): Promise<void>
  stop(): Promise<void>
  /** Of this run, as of now. */
  readonly progress: RunProgress
  /** When records came first and last, epoch ms. */
  readonly firstRecords: number | null
  readonly lastRecords: number | null
}
