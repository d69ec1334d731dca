/**
 * Sends the batches of partition queues to their leaders, several requests in flight, in order, and sends again what
 * failed.
 *
 * While nothing is in flight to a broker, what waits for it is sent once it is `batch.size` or `linger.ms` old; while
 * requests are in flight, batches grow, the more the fuller the pipe is. So a single record is sent at once, and a flood
 * goes in requests of a megabyte.
 */
import { ConnectError } from '../connect/errors.ts'
import type { BatchBuffers } from './batch-buffers.ts'
import type { Cluster } from './cluster.ts'
import { isRetriable, KafkaError, kafkaError } from './codes.ts'
import type { Batch, PartitionQueue, ProducerIdentity } from './partition-queue.ts'
import { type Produced, produceRequest } from './produce-request.ts'
import type { ProducerSettings } from './producer-settings.ts'

/** The producer, as its sender needs it. */
export interface SenderOwner {
  readonly transactionalId: string | null
  readonly hasFailed: boolean
  /** Whether what waits is sent without linger. */
  readonly isFlushing: boolean
  /** Null while it isn't known: the owner wakes the sender when it is. */
  identify(): ProducerIdentity | null
  /** Whether batches of the queue may be sent now; else the owner wakes the sender when they may. */
  admit(queue: PartitionQueue): boolean
  /** `baseOffset` is -1 where the broker can't tell it. */
  acknowledged(batch: Batch, queue: PartitionQueue, baseOffset: number): void
  /** Batches were split and have so many bytes more. */
  grown(bytes: number): void
  /** After all batches of a response. */
  answered(): void
  /** Breaks the producer. */
  fail(error: unknown): void
}

interface Sent {
  readonly queue: PartitionQueue
  readonly batch: Batch
}

/** By the number of requests in flight to a broker: the bytes from which the next one is worth while. */
const GROWTH = [0, 128, 256, 512, 900].map((kilobytes) => kilobytes * 1024)
/** Codes of single batches that are answered in their own way. */
const UNKNOWN_SERVER_ERROR = -1
const MESSAGE_TOO_LARGE = 10
const RECORD_LIST_TOO_LARGE = 18
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const DUPLICATE_SEQUENCE_NUMBER = 46
const UNKNOWN_PRODUCER_ID = 59

export class Sender {
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #buffers: BatchBuffers
  readonly #owner: SenderOwner
  /** Queues with something to send, the longest unserved first. */
  readonly #waiting = new Set<PartitionQueue>()
  /** Bytes of `#waiting`, and from how many on it is looked whether to send. */
  #unsent = 0
  #wakeAt = 0
  #woken = false
  readonly #inFlight = new Map<number, number>()
  /**
   * Nodes of which a request has failed and others are in flight still. Their connection is lost, so these fail too:
   * what is sent before that is known would overtake them.
   */
  readonly #failing = new Set<number>()
  #requests = 0
  #settled: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY
  readonly #relocating = new Set<string>()

  constructor(cluster: Cluster, settings: ProducerSettings, buffers: BatchBuffers, owner: SenderOwner) {
    this.#cluster = cluster
    this.#settings = settings
    this.#buffers = buffers
    this.#owner = owner
  }

