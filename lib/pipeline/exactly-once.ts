/**
 * Exactly-once delivery (KIP-618): records and offsets in one transaction. A transaction holds whole polls: while one
 * commits, the polls that come gather for the next. Where the connector ends the transactions, each is its own.
 */
import type { Budget } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { Delivery } from './delivery.ts'
import type { ProduceStage } from './produce.ts'
import type { CommitNotice, OffsetWriter } from './source-offsets.ts'
import { partitionKey, type SourceBatch, type SourceOffset } from './source-progress.ts'
import type { Ending, TransactionBoundary } from './transaction-boundary.ts'
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
  readonly boundary: TransactionBoundary
  /** `transaction.timeout.ms` */
  readonly timeoutMs: number
  readonly log: PluginLog
}

interface Transaction {
  /** Epoch ms. */
  readonly since: number
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
  #inDoubt = false

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

  get isOpen(): boolean {
    return this.#deps.boundary.kind === 'connector' && (this.#transaction !== null || this.#gathered.length > 0)
  }

  get isDecided(): boolean {
    return this.#working === null && this.#transaction === null && !this.#inDoubt
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
      // Taken off one by one: while a transaction commits, its records can go.
      for (let next = gathered.shift(); next !== undefined; next = gathered.shift()) {
        const { batch, budget } = next
        if (this.#transaction === null && batch.tally.read === 0) {
          this.#deps.notice.givenUp([batch.tally])
          continue
        }
        this.#transaction ??= await this.#begin()
        batch.tally.written += await this.#deps.stage.produce(batch.records, batch.tally, budget)
        this.#add(batch)
        await this.#deps.producer.room()
        if (batch.ending !== null) await this.#end(batch.ending)
      }
      if (this.#deps.boundary.kind === 'connector') await this.#giveUp()
      else if (this.#due || this.#deps.boundary.kind === 'poll') await this.#commit()
    }
  }

  async #begin(): Promise<Transaction> {
    const { producer, init, offsets, boundary } = this.#deps
    if (!this.#ready) {
      await init()
      await offsets.prepare()
      this.#ready = true
    }
    producer.begin()
    if (boundary.kind === 'interval')
      this.#timer = setTimeout(() => {
        this.#due = true
        this.#work()
      }, boundary.intervalMs)
    return { since: Date.now(), batches: [], offsets: new Map() }
  }

  #add(batch: SourceBatch): void {
    for (const entry of batch.offsets) this.#transaction?.offsets.set(partitionKey(entry.partition), entry)
    this.#transaction?.batches.push({ ...batch, records: [] })
  }

  /** Of an aborted transaction the offsets are committed, as in Connect: its records aren't to be read again. */
  async #end(ending: Ending): Promise<void> {
    const { producer } = this.#deps
    if (ending === 'abort') {
      await producer.abort()
      for (const { tally } of this.#transaction?.batches ?? []) tally.abort()
      producer.begin()
    }
    await this.#commit()
  }

  /** The time is over, and the connector has not ended its transaction: the next slice reads its records again. */
  async #giveUp(): Promise<void> {
    if (!this.#due) return
    this.#due = false
    const transaction = this.#transaction
    if (transaction === null) return
    const { producer, notice, log } = this.#deps
    await producer.abort()
    this.#transaction = null
    const tallies = transaction.batches.map(({ tally }) => tally)
    notice.givenUp(tallies)
    const records = tallies.reduce((sum, { read }) => sum + read, 0)
    log.warn(
      'the slice has ended within a transaction of the connector, which is dropped and read again: where that repeats itself, set penstock.slice.ms higher',
      { records, openMs: Date.now() - transaction.since },
    )
  }

  async #commit(): Promise<void> {
    this.#due = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    const transaction = this.#transaction
    if (transaction === null) return
    const { producer, offsets: writer, notice } = this.#deps
    const offsets = [...transaction.offsets.values()]
    writer.append(offsets)
    const began = Date.now()
    this.#inDoubt = true
    await producer.commit()
    this.#inDoubt = false
    this.#transaction = null
    writer.written(offsets)
    await notice.committed({ offsets, tallies: transaction.batches.map(({ tally }) => tally) }, Date.now() - began)
  }

  /** What the transaction holds is dropped, and read again by the next slice. The abort is waited for by the drain. */
  async #fail(error: unknown): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    const transaction = this.#transaction
    if (this.#inDoubt) this.#deps.notice.failed()
    this.#transaction = null
    this.#gathered = []
    this.#failure = this.#expired(transaction) ? timedOut(this.#deps.timeoutMs, error) : error
    this.#onRoom?.()
    this.onFailure?.()
    // A producer that is broken can't abort: the next one's `init` does.
    if (transaction !== null)
      await this.#deps.producer.abort().catch(() => {
        this.#inDoubt = true
      })
  }

  /** The broker has aborted it, or is about to. */
  #expired(transaction: Transaction | null): boolean {
    return transaction !== null && Date.now() - transaction.since >= this.#deps.timeoutMs
  }
}

/** Connect's advice. */
function timedOut(timeoutMs: number, cause: unknown): ConnectError {
  const kind = cause instanceof ConnectError ? cause.kind : 'fatal'
  return new ConnectError(
    `The task was unable to finish writing records to Kafka before its producer transaction expired (transaction.timeout.ms=${timeoutMs}). Increase producer.override.transaction.timeout.ms, tune the connector's producer for higher throughput, decrease transaction.boundary.interval.ms (if using interval-based transaction boundaries), or use the 'poll' transaction boundary`,
    { kind, cause },
  )
}
