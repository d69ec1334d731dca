/**
 * Everything at once, for a minute: two clouds under load while their parts are killed, frozen, cut off and changed. What
 * must be so afterwards is in chaos/checks.ts; `npm run chaos` does it for ten minutes and more (docs/guarantees.md).
 */
import { expect, test } from 'vitest'
import { FAULTS } from './chaos/faults.ts'
import { report } from './chaos/report.ts'
import { runChaos } from './chaos/run.ts'

test('each fault once: nothing is lost, nothing doubled that is exactly-once, keys keep their order', {
  timeout: 900_000,
}, async () => {
  const told: string[] = []
  const done = await runChaos({
    seed: 1,
    sliceMs: 4_000,
    quietMs: 0,
    kills: 2,
    faults: FAULTS.length,
    faultsMs: 40_000,
    tell: (line) => told.push(line),
  })
  console.log(report(done))
  expect(done.problems.join('\n'), told.join('\n')).toBe('')
  expect(done.arrived.get('events')?.records).toBeGreaterThan(1_000)
})
