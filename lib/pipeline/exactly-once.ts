/**
 * Exactly-once delivery (KIP-618): records and offsets in one transaction. A transaction holds whole polls: while one
 * commits, the polls that come are converted into the next; under a flood it goes on growing, for what a commit costs is
 * the time in which nothing is sent. Where the connector ends the transactions, each is its own.
 *
 * The next poll is asked for when the last one is converted: records that wait would survive the heap's young generation,
 * and copying them costs more than a transaction does.
 */
import { type Budget, pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { Delivery } from './delivery.ts'
import type { ProduceStage } from './produce.ts'
import type { CommitNotice, OffsetWriter } from './source-offsets.ts'
import { partitionKey, type SourceBatch, type SourceOffset } from './source-progress.ts'
import type { Ending, TransactionBoundary } from './transaction-boundary.ts'
import { untilEnded, within } from './waiting.ts'
import type { WrittenRecords } from './written-records.ts'

/** Polls that come this close to each other, in ms, are a flood; a transaction takes them for so long, in ms. */
const FLOOD_MS = 5
const MOST_MS = 250
/** As long as that where more comes than the brokers take: what a commit costs is missing then. */
const MOST_MS_AT_THE_LIMIT = 1_000

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
  /** Null where the source doesn't ask for it. */
  readonly placed: WrittenRecords | null
  readonly log: PluginLog
}

interface Transaction {
  /** Epoch ms. */
  readonly since: number
  /** When its last poll came, epoch ms. */
  grown: number
  readonly batches: SourceBatch[]
  readonly offsets: Map<string, SourceOffset>
  /** Its polls had to wait until the brokers had taken what came before. */
  isAtTheLimit: boolean
}

export class ExactlyOnce implements Delivery {
  onFailure: (() => void) | undefined = undefined
  readonly #deps: ExactlyOnceDeps
  #ready = false
  #gathered: { readonly batch: SourceBatch; readonly budget: Budget }[] = []
  #transaction: Transaction | null = null
  /** Resolves when the transaction before the open one is committed. */
  #committing: Promise<void> | null = null
  /** Of the commit that has failed. */
  #lost: { readonly transaction: Transaction; readonly error: unknown } | null = null
  /** The open transaction is to be committed even if nothing more comes. */
  #due = false
  #timer: NodeJS.Timeout | null = null
  #working: Promise<void> | null = null
  #onTaken: (() => void) | null = null
  #onMore: (() => void) | null = null
  #failure: unknown = null
  #inDoubt = false

  constructor(deps: ExactlyOnceDeps) {
    this.#deps = deps
  }

