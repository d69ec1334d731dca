import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sinkAssignment, sinkTopics } from '../../../lib/pipeline/sink-assignment.ts'

const counts = fc
  .dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 40 }))
  .map((all) => new Map(Object.entries(all)))

test('every partition has exactly one task, and tasks differ by one partition at most', () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 12 }), (partitionCounts, tasks) => {
      const seen: string[] = []
      const sizes: number[] = []
      for (let task = 0; task < tasks; task++) {
        const mine = [...sinkAssignment(partitionCounts, tasks, task)].flatMap(([topic, partitions]) =>
          partitions.map((partition) => JSON.stringify([topic, partition])),
        )
        seen.push(...mine)
        sizes.push(mine.length)
      }
      const all = [...partitionCounts].flatMap(([topic, count]) =>
        Array.from({ length: count }, (_, partition) => JSON.stringify([topic, partition])),
      )
      expect(seen.sort()).toEqual(all.sort())
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('the order in which topics are listed changes nothing', () => {
  const one = new Map([
    ['b', 3],
    ['a', 2],
  ])
  const other = new Map([
    ['a', 2],
    ['b', 3],
  ])
  expect(sinkAssignment(one, 2, 1)).toEqual(sinkAssignment(other, 2, 1))
  expect(sinkAssignment(one, 2, 0)).toEqual(
    new Map([
      ['a', [0]],
      ['b', [0, 2]],
    ]),
  )
})

test('topics.regex matches whole names of topics that are not internal', () => {
  const existing = ['orders', 'orders-eu', 'my-orders', '__consumer_offsets'].map((name) => ({
    name,
    internal: name.startsWith('__'),
  }))
  expect(sinkTopics({ topics: [], topicsRegex: 'orders.*' }, existing)).toEqual(['orders', 'orders-eu'])
  expect(sinkTopics({ topics: [], topicsRegex: '.*' }, existing)).toHaveLength(3)
  expect(sinkTopics({ topics: [], topicsRegex: '(?i)ORDERS\\p{Punct}eu' }, existing)).toEqual(['orders-eu'])
  expect(sinkTopics({ topics: ['a', 'b', 'a'], topicsRegex: null }, existing)).toEqual(['a', 'b'])
})
