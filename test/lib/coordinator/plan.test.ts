import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Action, type Observed, plan, UNCLAIMED_MS } from '../../../lib/coordinator/plan.ts'
import { CLOCK_MARGIN_MS, type Lease, NO_PROGRESS } from '../../../lib/state/lease.ts'
import { nextLook } from '../../../lib/worker/idle.ts'

const NOW = 1_000_000
const IDLE = { since: NOW - 3_000, idleMs: 0, mark: null }
function lease(change: Partial<Lease> = {}): Lease {
  return {
    connector: 'c',
    task: 0,
    epoch: 3,
    generation: 10,
    state: 'sealed',
    owner: null,
    deadline: null,
    invitedAt: NOW - 60_000,
    plannedEnd: null,
    heir: null,
    doubled: false,
    wanted: 'run',
    end: { kind: 'again' },
    clean: true,
    restarts: 0,
    nextRestart: null,
    slices: 2,
    progress: NO_PROGRESS,
    ...change,
  }
}

const owned = (change: Partial<Lease> = {}) =>
  lease({ state: 'owned', owner: 'r/1', deadline: NOW + 30_000, plannedEnd: NOW + 20_000, end: null, ...change })

function seen(change: Partial<Observed> & { live?: Partial<NonNullable<Observed['config']>> } = {}): Observed {
  const { live, ...rest } = change
  return {
    now: NOW,
    connector: 'c',
    config: {
      position: 5,
      target: 'STARTED',
      targetPosition: 6,
      generation: 10,
      tasks: 1,
      exactlyOnceSource: false,
      fencingPosition: null,
      splitFailedAt: null,
      partitionsChanged: false,
      ...live,
    },
    standAside: false,
    leases: [],
    policy: { maxAttempts: 3, delayMs: 1_000, delayMaxMs: 60_000 },
    heirsWanted: [],
    nothingNew: new Set(),
    toShow: new Set(),
    idleMaxMs: 500,
    members: { held: null, wanted: false, failedAt: null },
    ...rest,
  }
}

const kinds = (actions: readonly Action[]) => actions.map((action) => action.kind).filter((kind) => kind !== 'settled')
const notSettled = (actions: readonly Action[]) => actions.filter((action) => action.kind !== 'settled')

describe('task configs', () => {
  test('a new connector gets them', () => {
    expect(kinds(plan(seen({ live: { generation: null, tasks: 0 } })))).toEqual(['split'])
  })

  test('a changed config gets new ones, and what runs on the old ones is stopped', () => {
    expect(kinds(plan(seen({ live: { position: 11 }, leases: [owned()] })))).toEqual(['stop', 'split'])
  })

  test('a connector resumed from STOPPED gets them again', () => {
    expect(kinds(plan(seen({ live: { tasks: 0, targetPosition: 11 } })))).toEqual(['split'])
  })

  test('a failure to make them is left alone for a while', () => {
    const live = { generation: null, tasks: 0, splitFailedAt: NOW - 1_000 }
    expect(kinds(plan(seen({ live })))).toEqual(['wake'])
  })
})

describe('a generation', () => {
  test('invites each task once', () => {
    const actions = plan(seen({ live: { tasks: 3 } }))
    expect(notSettled(actions).map((action) => action.kind === 'invite' && action.task)).toEqual([0, 1, 2])
  })

  test('waits for every owner of an older one', () => {
    const leases = [owned({ generation: 4 }), lease({ task: 1, generation: 4 })]
    expect(kinds(plan(seen({ live: { tasks: 2 }, leases })))).toEqual(['stop', 'wake'])
  })

  test('of an exactly-once source fences the older one before any task starts', () => {
    const live = { exactlyOnceSource: true, fencingPosition: 4 }
    expect(kinds(plan(seen({ live })))).toEqual(['fence'])
    expect(kinds(plan(seen({ live: { ...live, fencingPosition: 12 } })))).toEqual(['invite'])
  })

  test('with fewer tasks than before stops and removes what is over', () => {
    const leases = [owned(), owned({ task: 1 }), lease({ task: 2 })]
    expect(kinds(plan(seen({ leases })))).toEqual(['stop', 'remove', 'wake'])
  })
})

