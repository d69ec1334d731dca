/** Produces records: sync per record, with sequence numbers, several requests in flight, in order. */
import { ConnectError } from '../connect/errors.ts'
import type { Payload } from '../connect/plugin.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { newBatchBuffers } from './batch-buffers.ts'
import type { Cluster } from './cluster.ts'
import { CODES, kafkaError } from './codes.ts'
import { loadCodec, UNCOMPRESSED } from './compression.ts'
import type { Batch, PartitionQueue, ProducerIdentity, QueueContext } from './partition-queue.ts'
import type { ProducerSettings } from './producer-settings.ts'
import { ProducerWaiters } from './producer-waiters.ts'
import type { RecordHeader } from './record-batch-encoder.ts'
import { Sender, type SenderOwner } from './sender.ts'
import { TopicQueues } from './topic-queues.ts'
import { askUntilDone, initProducerIdRequest } from './transaction-requests.ts'

export { RecordTooLarge } from './partition-queue.ts'
export type { RecordHeader } from './record-batch-encoder.ts'

export interface Producer {
  /**
   * Metadata of the topics, before `append` may be called for them; await it per batch. Rejects with a retriable
   * UNKNOWN_TOPIC_OR_PARTITION that names a missing topic, or where no broker can be reached and a topic isn't known yet.
   */
  prepare(topics: Iterable<string>): Promise<void>
  /**
   * Takes a record. Partition null: by the key's hash as Kafka's default partitioner, by chance for a null key, the
   * same for a batch. Timestamp null: now. Answers the partition. Throws `RecordTooLarge`, or a `DataError` for a
   * partition that isn't there; the producer goes on after both. Once the producer has failed it throws that error.
   */
  append(
    topic: string,
    partition: number | null,
    key: Payload,
    value: Payload,
    timestamp: number | null,
    headers: readonly RecordHeader[],
  ): number
  /** Bytes that aren't acknowledged yet. */
  readonly buffered: number
  /** Whether `buffered` is below the limit of `buffer.memory`. */
  readonly hasRoom: boolean
  /** Resolves when there is room. Rejects once the producer has failed. */
  room(): Promise<void>
  /**
   * Resolves when all that was appended so far is acknowledged; sent at once, without linger. Rejects with the first
   * error that no retry mends: then the producer is broken for good.
   */
  flush(): Promise<void>
  /**
   * Number of records, in the order of `append`, that are acknowledged with all before them: so a caller can commit
   * source offsets without a flush.
   */
  readonly acknowledged: number
  readonly appended: number
  /** Called when `acknowledged` has grown. What it throws breaks the producer. */
  onAcknowledged?: ((acknowledged: number) => void) | undefined
  /**
   * Called for each batch that is acknowledged, in the order of its partition: how many records were appended there
   * before it, how many it has, and the offset of its first one (-1 where the broker can't tell). What it throws breaks
   * the producer.
   */
  onWritten?: ((topic: string, partition: number, order: number, count: number, baseOffset: number) => void) | undefined
  /** Records appended to the partition so far. */
  appendedTo(topic: string, partition: number): number
  /** The offset after the last acknowledged batch; undefined where none is known. */
  position(topic: string, partition: number): number | undefined
  /** Nothing is in flight afterwards. What isn't flushed is dropped. */
  close(): Promise<void>
}

/** An idempotent producer, unless its settings say otherwise. */
export async function createProducer(cluster: Cluster, settings: ProducerSettings): Promise<Producer> {
  const producer = new KafkaProducer(cluster, settings, null)
  await producer.load()
  return producer
}

const READY = Promise.resolve()
const FREE_BUFFERS = 16 * 1024 * 1024
const NOT_IDEMPOTENT: ProducerIdentity = { producerId: -1, producerEpoch: -1 }

export class KafkaProducer implements Producer {
  onAcknowledged: Producer['onAcknowledged'] = undefined
  onWritten: Producer['onWritten'] = undefined
  protected readonly cluster: Cluster
  protected readonly settings: ProducerSettings
  protected readonly sender: Sender
  /** The error that has broken the producer. */
  protected failure: unknown = null
  readonly #context: QueueContext
  readonly #acknowledgements = new Acknowledgements()
  readonly #topics: TopicQueues
  readonly #waiters = new ProducerWaiters()
  #identity: ProducerIdentity | null = null
  #identifying = false
  #buffered = 0
  #flushTo = 0
  #now = 0

