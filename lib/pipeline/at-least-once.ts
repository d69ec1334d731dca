/**
 * At-least-once delivery: batches go out while earlier ones are on their way; offsets of what has ended are committed
 * at an interval and at the drain.
 */
import type { Budget } from '../connect/budget.ts'
import type { Producer } from '../kafka/producer.ts'
import type { Delivery } from './delivery.ts'
import type { ProduceStage } from './produce.ts'
import type { CommitNotice } from './source-offsets.ts'
import { type SourceBatch, type SourceOffset, SourceProgress } from './source-progress.ts'
import { untilEnded, within } from './waiting.ts'

export interface AtLeastOnceDeps {
  readonly producer: Producer
  readonly stage: ProduceStage
  /** Makes offsets durable, whose records are. */
  readonly save: (offsets: readonly SourceOffset[]) => Promise<void>
  readonly notice: CommitNotice
  /** `offset.flush.interval.ms`. */
  readonly intervalMs: number
}

export class AtLeastOnce implements Delivery {
  onFailure: (() => void) | undefined = undefined
  readonly #deps: AtLeastOnceDeps
  readonly #progress = new SourceProgress()
  #committing: Promise<void> | null = null
  #failure: unknown = null
  #inDoubt = false
  readonly #timer: NodeJS.Timeout

  constructor(deps: AtLeastOnceDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => this.#commit(), deps.intervalMs)
    this.#timer.unref()
    deps.producer.onAcknowledged = () => this.#settle()
  }

  async deliver(batch: SourceBatch, budget: Budget): Promise<void> {
    this.check()
    const { producer, stage } = this.#deps
    const written = await stage.produce(batch.records, batch.tally, budget)
    this.#progress.add(producer.appended, written, batch)
    this.#settle()
    await untilEnded(producer.room(), budget)
  }

  get isOpen(): boolean {
    return false
  }

  /** Offsets that come late may be older than the next slice's. */
  get isDecided(): boolean {
    return this.#committing === null && !this.#inDoubt
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  async drain(budget: Budget): Promise<void> {
    clearInterval(this.#timer)
    const { producer } = this.#deps
    await within(producer.flush(), budget, 'Waiting for the last records to be acknowledged')
    // One may be under way; the other is for the rest.
    await this.#committed(budget)
    this.#commit()
    await this.#committed(budget)
    this.check()
  }

  /** Takes note of what is acknowledged. */
  #settle(): void {
    const { producer, notice } = this.#deps
    notice.acknowledged(this.#progress.settle(producer.acknowledged))
  }

  async #committed(budget: Budget): Promise<void> {
    if (this.#committing !== null) await within(this.#committing, budget, 'Committing the source offsets')
  }

  /** Commits the offsets of what has ended, unless a commit is under way. */
  #commit(): void {
    const { save, notice } = this.#deps
    this.#settle()
    if (this.#committing !== null || this.#failure !== null || !this.#progress.isDue) return
    const committable = this.#progress.take()
    const began = Date.now()
    this.#committing = save(committable.offsets)
      .then(() => notice.committed(committable, Date.now() - began))
      .catch((error: unknown) => {
        notice.failed()
        this.#failure = error
        this.#inDoubt = true
        this.onFailure?.()
      })
      .finally(() => {
        this.#committing = null
      })
  }
}