describe('a lease', () => {
  test.each<[string, Lease, string[]]>([
    ['sealed for now is invited', lease(), ['invite']],
    ['sealed until later is woken then', lease({ end: { kind: 'at', at: NOW + 400, idle: null } }), ['wake']],
    ['sealed until now is invited', lease({ end: { kind: 'at', at: NOW, idle: null } }), ['invite']],
    [
      'idle, and not known to have nothing, is invited',
      lease({ end: { kind: 'at', at: NOW, idle: IDLE } }),
      ['invite'],
    ],
    ['done stays so', lease({ end: { kind: 'done' } }), []],
    ['done, until a person restarts it', lease({ end: { kind: 'done' }, nextRestart: NOW }), ['invite']],
    ['owned is left alone until its deadline', owned(), ['wake']],
    [
      'owned past its deadline, clocks apart, is still left alone',
      owned({ deadline: NOW - CLOCK_MARGIN_MS + 1 }),
      ['wake'],
    ],
    ['owned well past its deadline has a dead owner', owned({ deadline: NOW - CLOCK_MARGIN_MS }), ['invite']],
    ['dead for the first time starts again at once', owned({ state: 'dead' }), ['invite']],
    ['dead again waits', owned({ state: 'dead', restarts: 1 }), ['await-restart', 'wake']],
    ['dead too often stays so', owned({ state: 'dead', restarts: 3 }), []],
    ['invited a moment ago is waited for', lease({ state: 'invited', invitedAt: NOW - 100 }), ['wake']],
    [
      'invited and not claimed is issued again',
      lease({ state: 'invited', invitedAt: NOW - UNCLAIMED_MS }),
      ['reissue'],
    ],
  ])('%s', (_, one, expected) => {
    expect(kinds(plan(seen({ leases: [one] })))).toEqual(expected)
  })

  test('of an idle task for which nothing has come is looked at again, and nothing is written', () => {
    const one = lease({ end: { kind: 'at', at: NOW, idle: IDLE } })
    const at = nextLook(IDLE, 500, NOW)
    expect(notSettled(plan(seen({ leases: [one], nothingNew: new Set([0]) })))).toEqual([{ kind: 'wake', at }])
  })

  test('of an idle task comes from time to time all the same, to commit its offsets again', () => {
    const one = lease({ end: { kind: 'at', at: NOW, idle: IDLE }, invitedAt: NOW - 12 * 3_600_000 })
    expect(kinds(plan(seen({ leases: [one], nothingNew: new Set([0]) })))).toEqual(['invite'])
  })

  test('of an idle task that was resumed or restarted does not wait', () => {
    const idle = lease({ end: { kind: 'at', at: NOW + 60_000, idle: IDLE } })
    expect(kinds(plan(seen({ leases: [idle], toShow: new Set([0]) })))).toEqual(['invite'])
    expect(kinds(plan(seen({ leases: [{ ...idle, nextRestart: NOW }] })))).toEqual(['invite'])
    expect(kinds(plan(seen({ leases: [{ ...idle, nextRestart: NOW + 1 }] })))).toEqual(['wake'])
  })

  test('that waits for its time starts then, whatever a look says', () => {
    const one = lease({ end: { kind: 'at', at: NOW, idle: null } })
    expect(kinds(plan(seen({ leases: [one], nothingNew: new Set([0]) })))).toEqual(['invite'])
  })

  test('of a failed slice waits longer each time, and never with the budget spent', () => {
    const end = { kind: 'failed', error: { message: 'no', trace: 'no', retriable: false } } as const
    const delays = [0, 1, 2].map((restarts) => {
      const wait = plan(seen({ leases: [lease({ end, restarts })] })).find((action) => action.kind === 'await-restart')
      return wait?.kind === 'await-restart' ? (wait.at ?? 0) - NOW : 0
    })
    expect(delays[1]).toBeGreaterThan(delays[0] ?? 0)
    expect(delays[2]).toBeGreaterThan(delays[1] ?? 0)
    expect(kinds(plan(seen({ leases: [lease({ end, restarts: 3 })] })))).toEqual([])
  })

  test('gets an heir once, when its owner asks', () => {
    const heirsWanted = [{ task: 0, epoch: 3 }]
    expect(kinds(plan(seen({ leases: [owned()], heirsWanted })))).toEqual(['invite-heir', 'wake'])
    const heir = { epoch: 4, invitedAt: NOW, owner: null, deadline: null }
    expect(kinds(plan(seen({ leases: [owned({ heir })], heirsWanted })))).toEqual(['wake'])
  })

  test('of a dead owner is left to a registered heir', () => {
    const heir = { epoch: 4, invitedAt: NOW, owner: 'r/2', deadline: NOW + 20_000 }
    expect(kinds(plan(seen({ leases: [owned({ state: 'dead', heir })] })))).toEqual(['wake'])
  })
})

test.each(['PAUSED', 'STOPPED'] as const)('%s stops what runs, and shows itself once all have ended', (target) => {
  const live = { target, tasks: 0 }
  expect(kinds(plan(seen({ live, leases: [owned()] })))).toEqual(['stop', 'wake'])
  expect(plan(seen({ live }))).toEqual([{ kind: 'settled', state: target }])
})

test('a deleted connector is wound up', () => {
  expect(kinds(plan(seen({ config: null, leases: [owned()] })))).toEqual(['stop', 'wake'])
  expect(plan(seen({ config: null, leases: [lease()] })).map((action) => action.kind)).toEqual(['remove', 'settled'])
  expect(plan(seen()).some((action) => action.kind === 'settled' && action.state === 'RUNNING')).toBe(true)
})