  async deliver(batch: SourceBatch, budget: Budget): Promise<void> {
    this.check()
    this.#gathered.push({ batch, budget })
    this.#work()
    while (this.#gathered.length > 0 && this.#failure === null && !budget.signal.aborted) {
      const taken = new Promise<void>((resolve) => {
        this.#onTaken = resolve
      })
      // What isn't taken by then is the drain's.
      await untilEnded(taken, budget)
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
    this.#onMore?.()
    this.#working ??= this.#transact().catch(async (error: unknown) => {
      await this.#fail(error)
      this.#working = null
    })
  }

  /** One transaction after the other, until nothing is gathered and all is committed. */
  async #transact(): Promise<void> {
    const { boundary } = this.#deps
    for (;;) {
      await this.#fill()
      if (boundary.kind === 'connector') await this.#giveUp()
      const isReady = this.#transaction !== null && (this.#due || boundary.kind === 'poll')
      if (isReady && (this.#isFull || (this.#committing === null && !this.#isGrowing))) await this.#commit()
      else if (this.#gathered.length > 0) continue
      else if (this.#committing !== null) await Promise.race([this.#committing, this.#more()])
      else if (isReady) await Promise.race([pause(FLOOD_MS), this.#more()])
      else break
    }
    this.#due = false
    // Not a moment later: a batch that comes in between would wait for ever.
    this.#working = null
  }

  /** What is gathered goes into the transaction that is open, as far as it may grow. */
  async #fill(): Promise<void> {
    const { stage, producer, offsets, notice } = this.#deps
    for (let next = this.#gathered[0]; next !== undefined && !this.#isFull; next = this.#gathered[0]) {
      const { batch, budget } = next
      const isNothing = this.#transaction === null && batch.tally.read === 0
      if (isNothing) notice.givenUp([batch.tally])
      else {
        this.#transaction ??= await this.#begin()
        for (const partition of offsets.partitions(batch.offsets)) producer.enlist(offsets.topic, partition)
        batch.tally.written += await stage.produce(batch.records, batch.tally, budget)
        this.#add(batch)
      }
      // One by one: while a transaction commits, its records can go.
      this.#gathered.shift()
      this.#onTaken?.()
      if (!producer.hasRoom && this.#transaction !== null) this.#transaction.isAtTheLimit = true
      await producer.room()
      if (batch.ending !== null && !isNothing) await this.#end(batch.ending)
    }
  }

  /** Ends where polls do, and has taken them for long enough. */
  get #isFull(): boolean {
    if (this.#transaction === null || this.#deps.boundary.kind !== 'poll') return false
    const { since, isAtTheLimit } = this.#transaction
    const most = isAtTheLimit ? Math.min(MOST_MS_AT_THE_LIMIT, this.#deps.timeoutMs / 4) : MOST_MS
    return Date.now() - since >= most
  }

  get #isGrowing(): boolean {
    const transaction = this.#transaction
    return (
      !this.#due && transaction !== null && transaction.batches.length > 1 && Date.now() - transaction.grown < FLOOD_MS
    )
  }

  /** Resolves with the next batch, or when the open transaction is to be committed. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#onMore = resolve
    })
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
    const now = Date.now()
    return { since: now, grown: now, batches: [], offsets: new Map(), isAtTheLimit: false }
  }

  #add(batch: SourceBatch): void {
    for (const entry of batch.offsets) this.#transaction?.offsets.set(partitionKey(entry.partition), entry)
    this.#transaction?.batches.push({ ...batch, records: [] })
    if (this.#transaction !== null) this.#transaction.grown = Date.now()
  }

  /** Of an aborted transaction the offsets are committed, as in Connect: its records aren't to be read again. */
  async #end(ending: Ending): Promise<void> {
    const { producer } = this.#deps
    if (ending === 'abort') {
      await producer.abort()
      this.#deps.placed?.aborted()
      for (const { tally } of this.#transaction?.batches ?? []) tally.abort()
      producer.begin()
    }
    await this.#commit()
    await this.#committing
  }

  /** The time is over, and the connector has not ended its transaction: the next slice reads its records again. */
  async #giveUp(): Promise<void> {
    if (!this.#due) return
    this.#due = false
    const transaction = this.#transaction
    if (transaction === null) return
    const { producer, notice, log } = this.#deps
    await producer.abort()
    this.#deps.placed?.aborted()
    this.#transaction = null
    const tallies = transaction.batches.map(({ tally }) => tally)
    notice.givenUp(tallies)
    const records = tallies.reduce((sum, { read }) => sum + read, 0)
    log.warn(
      'the slice has ended within a transaction of the connector, which is dropped and read again: where that repeats itself, set penstock.slice.ms higher',
      { records, openMs: Date.now() - transaction.since },
    )
  }

  /** Once the one before is committed, begins to commit the open transaction. */
  async #commit(): Promise<void> {
    await this.#committing
    this.#due = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    const transaction = this.#transaction
    if (transaction === null) return
    const offsets = [...transaction.offsets.values()]
    this.#deps.offsets.append(offsets)
    this.#transaction = null
    this.#committing = this.#finish(transaction, offsets)
    this.#committing.catch(() => {})
  }

  async #finish(transaction: Transaction, offsets: readonly SourceOffset[]): Promise<void> {
    const { producer, offsets: writer, notice } = this.#deps
    const began = Date.now()
    this.#inDoubt = true
    try {
      await producer.commit()
    } catch (error) {
      this.#lost = { transaction, error }
      throw error
    }
    this.#inDoubt = false
    this.#deps.placed?.committed()
    writer.written(offsets)
    await notice.committed({ offsets, tallies: transaction.batches.map(({ tally }) => tally) }, Date.now() - began)
    this.#committing = null
  }

  /** What the transaction holds is dropped, and read again by the next slice. The abort is waited for by the drain. */
  async #fail(error: unknown): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    // It may succeed still, where what failed is in the transaction after it.
    await this.#committing?.catch(() => {})
    if (this.#lost !== null) this.#deps.notice.failed()
    const transaction = this.#transaction
    const cause = this.#lost?.error ?? error
    this.#failure = this.#expired(this.#lost?.transaction ?? transaction)
      ? timedOut(this.#deps.timeoutMs, cause)
      : cause
    this.#transaction = null
    this.#gathered = []
    this.#onTaken?.()
    this.onFailure?.()
    // A producer that is broken can't abort: the next one's `init` does.
    if (transaction !== null || this.#lost !== null)
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
