/**
 * What must always hold (docs/architecture.md) in simulated worlds full of faults; that the worlds have all that is to
 * be in them; and that the simulator would see it if something didn't hold. `npm run simulate` runs a million.
 */
import { expect, test } from 'vitest'
import { coverageTable, neverHappened } from './coverage.ts'
import { PLANTED } from './planted.ts'
import { report, Threads } from './run.ts'

const WORLDS = 10_000

test('ten thousand worlds keep what must always hold', { timeout: 600_000 }, async () => {
  await using threads = new Threads()
  const { broken, counts } = await threads.run(1, WORLDS)
  expect(broken === null ? '' : report(broken)).toBe('')
  console.log(coverageTable(counts))
  expect(neverHappened(counts)).toEqual([])
})

test.each(PLANTED)('$name is found', { timeout: 120_000 }, async (planted) => {
  await using threads = new Threads(planted)
  const { broken } = await threads.run(1, 2_000)
  expect(broken?.violation ?? 'nothing').not.toBe('nothing')
  const again = await threads.run(broken?.seed ?? 0, 1)
  expect(again.broken).toEqual(broken)
})
