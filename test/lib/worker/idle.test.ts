import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lookEveryMs, nextLook, nextWake } from '../../../lib/worker/idle.ts'

const NOW = 1_700_000_000_123
const idle = (quietMs: number, idleMs = 0) => ({ since: NOW - quietMs, idleMs, mark: null })

test('looks get seldomer the longer nothing comes, up to the cap', () => {
  const every = [0, 10_000, 60_000, 300_000, 600_000, 86_400_000].map((quiet) => lookEveryMs(idle(quiet), 60_000, NOW))
  expect(every).toEqual([500, 1_000, 5_000, 30_000, 60_000, 60_000])
  expect(lookEveryMs(idle(86_400_000), 500, NOW)).toBe(500)
  expect(lookEveryMs(idle(0, 5_000), 60_000, NOW)).toBe(5_000)
  expect(lookEveryMs(idle(0), 50, NOW)).toBe(50)
})

test('tasks with the same interval are looked at at the same time, never later than that and a quarter', () => {
  const moments = fc.integer({ min: 0, max: 3_000 })
  fc.assert(
    fc.property(moments, moments, fc.nat(300_000), fc.integer({ min: 10, max: 90_000 }), (a, b, quiet, cap) => {
      const every = lookEveryMs(idle(quiet), cap, NOW)
      const next = (now: number) => nextLook({ since: now - quiet, idleMs: 0, mark: null }, cap, now)
      expect(next(NOW + a)).toBeGreaterThan(NOW + a)
      expect(next(NOW + a) - NOW - a).toBeLessThanOrEqual(1.25 * every)
      expect(Math.abs(next(NOW + a) - next(NOW + b)) % every).toBe(0)
    }),
  )
})

test('a look that is late by less than half its interval delays no other', () => {
  const at = nextLook(idle(0), 500, NOW)
  expect(nextLook(idle(0), 500, at + 240)).toBe(at + 500)
})

test('what waits for its time is not looked at before', () => {
  expect(nextWake({ at: NOW + 5_000, idle: null }, 500, NOW)).toBe(NOW + 5_000)
  expect(nextWake({ at: NOW - 5_000, idle: idle(0) }, 500, NOW)).toBe(nextLook(idle(0), 500, NOW))
})
