/**
 * Encodes record batches (message format v2) straight into one growing buffer: 0.1 to 0.25 us a record.
 *
 * Lengths come before what they measure, so room is kept for the length of a string in characters and, where its
 * UTF-8 turns out to need a longer length field, the bytes move by one.
 */
import type { Payload } from '../connect/plugin.ts'
import { writeUtf8 } from '../connect/utf8.ts'
import { type BatchBuffers, newBatchBuffers } from './batch-buffers.ts'
import type { Codec } from './compression.ts'
import { crc32c } from './crc32c.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Payload
}

/** Bytes of a batch before its first record. */
export const BATCH_OVERHEAD = 61

/** Attributes and lengths of a record, without its payloads: never more than this. */
const RECORD_OVERHEAD = 36
const TRANSACTIONAL = 0x10
/** The checksum covers what follows it. */
const CRC_AT = 17
const ATTRIBUTES_AT = 21

export class RecordBatchEncoder {
  #buffer: Buffer
  readonly #buffers: BatchBuffers
  #at = BATCH_OVERHEAD
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0
  #lastAt = BATCH_OVERHEAD
  #lastMax = 0

  /** `capacity` is a first guess in bytes; the buffer grows and comes from `buffers`. */
  constructor(capacity = 16_384, buffers: BatchBuffers = newBatchBuffers(0)) {
    this.#buffers = buffers
    this.#buffer = buffers.take(capacity)
  }

  get count(): number {
    return this.#count
  }

  /** Bytes of the batch as it is, uncompressed. */
  get size(): number {
    return this.#at
  }

  /** Adds a record. `timestamp` in epoch ms, a safe integer. */
  append(key: Payload, value: Payload, timestamp: number, headers: readonly RecordHeader[]): void {
    const start = this.#at
    this.#lastAt = start
    this.#lastMax = this.#maxTimestamp
    if (this.#count === 0) {
      this.#baseTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp

    let least = 8 + (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
    for (const header of headers) least += 2 + header.key.length + (header.value === null ? 0 : header.value.length)
    const buffer = this.#reserve(start, least, key, value, headers)

    const kept = lengthSize(least)
    const body = start + kept
    let at = body
    buffer[at++] = 0
    at = writeVarlong(buffer, at, timestamp, this.#baseTimestamp)
    at = writeLength(buffer, at, this.#count)
    at = writePayload(buffer, at, key)
    at = writePayload(buffer, at, value)
    at = writeLength(buffer, at, headers.length)
    for (const header of headers) {
      at = writePayload(buffer, at, header.key)
      at = writePayload(buffer, at, header.value)
    }

    const length = at - body
    const needed = lengthSize(length)
    if (needed !== kept) {
      buffer.copyWithin(start + needed, body, at)
      at += needed - kept
    }
    writeLength(buffer, start, length)
    this.#at = at
    this.#count++
  }

  /** Takes the last record back. Once per `append`. */
  undo(): void {
    this.#at = this.#lastAt
    this.#maxTimestamp = this.#lastMax
    this.#count--
  }

  /**
   * The whole batch; without producer and checksum until `stampBatch`. The encoder must not be used after it.
   * The answer is a view of a buffer of `buffers`, to be given back when the batch is no longer needed.
   */
  finish(transactional: boolean, codec: Codec, level?: number): Buffer {
    let batch = this.#buffer.subarray(0, this.#at)
    if (codec.id !== 0) {
      const records = codec.compress(this.#buffer.subarray(BATCH_OVERHEAD, this.#at), level)
      batch = this.#buffers.take(BATCH_OVERHEAD + records.length).subarray(0, BATCH_OVERHEAD + records.length)
      batch.set(records, BATCH_OVERHEAD)
      this.#buffers.give(this.#buffer)
    }
    batch.fill(0, 0, 8)
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt32BE(-1, 12)
    batch[16] = 2
    batch.writeInt16BE(codec.id | (transactional ? TRANSACTIONAL : 0), ATTRIBUTES_AT)
    batch.writeInt32BE(this.#count - 1, 23)
    batch.writeBigInt64BE(BigInt(this.#baseTimestamp), 27)
    batch.writeBigInt64BE(BigInt(this.#maxTimestamp), 35)
    batch.writeInt32BE(this.#count, 57)
    return batch
  }

  /** Makes room for a record of at least `least` bytes, and more where its strings aren't ASCII. */
  #reserve(start: number, least: number, key: Payload, value: Payload, headers: readonly RecordHeader[]): Buffer {
    // A UTF-16 unit is at most 3 bytes of UTF-8.
    if (start + RECORD_OVERHEAD + 10 * headers.length + 3 * least <= this.#buffer.length) return this.#buffer
    let most = start + RECORD_OVERHEAD + byteLength(key) + byteLength(value)
    for (const header of headers) most += 10 + byteLength(header.key) + byteLength(header.value)
    if (most > this.#buffer.length) {
      const larger = this.#buffers.take(Math.max(most, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, start)
      this.#buffers.give(this.#buffer)
      this.#buffer = larger
    }
    return this.#buffer
  }
}

/** Sets who sends a finished batch, and its checksum. -1, -1, -1 for a producer that isn't idempotent. */
export function stampBatch(batch: Buffer, producerId: number, producerEpoch: number, baseSequence: number): void {
  batch.writeBigInt64BE(BigInt(producerId), 43)
  batch.writeInt16BE(producerEpoch, 51)
  batch.writeInt32BE(baseSequence, 53)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
}

function byteLength(payload: Payload): number {
  if (payload === null) return 0
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
}

/** Bytes of a zigzag varint of a length. */
function lengthSize(length: number): number {
  return length < 64 ? 1 : length < 8192 ? 2 : length < 1_048_576 ? 3 : length < 134_217_728 ? 4 : 5
}

/** A zigzag varint of a number that isn't negative. */
function writeLength(buffer: Buffer, start: number, length: number): number {
  let at = start
  let rest = length * 2
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}

function writePayload(buffer: Buffer, at: number, payload: Payload): number {
  if (payload === null) {
    buffer[at] = 1
    return at + 1
  }
  if (typeof payload !== 'string') {
    const from = writeLength(buffer, at, payload.length)
    buffer.set(payload, from)
    return from + payload.length
  }
  const kept = lengthSize(payload.length)
  const length = payload.length === 0 ? 0 : writeUtf8(buffer, payload, at + kept)
  const needed = lengthSize(length)
  if (needed !== kept) buffer.copyWithin(at + needed, at + kept, at + kept + length)
  return writeLength(buffer, at, length) + length
}

/** `to - from` as a zigzag varlong. */
function writeVarlong(buffer: Buffer, start: number, to: number, from: number): number {
  let at = start
  const delta = to - from
  let rest = delta < 0 ? -2 * delta - 1 : 2 * delta
  if (rest > Number.MAX_SAFE_INTEGER) {
    const exact = BigInt(to) - BigInt(from)
    let long = exact < 0n ? -2n * exact - 1n : 2n * exact
    for (; long > 0x7fn; long >>= 7n) buffer[at++] = Number(long & 0x7fn) | 0x80
    buffer[at++] = Number(long)
    return at
  }
  while (rest > 0x7f) {
    buffer[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  buffer[at++] = rest
  return at
}
