import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wellFormed, writeUtf8 } from '../../../lib/connect/utf8.ts'
import { UNCOMPRESSED } from '../../../lib/kafka/compression.ts'
import { partitionOfKey } from '../../../lib/kafka/partitioner.ts'
import { RecordBatchEncoder, stampBatch } from '../../../lib/kafka/record-batch-encoder.ts'

const TEXT = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\ud83d', '\ude00', '?'), maxLength: 80 })

/** Unit by unit: `?` for a surrogate that isn't half of a pair, as Java has it. */
function asJava(text: string): Buffer {
  const parts = Array.from(text, (char) => (/^[\ud800-\udfff]$/.test(char) ? '?' : char))
  return Buffer.from(parts.join(''))
}

test('half a surrogate pair is a question mark, as in Java', () => {
  fc.assert(
    fc.property(TEXT, fc.nat(8), (text, at) => {
      const buffer = Buffer.alloc(at + text.length * 3)
      const length = writeUtf8(buffer, text, at)
      expect(buffer.subarray(at, at + length)).toEqual(asJava(text))
      expect(Buffer.from(wellFormed(text))).toEqual(asJava(text))
    }),
  )
})

test('a record has the same bytes, and the same partition, whether its key and value are texts or their UTF-8', () => {
  const batch = (key: string | Buffer, value: string | Buffer) => {
    const encoder = new RecordBatchEncoder()
    encoder.append(key, value, 1, [{ key: 'h', value }])
    encoder.append(key, value, 2, [])
    const bytes = encoder.finish(false, UNCOMPRESSED)
    stampBatch(bytes, -1, -1, -1)
    return bytes
  }
  fc.assert(
    fc.property(TEXT, TEXT, (key, value) => {
      expect(batch(key, value)).toEqual(batch(asJava(key), asJava(value)))
      expect(partitionOfKey(key, 7)).toBe(partitionOfKey(asJava(key), 7))
    }),
  )
})
