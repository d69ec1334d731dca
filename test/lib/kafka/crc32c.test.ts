import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c, crc32cByTables, crc32cNative } from '../../../lib/kafka/crc32c.ts'

test('is the CRC-32C of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32cByTables(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32cByTables(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32cByTables(Buffer.alloc(0))).toBe(0)
})

test('is the same by tables as by the native file, wherever the bytes lie', () => {
  expect(crc32cNative).not.toBeNull()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(9), (bytes, from) => {
      const part = bytes.subarray(Math.min(from, bytes.length))
      expect(crc32cByTables(part)).toBe(crc32cNative?.(part))
    }),
  )
})