  /** `bytes` were appended to the queue. */
  add(queue: PartitionQueue, bytes: number): void {
    this.#waiting.add(queue)
    this.#unsent += bytes
    if (this.#unsent >= this.#wakeAt) this.wake()
  }

  /** Sends what is due once the caller's synchronous run is over. */
  wake(): void {
    if (this.#woken) return
    this.#woken = true
    queueMicrotask(() => this.send())
  }

  /** Sends what is due, and sees to it that the rest is looked at in time. */
  send(): void {
    this.#woken = false
    this.#wakeAt = this.#unsent === 0 ? 0 : Number.POSITIVE_INFINITY
    if (this.#owner.hasFailed || this.#unsent === 0) return
    const identity = this.#owner.identify()
    if (identity === null) return
    const now = Date.now()
    const nodes = new Map<number, PartitionQueue[]>()
    for (const queue of this.#waiting) {
      if (!this.#owner.admit(queue)) continue
      const node = this.#cluster.leader(queue.topic, queue.partition)
      if (queue.blockedUntil > now) this.#lookAgain(queue.blockedUntil)
      else if (node < 0) this.#withoutLeader(queue, now)
      else if (queue.inFlight === 0 || queue.sentTo === node) {
        queue.sentTo = node
        const queues = nodes.get(node)
        if (queues === undefined) nodes.set(node, [queue])
        else queues.push(queue)
      }
    }
    for (const [node, queues] of nodes) {
      while (this.#isDue(node, queues, now)) void this.#exchange(node, this.#take(queues, identity))
    }
  }

  /** Forgets what waits; what is in flight stays. */
  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#waiting.clear()
    this.#unsent = 0
    this.#wakeAt = 0
  }

  /** Resolves when no request is in flight. */
  async settled(): Promise<void> {
    while (this.#requests > 0) await new Promise<void>((resolve) => this.#settled.push(resolve))
  }

  #isDue(node: number, queues: readonly PartitionQueue[], now: number): boolean {
    const inFlight = this.#inFlight.get(node) ?? 0
    if (inFlight >= this.#settings.maxInFlight || this.#failing.has(node)) return false
    let bytes = 0
    let full = false
    let since = now
    for (const queue of queues) {
      if (queue.waiting === 0 || queue.isHeld) continue
      bytes += queue.waiting
      full ||= queue.isFull
      since = Math.min(since, queue.waitingSince)
    }
    if (bytes === 0) return false
    if (full || this.#owner.isFlushing) return true
    if (inFlight > 0) {
      const enough = GROWTH[inFlight] ?? 0
      this.#wakeAt = Math.min(this.#wakeAt, this.#unsent + Math.max(1, enough - bytes))
      return bytes >= enough
    }
    const { lingerMs, batchSize } = this.#settings
    if (bytes >= batchSize || now - since >= lingerMs) return true
    this.#wakeAt = Math.min(this.#wakeAt, this.#unsent + batchSize - bytes)
    this.#lookAgain(since + lingerMs)
    return false
  }

  /** One batch each of as many queues as fit into a request. */
  #take(queues: readonly PartitionQueue[], identity: ProducerIdentity): Sent[] {
    const sent: Sent[] = []
    let size = 0
    for (const queue of queues) {
      const fits = size === 0 || size + queue.nextSize <= this.#settings.maxRequestSize
      if (queue.waiting === 0 || queue.isHeld || !fits) continue
      const batch = queue.next(identity)
      sent.push({ queue, batch })
      size += batch.bytes.length
      this.#unsent -= batch.size
      this.#waiting.delete(queue)
      if (queue.waiting > 0) this.#waiting.add(queue)
    }
    return sent
  }

  async #exchange(node: number, sent: readonly Sent[]): Promise<void> {
    this.#inFlight.set(node, (this.#inFlight.get(node) ?? 0) + 1)
    this.#requests++
    const { acks, requestTimeoutMs: timeoutMs } = this.#settings
    let request: Buffer | null = null
    const take = (size: number) => {
      request = this.#buffers.take(size)
      return request
    }
    const batches = sent.map(({ queue: { topic, partition }, batch: { bytes } }) => ({ topic, partition, bytes }))
    const options = { transactionalId: this.#owner.transactionalId, acks, timeoutMs, take }
    let produced: readonly Produced[] | null = null
    let failure: unknown
    try {
      produced = await this.#cluster.send(node, produceRequest(batches, options))
    } catch (error) {
      failure = error
    }
    if (request !== null) this.#buffers.give(request)
    const left = (this.#inFlight.get(node) ?? 1) - 1
    this.#inFlight.set(node, left)
    this.#requests--
    if (left === 0) this.#failing.delete(node)
    else if (produced === null) this.#failing.add(node)
    if (!this.#owner.hasFailed) {
      try {
        if (produced === null) this.#failed(sent, failure)
        else this.#answered(sent, produced)
      } catch (error) {
        this.#owner.fail(error)
      }
    }
    if (this.#requests === 0) for (const resolve of this.#settled.splice(0)) resolve()
    this.send()
  }

  #answered(sent: readonly Sent[], produced: readonly Produced[]): void {
    const answers = new Map(produced.map((answer) => [`${answer.topic}\n${answer.partition}`, answer]))
    for (const { queue, batch } of sent) {
      const answer = answers.get(`${queue.topic}\n${queue.partition}`)
      const error = answer?.error ?? UNKNOWN_SERVER_ERROR
      if (error !== 0 && error !== DUPLICATE_SEQUENCE_NUMBER) this.#refused(queue, batch, error)
      else {
        const baseOffset = answer?.baseOffset ?? -1
        queue.acknowledge(batch, baseOffset)
        this.#owner.acknowledged(batch, queue, baseOffset)
      }
      this.#recover(queue)
    }
    this.#owner.answered()
  }

  /** The whole request got no answer. */
  #failed(sent: readonly Sent[], error: unknown): void {
    if (!(error instanceof KafkaError) || !isRetriable(error.code)) {
      this.#owner.fail(error)
      return
    }
    for (const { queue, batch } of sent) {
      queue.retry(batch, error)
      this.#relocate(queue.topic)
      this.#recover(queue)
    }
  }

  /** As `TransactionManager.canRetry` of Kafka's producer. */
  #refused(queue: PartitionQueue, batch: Batch, code: number): void {
    const error = kafkaError(code, `Producing to topic ${queue.topic}, partition ${queue.partition}`)
    const outOfOrder = code === OUT_OF_ORDER_SEQUENCE_NUMBER
    const lost = code === UNKNOWN_PRODUCER_ID || (outOfOrder && queue.isFirst)
    if ((code === MESSAGE_TOO_LARGE || code === RECORD_LIST_TOO_LARGE) && batch.count > 1) {
      this.#owner.grown(queue.retrySplit(batch))
    } else if (lost && this.#owner.transactionalId === null) {
      queue.startSequencesAgain()
      queue.retry(batch)
    } else if (outOfOrder && !lost) {
      queue.retry(batch)
    } else if (isRetriable(code)) {
      queue.retry(batch, error)
      this.#relocate(queue.topic)
    } else this.#owner.fail(error)
  }

  /** Once the last request of a queue with failed batches is answered, these wait to be sent again. */
  #recover(queue: PartitionQueue): void {
    if (!queue.isRecovering || queue.inFlight > 0 || this.#owner.hasFailed) return
    const cause = queue.lastError
    const { retryBackoffMs, retryBackoffMaxMs, deliveryTimeoutMs } = this.#settings
    const now = Date.now()
    this.#unsent += queue.recover(now, retryBackoffMs, retryBackoffMaxMs)
    this.#waiting.add(queue)
    if (now - queue.waitingSince > deliveryTimeoutMs) this.#expire(queue, cause)
  }

  #withoutLeader(queue: PartitionQueue, now: number): void {
    queue.blockedUntil = now + this.#settings.retryBackoffMs
    this.#relocate(queue.topic)
    this.#lookAgain(queue.blockedUntil)
    if (now - queue.waitingSince > this.#settings.deliveryTimeoutMs) this.#expire(queue, null)
  }

  #expire({ topic, partition }: PartitionQueue, cause: ConnectError | null): void {
    const ms = this.#settings.deliveryTimeoutMs
    const why = cause?.message ?? 'the partition has no leader'
    this.#owner.fail(
      new ConnectError(
        `Records for topic ${topic}, partition ${partition} could not be delivered within delivery.timeout.ms (${ms} ms): ${why}`,
        { kind: 'retriable', javaClass: 'org.apache.kafka.common.errors.TimeoutException', cause },
      ),
    )
  }

  /** Asks where the topic's leaders are now, in one request for all topics of a moment. */
  #relocate(topic: string): void {
    this.#relocating.add(topic)
    if (this.#relocating.size > 1) return
    queueMicrotask(() => {
      const topics = [...this.#relocating]
      this.#relocating.clear()
      this.#cluster.topics(topics, { refresh: true }).then(
        () => this.wake(),
        (error: unknown) => {
          if (!(error instanceof ConnectError) || error.kind !== 'retriable') this.#owner.fail(error)
        },
      )
    })
  }

  #lookAgain(at: number): void {
    if (at >= this.#timerAt) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = at
    const look = () => {
      this.#timer = null
      this.#timerAt = Number.POSITIVE_INFINITY
      this.send()
    }
    this.#timer = setTimeout(look, Math.max(0, at - Date.now()))
  }
}
