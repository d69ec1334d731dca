/**
 * What must always hold (docs/architecture.md) in simulated worlds full of faults; and that the simulator would see it
 * if it didn't. `npm run simulate` runs a million.
 */
import { expect, test } from 'vitest'
import { PLANTED } from './planted.ts'
import { report, runWorlds } from './run.ts'

const WORLDS = 3_000

test('thousands of worlds keep what must always hold', { timeout: 600_000 }, async () => {
  const found = await runWorlds(1, WORLDS)
  expect(found === null ? '' : report(found)).toBe('')
})

test.each(PLANTED)('$name is found', { timeout: 120_000 }, async (planted) => {
  const found = await runWorlds(1, 2_000, planted)
  expect(found?.violation ?? 'nothing').not.toBe('nothing')
  const again = await runWorlds(found?.seed ?? 0, 1, planted)
  expect(again).toEqual(found)
})
