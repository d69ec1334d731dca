/**
 * Reads record batches (message format v2) in place: no object is made for a record.
 */
import { ConnectError } from '../connect/errors.ts'
import type { Codec } from './compression.ts'
import { crc32c } from './crc32c.ts'

/** The header of one batch within a buffer. Timestamps in epoch ms. */
export interface RecordBatch {
  /** The batch's first byte and the one after its last. */
  readonly start: number
  readonly end: number
  readonly baseOffset: number
  /** The offset after the batch, compacted away records included. */
  readonly nextOffset: number
  /** Records in it; 0 where compaction left only the header. */
  readonly count: number
  /** As in `loadedCodec`. */
  readonly compression: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** -1: none. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}

/**
 * One record. Keys and values are ranges of the buffer given; an end of -1 stands for null. `headersStart` and
 * `headerCount` are for `readHeaders`.
 */
export type VisitRecord = (
  offset: number,
  timestamp: number,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  headersStart: number,
  headerCount: number,
) => void

/** Where a batch comes from, for the texts of errors. */
export interface Place {
  readonly topic: string
  readonly partition: number
}

/** Bytes that can't be what was written. */
export class CorruptRecords extends ConnectError {
  constructor(place: Place, offset: number, why: string, cause?: unknown) {
    super(`The batch at offset ${offset} of topic ${place.topic}, partition ${place.partition} is corrupt: ${why}`, {
      javaClass: 'org.apache.kafka.common.errors.CorruptRecordException',
      cause,
    })
  }
}

const HEADER = 61
const COMPRESSION = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

/** The batch at `at`, or null where the buffer ends within it: a fetch response is cut at its size limit. */
export function readBatch(buffer: Buffer, at: number, place: Place): RecordBatch | null {
  if (buffer.length - at < 17) return null
  const baseOffset = readInt64(buffer, at)
  const length = buffer.readInt32BE(at + 8)
  const magic = buffer[at + 16]
  if (magic !== 2) {
    throw new CorruptRecords(
      place,
      baseOffset,
      `its message format is ${magic}, and only 2 (Kafka 0.11 and later) is read`,
    )
  }
  if (length < HEADER - 12) throw new CorruptRecords(place, baseOffset, `its length is ${length}`)
  const end = at + 12 + length
  if (end > buffer.length) return null
  const attributes = buffer.readInt16BE(at + 21)
  return {
    start: at,
    end,
    baseOffset,
    nextOffset: baseOffset + buffer.readInt32BE(at + 23) + 1,
    count: buffer.readInt32BE(at + 57),
    compression: attributes & COMPRESSION,
    timestampType: attributes & LOG_APPEND_TIME ? 'LogAppendTime' : 'CreateTime',
    baseTimestamp: readInt64(buffer, at + 27),
    maxTimestamp: readInt64(buffer, at + 35),
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
    producerId: readInt64(buffer, at + 43),
    producerEpoch: buffer.readInt16BE(at + 51),
    baseSequence: buffer.readInt32BE(at + 53),
  }
}

/** Throws `CorruptRecords` where the bytes don't match the batch's checksum. */
export function checkCrc(buffer: Buffer, batch: RecordBatch, place: Place): void {
  const stated = buffer.readUInt32BE(batch.start + 17)
  const actual = crc32c(buffer.subarray(batch.start + 21, batch.end))
  if (stated !== actual) {
    throw new CorruptRecords(place, batch.baseOffset, `its CRC-32C is ${hex(actual)} and should be ${hex(stated)}`)
  }
}

/** The records of a batch, decompressed: a view of `buffer`, or a new one where the batch is compressed. */
export function recordsOf(buffer: Buffer, batch: RecordBatch, codec: Codec, place: Place): Buffer {
  const records = buffer.subarray(batch.start + HEADER, batch.end)
  try {
    return codec.decompress(records)
  } catch (error) {
    throw new CorruptRecords(place, batch.baseOffset, `it can't be read as ${codec.type}`, error)
  }
}

