import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Payload } from '../../../lib/connect/plugin.ts'
import { type CompressionType, loadCodec, UNCOMPRESSED } from '../../../lib/kafka/compression.ts'
import {
  CorruptRecords,
  checkCrc,
  readBatch,
  readHeaders,
  recordsOf,
  visitRecords,
} from '../../../lib/kafka/record-batch-decoder.ts'
import { RecordBatchEncoder, type RecordHeader, stampBatch } from '../../../lib/kafka/record-batch-encoder.ts'
import { splitBatch } from '../../../lib/kafka/split-batch.ts'

const PLACE = { topic: 'orders', partition: 3 }
const TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

interface Plain {
  readonly key: Payload
  readonly value: Payload
  readonly timestamp: number
  readonly headers: readonly RecordHeader[]
}

const payload = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  // Around the lengths where a length field grows, with characters that make more bytes than units.
  fc.integer({ min: 15, max: 70 }).map((n) => 'é'.repeat(n)),
  fc.integer({ min: 2700, max: 2740 }).map((n) => '€'.repeat(n)),
  fc.integer({ min: 8180, max: 8200 }).map((n) => 'x'.repeat(n)),
)
const header = fc.record({ key: fc.string({ unit: 'binary', maxLength: 70 }), value: payload })
const record: fc.Arbitrary<Plain> = fc.record({
  key: payload,
  value: payload,
  timestamp: fc.oneof(fc.integer({ min: 1.6e12, max: 1.9e12 }), fc.maxSafeInteger()),
  headers: fc.array(header, { maxLength: 3 }),
})

function encode(records: readonly Plain[], codec = UNCOMPRESSED, capacity = 16): Buffer {
  const encoder = new RecordBatchEncoder(capacity)
  for (const { key, value, timestamp, headers } of records) encoder.append(key, value, timestamp, headers)
  const batch = encoder.finish(false, codec)
  stampBatch(batch, 9_000_000_001, 7, 21)
  return batch
}

async function decode(bytes: Buffer, at = 0) {
  const batch = readBatch(bytes, at, PLACE)
  if (batch === null) throw new Error('no batch')
  checkCrc(bytes, batch, PLACE)
  const types: readonly CompressionType[] = TYPES
  const buffer = recordsOf(bytes, batch, await loadCodec(types[batch.compression] ?? 'none'), PLACE)
  const part = (start: number, end: number) => (end < 0 ? null : Buffer.from(buffer.subarray(start, end)))
  const records: unknown[] = []
  visitRecords(buffer, batch, PLACE, (offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, from, count) => {
    const headers = readHeaders(buffer, from, count).map(({ key, value }) => ({
      key,
      value: value && Buffer.from(value),
    }))
    records.push({ offset, timestamp, key: part(keyStart, keyEnd), value: part(valueStart, valueEnd), headers })
  })
  return { batch, records }
}

function expected(records: readonly Plain[]): unknown[] {
  const bytes = (value: Payload) => (value === null ? null : Buffer.from(value as string))
  return records.map(({ key, value, timestamp, headers }, offset) => ({
    offset,
    timestamp,
    key: bytes(key),
    value: bytes(value),
    headers: headers.map((h) => ({ key: Buffer.from(h.key).toString(), value: bytes(h.value) })),
  }))
}

describe.each(TYPES)('%s', (type) => {
  test('what is written is read', async () => {
    const codec = await loadCodec(type)
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
        const { batch, records: read } = await decode(encode(records, codec))
        expect(read).toEqual(expected(records))
        const times = records.map(({ timestamp }) => timestamp)
        expect(batch).toMatchObject({ count: records.length, nextOffset: records.length, producerId: 9_000_000_001 })
        expect(batch).toMatchObject({ producerEpoch: 7, baseSequence: 21, isTransactional: false, isControl: false })
        expect(batch).toMatchObject({ baseTimestamp: times[0], maxTimestamp: Math.max(...times) })
      }),
      { numRuns: 60 },
    )
  })

  test('large batches too', async () => {
    const value = Array.from({ length: 50 }, (_, i) => `${i * 7919} some text`).join(';')
    const records = Array.from({ length: 2000 }, (_, i) => ({ key: `k${i}`, value, timestamp: 1e12 + i, headers: [] }))
    const { records: read } = await decode(encode(records, await loadCodec(type), 1024))
    expect(read).toEqual(expected(records))
  })
})

