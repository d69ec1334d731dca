/**
 * Exactly-once delivery (KIP-618): records and offsets in one transaction. A transaction holds whole polls: while one
 * commits, the polls that come gather for the next.
 */
import type { Budget } from '../connect/budget.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { Delivery } from './delivery.ts'
import type { ProduceStage } from './produce.ts'
import type { CommitNotice, OffsetWriter } from './source-offsets.ts'
import { partitionKey, type SourceBatch, type SourceOffset } from './source-progress.ts'
import { within } from './waiting.ts'

/** Polls that may gather; each is about a megabyte at most. */
const MOST_GATHERED = 8

export interface ExactlyOnceDeps {
  readonly producer: TransactionalProducer
  /** Called before the first transaction: `producer.init`, or nothing where it has run. */
  readonly init: () => Promise<void>
  readonly stage: ProduceStage
  readonly offsets: OffsetWriter
  readonly notice: CommitNotice
  /** `transaction.boundary`: null for poll, else the interval in ms. */
  readonly intervalMs: number | null
}

interface Transaction {
  readonly batches: SourceBatch[]
  readonly offsets: Map<string, SourceOffset>
}

export class ExactlyOnce implements Delivery {
  onFailure: (() => void) | undefined = undefined
  readonly #deps: ExactlyOnceDeps
  #ready = false
  #gathered: { readonly batch: SourceBatch; readonly budget: Budget }[] = []
  #transaction: Transaction | null = null
  /** The open transaction is to be committed even if nothing more comes. */
  #due = false
  #timer: NodeJS.Timeout | null = null
  #working: Promise<void> | null = null
  #onRoom: (() => void) | null = null
  #failure: unknown = null

  constructor(deps: ExactlyOnceDeps) {
    this.#deps = deps
  }

  async deliver(batch: SourceBatch, budget: Budget): Promise<void> {
    this.check()
    this.#gathered.push({ batch, budget })
    this.#work()
    while (this.#gathered.length >= MOST_GATHERED && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve
      })
    }
    this.check()
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  async drain(budget: Budget): Promise<void> {
    do {
      this.#due = true
      this.#work()
      if (this.#working !== null) await within(this.#working, budget, 'Committing the last transaction')
      this.check()
    } while (this.#transaction !== null || this.#gathered.length > 0)
  }

  #work(): void {
    if (this.#failure !== null) return
    this.#working ??= this.#transact()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#working = null
      })
  }

  /** One transaction after the other, until nothing is gathered. */
  async #transact(): Promise<void> {
    while (this.#gathered.length > 0 || this.#due) {
      const gathered = this.#gathered
      this.#gathered = []
      this.#onRoom?.()
      if (gathered.length > 0) this.#transaction ??= await this.#begin()
      // Taken off one by one: while a transaction commits, its records can go.
      for (let next = gathered.shift(); next !== undefined; next = gathered.shift()) {
        const { batch, budget } = next
        batch.tally.written += await this.#deps.stage.produce(batch.records, batch.tally, budget)
        this.#add(batch)
        await this.#deps.producer.room()
      }
      if (this.#due || this.#deps.intervalMs === null) await this.#commit()
    }
  }

  async #begin(): Promise<Transaction> {
    const { producer, init, offsets, intervalMs } = this.#deps
    if (!this.#ready) {
      await init()
      await offsets.prepare()
      this.#ready = true
    }
    producer.begin()
    if (intervalMs !== null)
      this.#timer = setTimeout(() => {
        this.#due = true
        this.#work()
      }, intervalMs)
    return { batches: [], offsets: new Map() }
  }

  #add(batch: SourceBatch): void {
    for (const entry of batch.offsets) this.#transaction?.offsets.set(partitionKey(entry.partition), entry)
    this.#transaction?.batches.push({ ...batch, records: [] })
  }

  async #commit(): Promise<void> {
    this.#due = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    const transaction = this.#transaction
    if (transaction === null) return
    const { producer, offsets: writer, notice } = this.#deps
    const offsets = [...transaction.offsets.values()]
    writer.append(offsets)
    await producer.commit()
    this.#transaction = null
    writer.written(offsets)
    await notice.committed({ offsets, tallies: transaction.batches.map(({ tally }) => tally) })
  }

  /** What the transaction holds is dropped, and read again by the next slice. The abort is waited for by the drain. */
  async #fail(error: unknown): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    const isOpen = this.#transaction !== null
    this.#transaction = null
    this.#gathered = []
    this.#failure = error
    this.#onRoom?.()
    this.onFailure?.()
    // A producer that is broken can't abort: the next one's `init` does.
    if (isOpen) await this.#deps.producer.abort().catch(() => {})
  }
}
