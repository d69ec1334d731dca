/** The put stage: hands records to the sink, again where that may help, and finds the ones that the sink can't take. */
import { type Budget, BudgetEnded } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { Failure, PluginLog, SinkTask } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { Counters } from './counters.ts'
import { type ErrorPolicy, place, StageError, text } from './errors.ts'
import { type KeptPositions, nextOrigin, positionsAfter } from './kept-positions.ts'
import type { RateLimit } from './rate-limit.ts'
import { isInDoubt, retried } from './retry.ts'
import type { PartitionEnd, SinkBatch } from './sink-batch.ts'

export interface PutDeps {
  readonly task: SinkTask
  /** Java name of the connector, for errors. */
  readonly class: string
  readonly errors: ErrorPolicy
  readonly counters: Counters
  readonly limit: RateLimit
  /** Records that are put at once, at most. */
  readonly maxRecords: number
  /** Of a sink that keeps its positions in its target. */
  readonly kept: {
    readonly assignment: KeptPositions['assignment']
    /** Before positions are written: the dead letters of what they pass are durable. */
    beforePut(budget: Budget): Promise<void>
  } | null
  readonly log: PluginLog
}

export class PutStage {
  /** False where records of the last put may still get into the target, though it failed. */
  isDecided = true
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
    const size = batch.bytes / Math.max(1, records.length)
    const portion = Math.min(maxRecords, limit.portion(size))
    for (let at = 0, end = 0; at < records.length; at = end) {
      end = this.#endOf(records, at + portion)
      const some = at === 0 && end === records.length ? records : records.slice(at, end)
      await this.#attempt(some, tallies, budget)
      onPut(tallies.written(records, at, end))
      await limit.spend(some.length, some.length * size, budget)
      if (end < records.length && budget.signal.aborted) throw new BudgetEnded('The time was over')
    }
  }

  /** A position that is kept with the records passes all that came of one, or nothing. */
  #endOf(records: readonly ConnectRecord[], end: number): number {
    const most = Math.min(end, records.length)
    return this.#deps.kept === null ? most : nextOrigin(records, most)
  }

  async #attempt(records: readonly ConnectRecord[], tallies: SinkBatch['tallies'], budget: Budget): Promise<void> {
    const { task, counters, kept } = this.#deps
    let failures: readonly Failure[]
    const began = Date.now()
    const positions = kept === null ? undefined : positionsAfter(records, kept.assignment)
    const put = () => task.put(records, budget, positions)
    await kept?.beforePut(budget)
    try {
      failures = await retried('a put', records.length, put, this.#deps, budget)
      this.isDecided = true
      counters.meter.put(records.length - failures.length, Date.now() - began)
    } catch (error) {
      this.isDecided = !isInDoubt(error)
      if (error instanceof BudgetEnded) throw error
      if (error instanceof ConnectError && error.kind === 'data')
        return await this.#bisect(records, error, tallies, budget)
      const first = records[0] === undefined ? '' : `, the first one ${place(records[0].origin)}`
      const message = `TASK_PUT by ${this.#deps.class} failed for ${records.length} records${first}: ${text(error)}`
      throw new StageError('TASK_PUT', message, error)
    }
    this.#reject(failures, tallies)
    if (kept === null || failures.length === 0) return
    const failed = new Set(failures.map(({ record }) => record.origin))
    const others = records.filter(({ origin }) => !failed.has(origin))
    if (others.length > 0) await this.#attempt(others, tallies, budget)
  }

  /** The sink can't take one of the records, and doesn't say which: halves, down to the record. */
  async #bisect(
    records: readonly ConnectRecord[],
    error: ConnectError,
    tallies: SinkBatch['tallies'],
    budget: Budget,
  ): Promise<void> {
    if (records.length === 0) return
    const half = this.#endOf(records, records.length >> 1)
    if (half === 0 || half === records.length)
      return this.#reject(
        records.map((record) => ({ record, error })),
        tallies,
      )
    await this.#attempt(records.slice(0, half), tallies, budget)
    await this.#attempt(records.slice(half), tallies, budget)
  }

  #reject(failures: readonly Failure[], tallies: SinkBatch['tallies']): void {
    for (const { record, error } of failures) {
      const { origin } = record
      if (!tallies.refuse(origin)) continue
      const failed = { stage: 'TASK_PUT', class: this.#deps.class, origin, record, error } as const
      this.#deps.errors.reject(failed, tallies)
    }
  }
}
