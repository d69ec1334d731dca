/** The batches of one partition on their way to its leader, in order. */
import { type ConnectError, DataError } from '../connect/errors.ts'
import type { Payload } from '../connect/plugin.ts'
import type { Acknowledgements, Unacknowledged } from './acknowledgements.ts'
import type { BatchBuffers } from './batch-buffers.ts'
import type { Codec } from './compression.ts'
import type { ProducerSettings } from './producer-settings.ts'
import { BATCH_OVERHEAD, RecordBatchEncoder, type RecordHeader, stampBatch } from './record-batch-encoder.ts'
import { splitBatch } from './split-batch.ts'

export interface Batch {
  readonly bytes: Buffer
  readonly count: number
  /** Bytes uncompressed. */
  readonly size: number
  /** Epoch ms of its first record. */
  readonly createdAt: number
  readonly entry: Unacknowledged
  /** Records that were appended to the partition before its own. */
  readonly order: number
  /** -1 before it is sent. */
  sequence: number
}

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** What the queues of a producer have in common. */
export interface QueueContext {
  readonly settings: ProducerSettings
  /** Loaded before the first record. */
  codec: Codec
  readonly buffers: BatchBuffers
  readonly acknowledgements: Acknowledgements
  readonly transactional: boolean
  /** Records from this one on, in the order of appends, wait: they belong to the next transaction. */
  heldFrom: number
}

/** A record that could never be sent. */
export class RecordTooLarge extends DataError {
  constructor(topic: string, size: number, limit: number) {
    super(
      `A record for topic ${topic} is ${size} bytes when serialized, which is larger than max.request.size (${limit})`,
    )
  }
}

/**
 * Batches grow to this while the pipe is full: enough to make the cost of a request small, and less than the default
 * of `max.message.bytes`.
 */
