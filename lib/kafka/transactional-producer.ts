/** A producer whose records become visible together, or not at all (KIP-98). */
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { Payload } from '../connect/plugin.ts'
import type { Cluster } from './cluster.ts'
import { CODES, KafkaError } from './codes.ts'
import type { PartitionQueue, ProducerIdentity } from './partition-queue.ts'
import { KafkaProducer, type Producer, type RecordHeader } from './producer.ts'
import type { ProducerSettings } from './producer-settings.ts'
import {
  addPartitionsToTxnRequest,
  askCoordinator,
  endTxnRequest,
  initProducerIdRequest,
} from './transaction-requests.ts'

export interface TransactionalProducer extends Producer {
  /**
   * Takes over the transactional id: older producers with it are fenced, and the transaction of the last one is ended
   * (aborted, or committed where its commit had begun). Before all else.
   */
  init(): Promise<void>
  /** Null before `init`. */
  readonly producerId: number | null
  /**
   * `append` is allowed from here to the end of the transaction. While a commit is under way the next transaction may
   * begin, and be appended to: that is sent once the commit is through.
   */
  begin(): void
  /** Something will be appended to this partition: so that its being part of the transaction takes no request of its own. */
  enlist(topic: string, partition: number): void
  /**
   * Flushes and commits what was appended so far; who reads committed records sees them some ms after it has resolved. Rejects with a
   * `ConnectError` that names PRODUCER_FENCED or INVALID_PRODUCER_EPOCH where a newer producer has taken over. After any
   * rejection the producer is broken, and whether the transaction is committed is known only once a new producer has
   * been initialized.
   */
  commit(): Promise<void>
  /** Drops what isn't sent and aborts the rest; `acknowledged` moves on to `appended`. */
  abort(): Promise<void>
  /** Aborts an open transaction, unless the producer was fenced. Nothing is in flight afterwards. */
  close(): Promise<void>
}

/** Needs `init` before its first transaction. `ConfigError` for settings that aren't idempotent. */
export function createTransactionalProducer(
  cluster: Cluster,
  settings: ProducerSettings,
  transactionalId: string,
): TransactionalProducer {
  if (!settings.idempotent) {
    throw new ConfigError('Cannot set a transactional.id without also enabling idempotence.')
  }
  return new KafkaTransactionalProducer(cluster, settings, transactionalId)
}

/** `none` before `init`; `closed` for good. */
type State = 'none' | 'ready' | 'open' | 'ending' | 'closed'

class KafkaTransactionalProducer extends KafkaProducer implements TransactionalProducer {
  readonly #id: string
  #state: State = 'none'
  #owned: ProducerIdentity | null = null
  /** Partitions that are part of the open transaction, as the coordinator knows it. */
  #added = new Set<PartitionQueue>()
  #toAdd = new Set<PartitionQueue>()
  #adding: Promise<void> | null = null
  /** Of the transaction that is open, or follows the one that is being committed. */
  readonly #enlisted = new Set<PartitionQueue>()
  /** The next transaction has begun, while one is being committed. */
  #isFollowed = false

  constructor(cluster: Cluster, settings: ProducerSettings, transactionalId: string) {
    super(cluster, settings, transactionalId)
    this.#id = transactionalId
  }

  get producerId(): number | null {
    return this.#owned?.producerId ?? null
  }

