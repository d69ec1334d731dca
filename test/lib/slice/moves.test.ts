/** What counts as getting on, and when a task that doesn't is over. */
import { expect, test } from 'vitest'
import { Moves } from '../../../lib/slice/moves.ts'
import { type End, type Lease, NO_PROGRESS, type RunProgress } from '../../../lib/state/lease.ts'
import { NO_MEASURES } from '../../../lib/state/measures.ts'

const LIMIT = 300_000
const lease = (end: End | null = null, lastProgress?: number): Lease => ({
  connector: 'c',
  task: 0,
  epoch: 2,
  generation: 1,
  state: 'owned',
  owner: 'request/1',
  deadline: 0,
  invitedAt: 0,
  plannedEnd: 0,
  heir: null,
  doubled: false,
  wanted: 'run',
  end,
  clean: true,
  restarts: 0,
  nextRestart: null,
  slices: 1,
  progress: { ...NO_PROGRESS, ...(lastProgress === undefined ? {} : { lastProgress }) },
})
const run = (more: Partial<RunProgress> = {}): RunProgress => {
  const { uncounted, committed, ...accounting } = NO_PROGRESS.accounting
  const unmoved = { firstPoll: null, measures: NO_MEASURES }
  return { ...NO_PROGRESS, ...unmoved, accounting: { ...accounting, range: null }, ...more }
}

test('records that end are progress, and so is a look that finds nothing', () => {
  const moves = new Moves(lease(), 0)
  moves.look(run({ read: 5, written: 3, lastPoll: 10 }), 10)
  expect(moves.last).toBe(10)
  moves.look(run({ read: 5, filtered: 1, written: 4, lastPoll: 10 }), 20)
  expect(moves.last).toBe(20)
  moves.look(run({ read: 5, filtered: 1, written: 4, lastPoll: 30 }), 31)
  expect(moves.last).toBe(31)
  expect(moves.isStalled(LIMIT, 31 + LIMIT - 1)).toBe(false)
})

test('records that are read and not written are none, however often the task looks', () => {
  const moves = new Moves(lease(), 0)
  moves.look(run({ read: 5, lastPoll: 10, retried: 1 }), 10)
  moves.look(run({ read: 9, lastPoll: 20, retried: 2, note: 'connection refused' }), 20)
  expect(moves.last).toBe(0)
  expect(moves.isStalled(LIMIT, LIMIT)).toBe(true)
  expect(moves.stall?.message).toBe(
    'The task c-0 has moved nothing since 1970-01-01T00:00:00.000Z: 9 records were read and have not been written (connection refused). It is started again after penstock.stall.restart.ms=300000',
  )
})

test('a start and a poll that do not come back are told apart; without a limit nothing is over', () => {
  const moves = new Moves(lease(), 0)
  expect(moves.hung.message).toContain('its start has not come back')
  moves.look(run(), 10)
  expect(moves.hung.message).toContain('its poll has not come back')
  expect(moves.isStalled(-1, 10 * LIMIT)).toBe(false)
})

test('goes on counting over slices that follow each other, and begins anew after a rest or a failure', () => {
  const failed: End = { kind: 'failed', error: { message: '', trace: '', retriable: true } }
  expect(new Moves(lease({ kind: 'again' }, 5), 100).last).toBe(5)
  expect(new Moves(lease({ kind: 'again' }), 100).last).toBe(100)
  expect(new Moves(lease({ kind: 'at', at: 50, idle: null }, 5), 100).last).toBe(100)
  expect(new Moves(lease(failed, 5), 100).last).toBe(100)
})