test('a record taken back leaves no trace', async () => {
  const encoder = new RecordBatchEncoder(16)
  encoder.append('a', 'first', 1000, [])
  encoder.append('b', 'x'.repeat(100_000), 9999, [])
  encoder.undo()
  encoder.append('c', 'second', 500, [])
  const bytes = encoder.finish(true, UNCOMPRESSED)
  stampBatch(bytes, 1, 0, 0)
  const { batch, records } = await decode(bytes)
  expect(batch).toMatchObject({ isTransactional: true, maxTimestamp: 1000, count: 2 })
  expect(records).toMatchObject([
    { offset: 0, timestamp: 1000, value: Buffer.from('first') },
    { offset: 1, timestamp: 500, value: Buffer.from('second') },
  ])
})

test('raw snappy without framing is read', async () => {
  const snappy = (await import('snappyjs')).default
  const raw = snappy.compress(new Uint8Array(Buffer.from('hello hello hello hello')))
  expect((await loadCodec('snappy')).decompress(raw).toString()).toBe('hello hello hello hello')
})

test('a batch cut anywhere is no batch yet, and the whole ones before it are read', async () => {
  const one = encode([{ key: 'k', value: 'v', timestamp: 5, headers: [{ key: 'h', value: 'w' }] }])
  for (let length = 0; length < one.length; length++) {
    const both = Buffer.concat([one, one.subarray(0, length)])
    expect((await decode(both)).batch.end).toBe(one.length)
    expect(readBatch(both, one.length, PLACE)).toBeNull()
  }
})

test('LogAppendTime gives all records the time of the broker', async () => {
  const bytes = encode([1, 2, 3].map((n) => ({ key: null, value: `${n}`, timestamp: n, headers: [] })))
  bytes.writeInt16BE(0x08, 21)
  bytes.writeBigInt64BE(77_777n, 35)
  stampBatch(bytes, -1, -1, -1)
  const { batch, records } = await decode(bytes)
  expect(batch.timestampType).toBe('LogAppendTime')
  expect(records).toMatchObject([{ timestamp: 77_777 }, { timestamp: 77_777 }, { timestamp: 77_777 }])
})

test('any changed byte after the CRC is an error that names topic, partition and offset', async () => {
  const bytes = encode([{ key: 'k', value: 'value', timestamp: 5, headers: [] }])
  bytes.writeBigInt64BE(4711n, 0)
  for (let at = 21; at < bytes.length; at++) {
    const bad = Buffer.from(bytes)
    bad[at] = (bad[at] ?? 0) ^ 1
    const batch = readBatch(bad, 0, PLACE)
    expect(batch).not.toBeNull()
    const check = () => batch && checkCrc(bad, batch, PLACE)
    expect(check).toThrow(CorruptRecords)
    expect(check).toThrow(/offset 4711 of topic orders, partition 3 .* CRC/)
  }
})

test('bytes that are no batch, and records that overrun theirs, are errors and not endless loops', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 61, maxLength: 200 }), (noise) => {
      const bytes = encode([{ key: 'k', value: 'value', timestamp: 5, headers: [] }])
      const bad = Buffer.concat([bytes.subarray(0, 61), noise])
      bad.writeInt32BE(bad.length - 12, 8)
      bad.writeInt32BE(1000, 57)
      const batch = readBatch(bad, 0, PLACE)
      expect(batch).not.toBeNull()
      expect(() => batch && visitRecords(bad.subarray(61), batch, PLACE, () => {})).toThrow(CorruptRecords)
    }),
  )
  const old = Buffer.alloc(100)
  old[16] = 1
  expect(() => readBatch(old, 0, PLACE)).toThrow(/message format is 1/)
})

test('a batch is split into pieces with the same records in the same order', async () => {
  const codec = await loadCodec('zstd')
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 80, max: 9000 }),
      async (records, limit) => {
        const pieces = splitBatch(encode(records, codec), limit, PLACE, codec, undefined)
        const read: unknown[] = []
        for (const { bytes, count, size } of pieces) {
          stampBatch(bytes, 1, 0, 0)
          const piece = await decode(bytes)
          expect(piece.batch.count).toBe(count)
          expect(count === 1 || size <= limit).toBe(true)
          for (const one of piece.records) read.push({ ...(one as object), offset: read.length })
        }
        expect(read).toEqual(expected(records))
      },
    ),
    { numRuns: 50 },
  )
})