  constructor(cluster: Cluster, settings: ProducerSettings, transactionalId: string | null) {
    this.cluster = cluster
    this.settings = settings
    const buffers = newBatchBuffers(FREE_BUFFERS)
    this.#context = {
      settings,
      codec: UNCOMPRESSED,
      buffers,
      acknowledgements: this.#acknowledgements,
      transactional: transactionalId !== null,
      heldFrom: Number.POSITIVE_INFINITY,
    }
    this.#topics = new TopicQueues({
      context: this.#context,
      batchSize: settings.batchSize,
      hasLeader: (topic, partition) => cluster.leader(topic, partition) >= 0,
    })
    this.sender = new Sender(cluster, settings, buffers, this.#asOwner(transactionalId))
  }

  /** Loads the codec; before all else. */
  async load(): Promise<void> {
    this.#context.codec = await loadCodec(this.settings.compression)
  }

  get buffered(): number {
    return this.#buffered
  }

  get hasRoom(): boolean {
    return this.#buffered < this.settings.bufferMemory
  }

  get acknowledged(): number {
    return this.#acknowledgements.acknowledged
  }

  get appended(): number {
    return this.#acknowledgements.appended
  }

  async prepare(topics: Iterable<string>): Promise<void> {
    if (this.failure !== null) throw this.failure
    this.identify()
    const names = [...topics]
    try {
      await this.cluster.topics(names)
    } catch (error) {
      // What is known serves until a broker answers again.
      if (!(error instanceof ConnectError && error.kind === 'retriable')) throw error
      if (!names.every((name) => this.#topics.has(name))) throw error
    }
    for (const name of names) {
      const partitions = this.cluster.partitionCount(name) ?? 0
      if (partitions === 0) {
        const why = 'there is no such topic'
        throw kafkaError(CODES.UNKNOWN_TOPIC_OR_PARTITION, `Producing to topic ${name}`, why)
      }
      this.#topics.prepare(name, partitions)
    }
  }

  append(
    topic: string,
    partition: number | null,
    key: Payload,
    value: Payload,
    timestamp: number | null,
    headers: readonly RecordHeader[],
  ): number {
    if (this.failure !== null) throw this.failure
    const known = this.#topics.topic(topic)
    const to = partition ?? known.partitionFor(key)
    const queue = known.queue(to)
    const now = this.#clock()
    const grown = queue.append(key, value, timestamp ?? now, headers, now)
    this.#acknowledgements.appended++
    this.#buffered += grown
    known.grew(grown)
    this.sender.add(queue, grown)
    return to
  }

  room(): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure)
    return this.hasRoom ? READY : this.#waiters.wait(null)
  }

  flush(): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure)
    const target = this.appended
    if (this.acknowledged >= target) return READY
    this.#flushTo = target
    const flushed = this.#waiters.wait(target)
    this.sender.send()
    return flushed
  }

  position(topic: string, partition: number): number | undefined {
    return this.#topics.find(topic, partition)?.nextOffset
  }

  appendedTo(topic: string, partition: number): number {
    return this.#topics.find(topic, partition)?.appended ?? 0
  }

  async close(): Promise<void> {
    this.fail(new ConnectError('The producer is closed'))
    await this.sender.settled()
  }

  /** The producer's id where it is known; else asks for it, and wakes the sender when it is there. */
  protected identify(): ProducerIdentity | null {
    if (this.#identity === null && !this.settings.idempotent) this.#identity = NOT_IDEMPOTENT
    if (this.#identity === null && !this.#identifying) {
      this.#identifying = true
      void this.#askForIdentity()
    }
    return this.#identity
  }

  /** Whether batches of the queue may be sent now. */
  protected admit(_queue: PartitionQueue): boolean {
    return true
  }

  /** What is appended from now on waits for `release`. */
  protected hold(): void {
    this.#context.heldFrom = this.appended
    for (const queue of this.#topics.all()) queue.cut()
  }

  protected release(): void {
    this.#context.heldFrom = Number.POSITIVE_INFINITY
    this.sender.wake()
  }

  protected queueOf(topic: string, partition: number): PartitionQueue {
    return this.#topics.topic(topic).queue(partition)
  }

  /** Breaks the producer, for good. The first error stays. */
  protected fail(error: unknown): void {
    if (this.failure !== null) return
    this.failure = error
    this.#dropQueues()
    this.#settle()
  }

  /**
   * Forgets all that isn't acknowledged, as if it were. Only while nothing is in flight. Answers whether the broker
   * misses sequence numbers now.
   */
  protected discard(): boolean {
    this.#acknowledgements.drop()
    const gap = this.#dropQueues()
    this.#settle()
    return gap
  }

  /** A new id or epoch: sequence numbers begin at 0 again. */
  protected startSequences(identity: ProducerIdentity): void {
    this.#identity = identity
    for (const queue of this.#topics.all()) queue.reset()
  }

  #asOwner(transactionalId: string | null): SenderOwner {
    const producer = this
    return {
      transactionalId,
      get hasFailed() {
        return producer.failure !== null
      },
      get isFlushing() {
        return producer.#flushTo > producer.acknowledged
      },
      identify: () => this.identify(),
      admit: (queue) => this.admit(queue),
      acknowledged: (batch, queue, baseOffset) => this.#acknowledged(batch, queue, baseOffset),
      grown: (bytes) => {
        this.#buffered += bytes
      },
      answered: () => this.#settle(),
      fail: (error) => this.fail(error),
    }
  }

  #acknowledged(batch: Batch, { topic, partition }: PartitionQueue, baseOffset: number): void {
    this.#buffered -= batch.size
    this.onWritten?.(topic, partition, batch.order, batch.count, baseOffset)
    if (this.#acknowledgements.end(batch.entry)) this.onAcknowledged?.(this.acknowledged)
  }

  /** The time, read once for a synchronous run of appends: reading it takes 40 ns. */
  #clock(): number {
    if (this.#now === 0) {
      this.#now = Date.now()
      queueMicrotask(() => {
        this.#now = 0
      })
    }
    return this.#now
  }

  async #askForIdentity(): Promise<void> {
    const { transactionTimeoutMs, deliveryTimeoutMs } = this.settings
    const request = initProducerIdRequest(null, transactionTimeoutMs)
    const any = () => this.cluster.anyNode()
    try {
      this.#identity = await askUntilDone(this.cluster, any, request, 'Getting a producer id', deliveryTimeoutMs)
      this.sender.send()
    } catch (error) {
      this.fail(error)
    }
  }

  #dropQueues(): boolean {
    let gap = false
    for (const queue of this.#topics.all()) if (queue.drop()) gap = true
    this.sender.clear()
    this.#buffered = 0
    return gap
  }

  #settle(): void {
    const { failure, acknowledged, hasRoom } = this
    this.#waiters.settle({ failure, acknowledged, hasRoom })
  }
}