const anyLease = fc
  .record({
    task: fc.nat(3),
    epoch: fc.nat(9),
    generation: fc.constantFrom(4, 10),
    state: fc.constantFrom<Lease['state'][]>('invited', 'owned', 'sealed', 'dead'),
    deadline: fc.integer({ min: NOW - 5_000, max: NOW + 5_000 }),
    invitedAt: fc.integer({ min: NOW - 10_000, max: NOW }),
    wanted: fc.constantFrom<Lease['wanted'][]>('run', 'stop'),
    restarts: fc.nat(4),
    heirDeadline: fc.option(fc.integer({ min: NOW - 5_000, max: NOW + 5_000 })),
    end: fc.constantFrom<NonNullable<Lease['end']>[]>(
      { kind: 'again' },
      { kind: 'at', at: NOW + 10, idle: null },
      { kind: 'at', at: NOW, idle: IDLE },
      { kind: 'done' },
    ),
  })
  .map(({ heirDeadline, ...rest }) => {
    const heir =
      heirDeadline === null ? null : { epoch: rest.epoch + 1, invitedAt: NOW, owner: 'r/2', deadline: heirDeadline }
    return lease({ ...rest, owner: 'r/1', heir: rest.state === 'owned' || rest.state === 'dead' ? heir : null })
  })

test('whatever is observed: no task is given away while someone may hold it, and something always comes next', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyLease, { selector: (one) => one.task }),
      fc.integer({ min: 0, max: 4 }),
      (leases, tasks) => {
        const observed = seen({ leases, live: { tasks } })
        const actions = plan(observed)
        const mayHold = (one: Lease) =>
          (one.state === 'owned' && NOW < (one.deadline ?? 0) + CLOCK_MARGIN_MS) ||
          (one.state !== 'sealed' && one.heir?.deadline != null && NOW < one.heir.deadline + CLOCK_MARGIN_MS)
        for (const action of actions) {
          if (action.kind === 'invite' && action.after !== null) expect(mayHold(action.after)).toBe(false)
          if (action.kind === 'invite') expect(leases.some((one) => one.generation < 10 && mayHold(one))).toBe(false)
          if (action.kind === 'remove') expect(mayHold(action.lease)).toBe(false)
        }
        const waits = (one: Lease) => one.task < tasks && one.end?.kind !== 'done' && one.restarts < 3
        if (leases.some((one) => waits(one))) expect(actions.length).toBeGreaterThan(0)
      },
    ),
    { numRuns: 2_000 },
  )
})

describe('while a Connect cluster runs the connectors', () => {
  const aside = (change: Parameters<typeof seen>[0] = {}) => plan(seen({ standAside: true, ...change }))

  test('what runs is asked to stop, and nothing else is done', () => {
    const actions = aside({ leases: [owned()] })
    expect(kinds(actions)).toEqual(['stop', 'wake'])
  })

  test('nothing is started, nothing is written, and no status is shown', () => {
    expect(aside()).toEqual([])
    expect(aside({ leases: [lease()] })).toEqual([])
    expect(aside({ live: { generation: null } })).toEqual([])
    expect(aside({ live: { target: 'STOPPED' }, leases: [lease()] })).toEqual([])
    expect(aside({ config: null, leases: [lease()] })).toEqual([])
  })
})

describe("the members that stand for a sink's tasks", () => {
  const held = { tasks: 10, generation: 4, since: NOW - 60_000 }
  const of = (members: Partial<Observed['members']>, leases: Lease[], target: 'STARTED' | 'STOPPED' = 'STARTED') =>
    kinds(plan(seen({ leases, members: { held: null, wanted: true, failedAt: null, ...members }, live: { target } })))
  const failedForGood = lease({
    end: { kind: 'failed', error: { message: 'no', trace: 'no', retriable: false } },
    restarts: 3,
  })

  test('join once the tasks have begun, and stay for as long as the task configs do', () => {
    expect(of({}, [owned({ slices: 0 })])).not.toContain('join')
    expect(of({}, [owned({ slices: 1 })])).toContain('join')
    expect(of({ held }, [owned()])).toEqual(['wake'])
    expect(of({ held: { ...held, tasks: 9 } }, [owned()])).toContain('join')
    expect(of({ failedAt: NOW - 1_000 }, [owned()])).not.toContain('join')
  })

  test('those that somebody lets join are left alone, unless he takes too long', () => {
    const joining = { ...held, generation: null, since: NOW - 1_000 }
    expect(of({ held: joining }, [owned()])).toEqual(['wake'])
    expect(of({ held: { ...joining, since: NOW - 60_000 } }, [owned()])).toContain('join')
  })

  test('leave with the last task that has failed for good, and once a stopped connector has ended', () => {
    expect(of({ held }, [failedForGood])).toContain('leave')
    expect(of({ held }, [owned()], 'STOPPED')).not.toContain('leave')
    // While they join, the slice that is to end could not commit.
    expect(of({ held: { ...held, generation: null } }, [owned()], 'STOPPED')).toContain('leave')
    expect(of({ held }, [lease()], 'STOPPED')).toContain('leave')
  })
})
