/** The put stage: hands records to the sink, again where that may help, and finds the ones that the sink can't take. */
import { type Budget, BudgetEnded } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { Failure, PluginLog, SinkTask } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { Counters } from './counters.ts'
import { type ErrorPolicy, place, StageError, text } from './errors.ts'
import type { RateLimit } from './rate-limit.ts'
import { retried } from './retry.ts'
import { lastEnds, type PartitionEnd, type SinkBatch } from './sink-batch.ts'

export interface PutDeps {
  readonly task: SinkTask
  /** Java name of the connector, for errors. */
  readonly class: string
  readonly errors: ErrorPolicy
  readonly counters: Counters
  readonly limit: RateLimit
  /** Records that are put at once, at most. */
  readonly maxRecords: number
  readonly log: PluginLog
}

export class PutStage {
  readonly #deps: PutDeps

  constructor(deps: PutDeps) {
    this.#deps = deps
  }

  /**
   * Puts a batch, in portions, and tells `onPut` after each up to where records were put. Rejects with what failed for good,
   * and with `BudgetEnded` where the time was over before the batch was: the rest is read again.
   */
  async put(batch: SinkBatch, budget: Budget, onPut: (ends: readonly PartitionEnd[]) => void): Promise<void> {
    const { limit, maxRecords } = this.#deps
    const { records, tallies } = batch
    const portion = Math.min(maxRecords, limit.portion)
    for (let at = 0; at < records.length; at += portion) {
      const whole = records.length <= portion
      const some = whole ? records : records.slice(at, at + portion)
      await this.#attempt(some, tallies, budget)
      onPut(lastEnds(some))
      await limit.spend(some.length, budget)
      if (at + portion < records.length && budget.signal.aborted) throw new BudgetEnded('The time was over')
    }
    for (const tally of tallies.all()) tally.written += tally.inFlight
  }

  async #attempt(records: readonly ConnectRecord[], tallies: SinkBatch['tallies'], budget: Budget): Promise<void> {
    const { task } = this.#deps
    let failures: readonly Failure[]
    try {
      failures = await retried('a put', records.length, () => task.put(records, budget), this.#deps, budget)
    } catch (error) {
      if (error instanceof BudgetEnded) throw error
      if (error instanceof ConnectError && error.kind === 'data')
        return await this.#bisect(records, error, tallies, budget)
      const first = records[0] === undefined ? '' : `, the first one ${place(records[0].origin)}`
      const message = `TASK_PUT by ${this.#deps.class} failed for ${records.length} records${first}: ${text(error)}`
      throw new StageError('TASK_PUT', message, error)
    }
    this.#reject(failures, tallies)
  }

  /** The sink can't take one of the records, and doesn't say which: halves, down to the record. */
  async #bisect(
    records: readonly ConnectRecord[],
    error: ConnectError,
    tallies: SinkBatch['tallies'],
    budget: Budget,
  ): Promise<void> {
    const [record] = records
    if (record === undefined) return
    if (records.length === 1) return this.#reject([{ record, error }], tallies)
    const half = records.length >> 1
    await this.#attempt(records.slice(0, half), tallies, budget)
    await this.#attempt(records.slice(half), tallies, budget)
  }

  #reject(failures: readonly Failure[], tallies: SinkBatch['tallies']): void {
    for (const { record, error } of failures) {
      const { origin } = record
      const failed = { stage: 'TASK_PUT', class: this.#deps.class, origin, record, error } as const
      this.#deps.errors.reject(failed, tallies.of(origin))
    }
  }
}