const FULL_BATCH = 900 * 1024
const SEQUENCES = 2 ** 31

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** Bytes that wait to be sent. */
  waiting = 0
  inFlight = 0
  /** The node that has what is in flight: only one at a time, or its order would be lost. */
  sentTo = -1
  /** Epoch ms before which nothing is sent: the wait after an error. */
  blockedUntil = 0
  /** Why something has to be sent again, if not for the broker's order of batches. */
  lastError: ConnectError | null = null
  /** The offset after the last acknowledged batch. */
  nextOffset: number | undefined
  readonly #context: QueueContext
  #limit: number
  #open: RecordBatchEncoder | null = null
  #openedAt = 0
  #entry: Unacknowledged | null = null
  #sealed: Batch[] = []
  /** To be sent again, once all that was in flight with them is answered. */
  #failed: Batch[] = []
  #attempts = 0
  #order = 0
  #nextSequence = 0
  /** Whether the broker knows the producer's sequence numbers in this partition. */
  #isKnown = false
  #epochBumps = 0
  #renumber = false
  /** A first guess at the size of the next batch. */
  #capacity = 0

  constructor(topic: string, partition: number, context: QueueContext) {
    this.topic = topic
    this.partition = partition
    this.#context = context
    const { batchSize, maxRequestSize } = context.settings
    this.#limit = Math.min(Math.max(batchSize, FULL_BATCH), maxRequestSize)
  }

  /** Whether a batch can't grow any more. */
  get isFull(): boolean {
    return this.#sealed.length > 0
  }

  /** Something failed, and some of what was sent with it isn't answered. */
  get isRecovering(): boolean {
    return this.#failed.length > 0
  }

  /**
   * Nothing may be sent before more is answered. A broker takes any sequence number of a producer that it doesn't know:
   * if the first batch failed, one that was sent with it would be written before it.
   */
  get isHeld(): boolean {
    if (this.#failed.length > 0 || (this.inFlight > 0 && !this.#isKnown)) return true
    const first = this.#sealed[0]?.entry.first ?? this.#entry?.first
    return first !== undefined && first >= this.#context.heldFrom
  }

  /** What is appended from now on goes into another batch. */
  cut(): void {
    if (this.#open !== null && this.#open.count > 0) this.#seal(this.#open)
  }

  /** Records appended so far, dropped ones included. */
  get appended(): number {
    return this.#order + (this.#open?.count ?? 0)
  }

  /** Epoch ms of the oldest record that waits. */
  get waitingSince(): number {
    return this.#sealed[0]?.createdAt ?? this.#openedAt
  }

  /** Bytes that the next batch has at most. */
  get nextSize(): number {
    return this.#sealed[0]?.bytes.length ?? this.#open?.size ?? 0
  }

  /** Adds a record; answers by how many bytes `waiting` grew. `RecordTooLarge` leaves everything as it was. */
  append(key: Payload, value: Payload, timestamp: number, headers: readonly RecordHeader[], now: number): number {
    const { settings, acknowledgements } = this.#context
    const least = BATCH_OVERHEAD + (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
    if (least > settings.maxRequestSize) throw new RecordTooLarge(this.topic, least, settings.maxRequestSize)
    let open = this.#open ?? this.#begin(now)
    let before = open.count === 0 ? 0 : open.size
    open.append(key, value, timestamp, headers)
    if (open.size > this.#limit && open.count > 1) {
      open.undo()
      this.#seal(open)
      open = this.#begin(now)
      before = 0
      open.append(key, value, timestamp, headers)
    }
    if (open.size > settings.maxRequestSize) {
      const size = open.size
      open.undo()
      throw new RecordTooLarge(this.topic, size, settings.maxRequestSize)
    }
    if (before === 0) {
      this.#openedAt = now
      this.#entry = acknowledgements.begin()
    }
    const grown = open.size - before
    this.waiting += grown
    return grown
  }

  /** The next batch, stamped and counted as in flight. Only while `waiting` is more than 0. */
  next(identity: ProducerIdentity): Batch {
    if (this.#sealed.length === 0 && this.#open !== null) this.#seal(this.#open)
    const batch = this.#sealed.shift()
    if (batch === undefined) throw new RangeError(`Nothing waits for ${this.topic}-${this.partition}`)
    const { producerId, producerEpoch } = identity
    if (producerId >= 0 && batch.sequence < 0) {
      batch.sequence = this.#nextSequence
      this.#nextSequence = (batch.sequence + batch.count) % SEQUENCES
    }
    stampBatch(batch.bytes, producerId, producerId < 0 ? -1 : producerEpoch + this.#epochBumps, batch.sequence)
    this.waiting -= batch.size
    this.inFlight++
    return batch
  }

  /** `batch` is written. `baseOffset` is -1 where the broker can't tell it. */
  acknowledge(batch: Batch, baseOffset: number): void {
    this.inFlight--
    this.#attempts = 0
    this.nextOffset = baseOffset < 0 ? undefined : baseOffset + batch.count
    this.#isKnown = true
    this.#context.buffers.give(batch.bytes)
  }

  /** Whether all before the batch that is answered is acknowledged: so the broker has lost its place in the sequence. */
  get isFirst(): boolean {
    return this.#failed.length === 0
  }

  /** `batch` has to be sent again, before all that follows it; after a wait where there was an `error`. */
  retry(batch: Batch, error?: ConnectError): void {
    this.inFlight--
    if (error !== undefined) this.lastError = error
    this.#failed.push(batch)
  }

  /** `batch` has to be sent again in smaller pieces, which keep its sequence numbers. Answers by how many bytes it grew. */
  retrySplit(batch: Batch): number {
    this.inFlight--
    const { codec, settings } = this.#context
    this.#limit = Math.max(Math.min(settings.batchSize, this.#limit), Math.floor(batch.size / 2))
    const place = { topic: this.topic, partition: this.partition }
    const pieces = splitBatch(batch.bytes, this.#limit, place, codec, settings.compressionLevel)
    batch.entry.parts += pieces.length - 1
    let { order, sequence } = batch
    let grown = -batch.size
    for (const piece of pieces) {
      this.#failed.push({ ...batch, ...piece, order, sequence })
      order += piece.count
      if (sequence >= 0) sequence = (sequence + piece.count) % SEQUENCES
      grown += piece.size
    }
    return grown
  }

  /** The broker has forgotten this producer: what isn't acknowledged starts a new epoch of the producer, from 0. */
  startSequencesAgain(): void {
    this.#renumber = true
  }

  /** When nothing is in flight any more: puts what failed before what waits. Answers its bytes. */
  recover(now: number, backoffMs: number, backoffMaxMs: number): number {
    const failed = this.#failed.sort((a, b) => a.order - b.order)
    this.#failed = []
    this.#sealed.unshift(...failed)
    if (this.#renumber) {
      this.#renumber = false
      this.#epochBumps++
      this.#nextSequence = 0
      this.#isKnown = false
      for (const batch of failed) batch.sequence = -1
    }
    let bytes = 0
    for (const batch of failed) bytes += batch.size
    this.waiting += bytes
    if (this.lastError !== null) {
      const waitMs = Math.min(backoffMaxMs, backoffMs * 2 ** this.#attempts) * (0.8 + 0.4 * Math.random())
      this.blockedUntil = now + waitMs
      this.lastError = null
      this.#attempts++
    }
    return bytes
  }

  /**
   * Drops what waits. Answers whether the broker misses sequence numbers now. Only while nothing is in flight.
   */
  drop(): boolean {
    const gap = [...this.#failed, ...this.#sealed].some(({ sequence }) => sequence >= 0)
    this.#order = this.appended
    this.#open = null
    this.#sealed = []
    this.#failed = []
    this.waiting = 0
    this.blockedUntil = 0
    this.lastError = null
    return gap
  }

  /** The producer has a new id or epoch. */
  reset(): void {
    this.#nextSequence = 0
    this.#isKnown = false
    this.#epochBumps = 0
  }

  #begin(now: number): RecordBatchEncoder {
    const open = new RecordBatchEncoder(this.#capacity, this.#context.buffers)
    this.#open = open
    this.#openedAt = now
    return open
  }

  #seal(open: RecordBatchEncoder): void {
    const { codec, settings, transactional } = this.#context
    const { count, size } = open
    this.#open = null
    this.#capacity = size
    const entry = this.#entry
    if (entry === null) return
    this.#entry = null
    const bytes = open.finish(transactional, codec, settings.compressionLevel)
    this.#sealed.push({ bytes, count, size, createdAt: this.#openedAt, entry, order: this.#order, sequence: -1 })
    this.#order += count
  }
}