/** What a control batch says: the end of its producer's transaction, or something that consumers pass over. */
export function readControl(records: Buffer, batch: RecordBatch, place: Place): 'commit' | 'abort' | 'other' {
  let control: 'commit' | 'abort' | 'other' = 'other'
  visitRecords(records, batch, place, (_offset, _timestamp, keyStart, keyEnd) => {
    if (keyEnd - keyStart < 4) return
    const type = records.readInt16BE(keyStart + 2)
    if (type === 0) control = 'abort'
    else if (type === 1) control = 'commit'
  })
  return control
}

/** Calls `visit` for each record of the batch, in order. Whatever `visit` throws ends it. */
export function visitRecords(records: Buffer, batch: RecordBatch, place: Place, visit: VisitRecord): void {
  const { baseOffset, baseTimestamp, count } = batch
  const appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : null
  const cursor = new Cursor(records)
  for (let index = 0; index < count; index++) {
    const length = cursor.varint()
    const end = cursor.at + length
    if (length < 6 || end > records.length) throw overrun(place, baseOffset, index)
    cursor.at++
    const created = cursor.varlongFrom(baseTimestamp)
    const offset = baseOffset + cursor.varint()
    const keyLength = cursor.varint()
    const keyStart = cursor.at
    if (keyLength > 0) cursor.at += keyLength
    const valueLength = cursor.varint()
    const valueStart = cursor.at
    if (valueLength > 0) cursor.at += valueLength
    const headerCount = cursor.varint()
    const headersStart = cursor.at
    if (headersStart > end || headerCount < 0) throw overrun(place, baseOffset, index)
    cursor.at = end
    visit(
      offset,
      appendTime ?? created,
      keyStart,
      keyLength < 0 ? -1 : keyStart + keyLength,
      valueStart,
      valueLength < 0 ? -1 : valueStart + valueLength,
      headersStart,
      headerCount,
    )
  }
}

/** The headers of one record, as `VisitRecord` gave their place. Values are views of the buffer. */
export function readHeaders(
  records: Buffer,
  headersStart: number,
  headerCount: number,
): { readonly key: string; readonly value: Buffer | null }[] {
  const headers: { key: string; value: Buffer | null }[] = []
  const cursor = new Cursor(records, headersStart)
  for (let index = 0; index < headerCount; index++) {
    const keyLength = cursor.varint()
    const key = records.toString('utf8', cursor.at, cursor.at + keyLength)
    cursor.at += keyLength
    const valueLength = cursor.varint()
    headers.push({ key, value: valueLength < 0 ? null : records.subarray(cursor.at, cursor.at + valueLength) })
    if (valueLength > 0) cursor.at += valueLength
  }
  return headers
}

/** Reads zigzag varints. Past the end of the bytes it reads zeros: who uses it compares `at` with the end. */
class Cursor {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  varint(): number {
    const bytes = this.#bytes
    let at = this.at
    let byte = bytes[at++] ?? 0
    let value = byte & 0x7f
    for (let shift = 7; byte > 0x7f && shift < 35; shift += 7) {
      byte = bytes[at++] ?? 0
      value |= (byte & 0x7f) << shift
    }
    this.at = at
    return (value >>> 1) ^ -(value & 1)
  }

  /** `base` and a varlong: exact while the sum is a safe integer. */
  varlongFrom(base: number): number {
    const bytes = this.#bytes
    let at = this.at
    let size = 1
    while ((bytes[at + size - 1] ?? 0) > 0x7f && size < 10) size++
    if (size <= 5) return base + this.#short()
    let long = 0n
    for (let shift = 0n; shift < BigInt(size * 7); shift += 7n) long |= BigInt((bytes[at++] ?? 0) & 0x7f) << shift
    this.at = at
    return Number(BigInt(base) + BigInt.asIntN(64, (long >> 1n) ^ -(long & 1n)))
  }

  /** A varlong of at most five bytes, 35 bits. */
  #short(): number {
    const bytes = this.#bytes
    let at = this.at
    let byte = bytes[at++] ?? 0
    let value = byte & 0x7f
    for (let scale = 128; byte > 0x7f; scale *= 128) {
      byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * scale
    }
    this.at = at
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4)
}

function overrun(place: Place, baseOffset: number, index: number): CorruptRecords {
  return new CorruptRecords(place, baseOffset, `its record ${index} doesn't end where it should`)
}

function hex(checksum: number): string {
  return `0x${checksum.toString(16).padStart(8, '0')}`
}
