/** How the batches of a source get to Kafka together with their offsets. */
import type { Budget } from '../connect/budget.ts'
import type { SourceBatch } from './source-progress.ts'

export interface Delivery {
  /**
   * Takes a batch; resolves when there is room for another. Rejects with what failed, of this or of an earlier batch:
   * then only `drain` may follow.
   */
  deliver(batch: SourceBatch, budget: Budget): Promise<void>
  /**
   * Resolves when everything that was delivered is durable and its offsets are committed. After a failure: when
   * what can be is, and nothing is in flight; it then rejects with the failure.
   */
  drain(budget: Budget): Promise<void>
  /** Throws what failed beside `deliver`. */
  check(): void
  /** Called when something failed beside `deliver`. */
  onFailure: (() => void) | undefined
}
