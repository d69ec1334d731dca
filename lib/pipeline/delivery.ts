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
  /** What was delivered waits for the connector to end its transaction: until then the run is not idle. */
  readonly isOpen: boolean
  /** After `drain`: false where something was sent of which the outcome isn't known. */
  readonly isDecided: boolean
  /** Throws what failed beside `deliver`. */
  check(): void
  /** Called when something failed beside `deliver`. */
  onFailure: (() => void) | undefined
}
