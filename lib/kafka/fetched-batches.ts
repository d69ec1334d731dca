/** What one partition's part of a fetch response holds, batch by batch, as a consumer is to see it. */
import { type Codec, compressionType, loadCodec, loadedCodec } from './compression.ts'
import type { PartitionFetched } from './fetch-request.ts'
import {
  checkCrc,
  type RecordBatch,
  readBatch,
  readControl,
  recordsOf,
  type VisitRecord,
  visitRecords,
} from './record-batch-decoder.ts'

/** One batch of records. */
export interface Fetched {
  readonly topic: string
  readonly partition: number
  /** The records, decompressed; the ranges that `forEach` gives are of this buffer. */
  readonly buffer: Buffer
  /** Records that `forEach` visits. */
  readonly count: number
  /** Of the batch: there may be no record with it. */
  readonly baseOffset: number
  /** Where to go on. */
  readonly nextOffset: number
  /** Of the partition, when this was fetched. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** Of its first record, epoch ms; below 0 for none. */
  readonly timestamp: number
  readonly isTransactional: boolean
  /** -1 where the producer has none. */
  readonly producerId: number
  readonly producerEpoch: number
  /** A marker: the end of its producer's transaction. Only where the consumer was asked for markers; else null. */
  readonly control: 'commit' | 'abort' | null
  /** Visits the records from the position on that was asked for, in order. */
  forEach(visit: VisitRecord): void
}

export interface ReadOptions {
  readonly committedOnly: boolean
  /** Whether the ends of transactions are handed out. */
  readonly control: boolean
  readonly checkCrcs: boolean
}

export class FetchedBatches {
  readonly #part: PartitionFetched
  readonly #options: ReadOptions
  /** The first byte of the next batch. */
  #at = 0
  /** Aborted transactions that have not begun before `#at`, and the producers of those that have. */
  #upcoming: number
  readonly #abortedProducers = new Set<number>()

  constructor(part: PartitionFetched, options: ReadOptions) {
    this.#part = part
    this.#options = options
    this.#upcoming = 0
  }

  /** Whether no complete batch is left. */
  get isDone(): boolean {
    return readBatch(this.#part.records, this.#at, this.#part) === null
  }

  /** The offset after the last complete batch; null where there is none. */
  lastOffset(): number | null {
    const { records } = this.#part
    let next: number | null = null
    for (let at = this.#at; ; ) {
      const batch = readBatch(records, at, this.#part)
      if (batch === null) return next
      next = batch.nextOffset
      at = batch.end
    }
  }

  /** Loads the codecs that the batches need. */
  async loadCodecs(): Promise<void> {
    const { records } = this.#part
    for (let at = this.#at; ; ) {
      const batch = readBatch(records, at, this.#part)
      if (batch === null) return
      if (loadedCodec(batch.compression) === undefined) await loadCodec(compressionType(batch.compression))
      at = batch.end
    }
  }

  /**
   * The next batch to hand out, from `position` on, or where the next offset is after batches that are passed over;
   * null at the end. Throws `CorruptRecords`, and then again for the same batch.
   */
  next(position: number): Fetched | number | null {
    const batch = readBatch(this.#part.records, this.#at, this.#part)
    if (batch === null) return null
    const { records } = this.#part
    const { committedOnly, control, checkCrcs } = this.#options
    if (checkCrcs) checkCrc(records, batch, this.#part)
    const codec = loadedCodec(batch.compression)
    if (codec === undefined) throw new RangeError('The codec of a batch was not loaded')
    let marker: 'commit' | 'abort' | 'other' | null = null
    if (batch.isControl) marker = readControl(recordsOf(records, batch, codec, this.#part), batch, this.#part)
    const aborted = committedOnly && this.#isAborted(batch, marker)
    this.#at = batch.end
    const passed = batch.isControl ? !control || marker === 'other' || marker === null : aborted
    if (passed || batch.nextOffset <= position) return Math.max(position, batch.nextOffset)
    const found = new FetchedBatch(this.#part, batch, codec, marker === 'other' ? null : marker, position)
    return found.count === 0 ? batch.nextOffset : found
  }

  /** As `CompletedFetch` of Kafka's consumer: follows the aborted transactions batch by batch. */
  #isAborted(batch: RecordBatch, marker: 'commit' | 'abort' | 'other' | null): boolean {
    const { aborted } = this.#part
    for (;;) {
      const transaction = aborted[this.#upcoming]
      if (transaction === undefined || transaction.firstOffset >= batch.nextOffset) break
      this.#abortedProducers.add(transaction.producerId)
      this.#upcoming++
    }
    if (marker === 'abort') this.#abortedProducers.delete(batch.producerId)
    return batch.isTransactional && !batch.isControl && this.#abortedProducers.has(batch.producerId)
  }
}

class FetchedBatch implements Fetched {
  readonly buffer: Buffer
  readonly count: number
  readonly control: 'commit' | 'abort' | null
  readonly #part: PartitionFetched
  readonly #batch: RecordBatch
  /** Records before it are left out. */
  readonly #from: number

  constructor(
    part: PartitionFetched,
    batch: RecordBatch,
    codec: Codec,
    control: 'commit' | 'abort' | null,
    from: number,
  ) {
    this.#part = part
    this.#batch = batch
    this.#from = from
    this.control = control
    this.buffer = recordsOf(part.records, batch, codec, part)
    let count = batch.count
    if (from > batch.baseOffset) {
      count = 0
      this.forEach(() => {
        count++
      })
    }
    this.count = count
  }

  get topic(): string {
    return this.#part.topic
  }

  get partition(): number {
    return this.#part.partition
  }

  get baseOffset(): number {
    return this.#batch.baseOffset
  }

  get nextOffset(): number {
    return this.#batch.nextOffset
  }

  get highWatermark(): number {
    return this.#part.highWatermark
  }

  get lastStableOffset(): number {
    return this.#part.lastStableOffset
  }

  get timestampType(): 'CreateTime' | 'LogAppendTime' {
    return this.#batch.timestampType
  }

  get timestamp(): number {
    const { timestampType, maxTimestamp, baseTimestamp } = this.#batch
    return timestampType === 'LogAppendTime' ? maxTimestamp : baseTimestamp
  }

  get isTransactional(): boolean {
    return this.#batch.isTransactional
  }

  get producerId(): number {
    return this.#batch.producerId
  }

  get producerEpoch(): number {
    return this.#batch.producerEpoch
  }

  forEach(visit: VisitRecord): void {
    const from = this.#from
    const visitFrom: VisitRecord =
      from <= this.#batch.baseOffset
        ? visit
        : (offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
            if (offset < from) return
            visit(offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount)
          }
    visitRecords(this.buffer, this.#batch, this.#part, visitFrom)
  }
}