  async init(): Promise<void> {
    if (this.failure !== null) throw this.failure
    const request = initProducerIdRequest(this.#id, this.settings.transactionTimeoutMs)
    await this.load()
    this.#owned = await this.#ask(request, 'Initializing the transactional id')
    this.startSequences(this.#owned)
    this.#state = 'ready'
  }

  begin(): void {
    if (this.failure !== null) throw this.failure
    if (this.#state === 'ending' && !this.#isFollowed) {
      this.#isFollowed = true
      return
    }
    if (this.#state !== 'ready') throw new ConnectError(`No transaction of ${this.#id} can begin: ${WHY[this.#state]}`)
    this.#state = 'open'
  }

  enlist(topic: string, partition: number): void {
    this.#enlisted.add(this.queueOf(topic, partition))
  }

  override append(
    topic: string,
    partition: number | null,
    key: Payload,
    value: Payload,
    timestamp: number | null,
    headers: readonly RecordHeader[],
  ): number {
    if (this.#state !== 'open' && !this.#isFollowed && this.failure === null) {
      throw new ConnectError(`No transaction of ${this.#id} is open: ${WHY[this.#state]}`)
    }
    return super.append(topic, partition, key, value, timestamp, headers)
  }

  async commit(): Promise<void> {
    if (this.failure !== null) throw this.failure
    if (this.#state !== 'open') throw new ConnectError(`No transaction of ${this.#id} is open: ${WHY[this.#state]}`)
    this.#state = 'ending'
    this.#enlisted.clear()
    this.hold()
    await this.flush()
    await this.#end(true)
    this.#state = this.#isFollowed ? 'open' : 'ready'
    this.#isFollowed = false
    this.release()
  }

  async abort(): Promise<void> {
    if (this.failure !== null) throw this.failure
    if (this.#state !== 'open' && this.#state !== 'ending') return
    this.#state = 'ending'
    this.#isFollowed = false
    this.#enlisted.clear()
    this.sender.clear()
    await this.#quiet()
    const gap = this.discard()
    this.release()
    await this.#end(false)
    // The sequence numbers of what was sent in vain can't be used again within this epoch.
    if (gap) await this.init()
    this.#state = 'ready'
  }

  override async close(): Promise<void> {
    const isOpen = this.#added.size > 0 && this.#state !== 'closed'
    const { failure } = this
    this.#state = 'closed'
    this.fail(new ConnectError('The producer is closed'))
    await this.#quiet()
    if (!isOpen || isFenced(failure) || this.#owned === null) return
    const request = endTxnRequest(this.#id, this.#owned, false)
    try {
      await askCoordinator(this.cluster, this.#id, request, 'Aborting the transaction', CLOSE_TIMEOUT_MS)
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error
      // The broker aborts it at its timeout, or the next producer's `init` does.
    }
  }

  protected override identify(): ProducerIdentity | null {
    return this.#owned
  }

  protected override admit(queue: PartitionQueue): boolean {
    if (queue.isHeld) return false
    if (this.#added.has(queue)) return true
    this.#toAdd.add(queue)
    this.#adding ??= this.#addPartitions()
    return false
  }

  /** Tells the coordinator of the partitions that the transaction writes to, before they are written to. */
  async #addPartitions(): Promise<void> {
    try {
      // After the sender has looked at all its queues, so that one request names them all.
      await null
      while (this.#toAdd.size > 0 && this.#owned !== null && this.failure === null) {
        for (const queue of this.#enlisted) if (!this.#added.has(queue)) this.#toAdd.add(queue)
        this.#enlisted.clear()
        const queues = [...this.#toAdd]
        const request = addPartitionsToTxnRequest(this.#id, this.#owned, queues)
        await this.#ask(request, 'Adding partitions to the transaction')
        for (const queue of queues) {
          this.#toAdd.delete(queue)
          this.#added.add(queue)
        }
        this.sender.wake()
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.#adding = null
    }
  }

  async #end(commit: boolean): Promise<void> {
    const { size } = this.#added
    this.#added.clear()
    this.#toAdd.clear()
    if (size === 0 || this.#owned === null) return
    const what = commit ? 'Committing the transaction' : 'Aborting the transaction'
    await this.#ask(endTxnRequest(this.#id, this.#owned, commit), what)
  }

  /** Nothing is in flight, to leaders and to the coordinator. */
  async #quiet(): Promise<void> {
    await this.#adding
    await this.sender.settled()
  }

  /** Breaks the producer where the coordinator says no. */
  async #ask<T extends { readonly error: number }>(
    request: Parameters<typeof askCoordinator<T>>[2],
    what: string,
  ): Promise<T> {
    try {
      const isClosed = () => this.#state === 'closed'
      return await askCoordinator(this.cluster, this.#id, request, what, this.settings.maxBlockMs, isClosed)
    } catch (error) {
      this.fail(error)
      throw error
    }
  }
}

/** An abort at the end of a slice must not use up its time. */
const CLOSE_TIMEOUT_MS = 2_000

const WHY: Readonly<Record<State, string>> = {
  none: 'the producer was not initialized',
  ready: 'none has begun',
  open: 'one is open',
  ending: 'it is being ended',
  closed: 'the producer is closed',
}

function isFenced(failure: unknown): boolean {
  if (!(failure instanceof KafkaError)) return false
  return failure.code === CODES.PRODUCER_FENCED || failure.code === CODES.INVALID_PRODUCER_EPOCH
}
