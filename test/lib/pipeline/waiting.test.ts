import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { budget, pause } from '../../../lib/connect/budget.ts'
import { within } from '../../../lib/pipeline/waiting.ts'

test('what comes within the budget', async () => {
  using time = budget(10_000)
  expect(await within(Promise.resolve(1), time, 'Counting')).toBe(1)
  await expect(within(Promise.reject(new Error('no')), time, 'Counting')).rejects.toThrow('no')
})

test('what takes longer', async () => {
  using time = budget(10)
  await expect(
    within(
      pause(60_000, time).then(() => pause(60_000)),
      time,
      'Counting',
    ),
  ).rejects.toThrow('Counting took longer than the time that was left for it')
})

test('a budget that is over, and what waits for its end, can be forgotten', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const drained = await (async () => {
    using time = budget(10_000)
    const task = { buffers: Buffer.alloc(1_000_000) }
    time.signal.addEventListener('abort', () => task.buffers.fill(0))
    await within(Promise.resolve(), time, 'Draining')
    return new WeakRef(task)
  })()
  await turn()
  collect()
  expect(drained.deref()).toBeUndefined()
})
