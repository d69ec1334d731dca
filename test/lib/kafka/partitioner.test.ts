import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anotherPartition, murmur2, partitionOfKey } from '../../../lib/kafka/partitioner.ts'

/** From Kafka's own `UtilsTest.testMurmur2`. */
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('a string and its UTF-8 go to the same partition', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.integer({ min: 1, max: 100 }), (key, count) => {
      const partition = partitionOfKey(key, count)
      expect(partition).toBe(partitionOfKey(Buffer.from(key), count))
      expect(partition).toBeGreaterThanOrEqual(0)
      expect(partition).toBeLessThan(count)
    }),
  )
})

test('another partition is one with a leader, if there is any', () => {
  for (let round = 0; round < 50; round++) {
    expect([1, 3]).toContain(anotherPartition(2, 5, (n) => n === 1 || n === 3 || n === 2))
    expect(anotherPartition(2, 5, () => false)).toBe(2)
    expect(anotherPartition(-1, 5, () => false)).toBe(0)
  }
})
