/** What a slice's seal says of the writes that it and its predecessors have left behind, on a real table. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RetriableError } from '../../../lib/connect/errors.ts'
import { InDoubt, type Run } from '../../../lib/pipeline/run.ts'
import { runSlice, type SliceDeps } from '../../../lib/slice/slice.ts'
import type { Prepared, TaskRun } from '../../../lib/slice/task-run.ts'
import { type Lease, NO_PROGRESS } from '../../../lib/state/leases.ts'
import { NO_MEASURES } from '../../../lib/state/measures.ts'
import type { State } from '../../../lib/state/open.ts'
import { NO_USAGE } from '../../../lib/state/usage.ts'
import { startWorld, type World } from '../state/world.ts'

let world: World
let state: State

beforeAll(async () => {
  world = await startWorld()
  state = world.group().open()
  await state.rebuild()
})

afterAll(() => world[Symbol.asyncDispose]())

const unreachable = () => Promise.reject(new RetriableError('the broker is away'))
const inDoubt = () => Promise.reject(new InDoubt('the commit had no answer'))
const nothing = () => Promise.resolve()
const idle: Run['run'] = () => Promise.resolve({ kind: 'idle', idleMs: 60_000, certain: true, mark: null })

const RUN: TaskRun = {
  prefetch: async () => {},
  run: idle,
  drain: nothing,
  stop: nothing,
  sealOffsets: nothing,
  viewOffsets: null,
  usedTopics: null,
  progress: {
    ...{ ...NO_PROGRESS, accounting: { ...NO_PROGRESS.accounting, range: null } },
    ...{ firstPoll: null, measures: NO_MEASURES },
  },
  firstRecords: null,
  lastRecords: null,
}

/** The lease after a slice whose task is started so, after a predecessor that was clean or not. */
async function sealedAfter(start: () => Promise<TaskRun>, wasClean: boolean): Promise<Lease | null> {
  const connector = randomUUID()
  const before = { epoch: 1, owner: 'r/1', deadline: Date.now() + 60_000, plannedEnd: Date.now() }
  await state.configs.write(connector, { configPosition: null }, [
    { kind: 'connector', connector, config: { name: connector, 'connector.class': 'FileStreamSource' } },
    { kind: 'task', connector, task: 0, config: {} },
    { kind: 'commit', connector, tasks: 1 },
  ])
  const generation = (await state.configs.view(connector))?.generation ?? -1
  const invitation = { generation, invitedAt: Date.now(), restarts: 0 }
  await state.leases.invite(connector, 0, { after: null, epoch: 1, ...invitation })
  await state.leases.claim(connector, 0, before)
  const end = { kind: 'again' } as const
  const sealed = await state.leases.seal(connector, 0, {
    ...{ epoch: 1, owner: 'r/1', end, progress: NO_PROGRESS, made: false, clean: wasClean },
  })
  await state.leases.invite(connector, 0, { after: sealed?.lease ?? null, epoch: 2, ...invitation })
  const event = { connector, task: 0, epoch: 2, generation, heir: false }
  await runSlice(event, { requestId: 'r2', deadline: Date.now() + 60_000 }, depsOf(start))
  return state.leases.get(connector, 0)
}

function depsOf(start: () => Promise<TaskRun>): SliceDeps {
  const about = { view: { taskStatuses: [], topics: [] }, connector: { version: '1' } }
  const prepared = { ...about, start, giveUp: async () => {} } as unknown as Prepared
  const pace = { sliceMs: 30_000, idleMaxMs: 60_000, heirLeadMs: 1, lookMs: 1_000, progressMs: 1_000, stallMs: -1 }
  return {
    state,
    events: { emit: nothing, wake: nothing } as unknown as SliceDeps['events'],
    open: () => Promise.resolve(prepared),
    workerId: 'w:8083',
    log: { debug() {}, info() {}, warn() {}, error() {}, add() {} },
    scrub: (text) => text,
    pace: () => pace,
    used: () => NO_USAGE,
    shutdown: new AbortController().signal,
    look: () => Promise.resolve({ kind: 'penstock' }) as unknown as ReturnType<SliceDeps['look']>,
  }
}

test.each([
  ['a slice that ended well', { ...RUN }, 'at', true],
  ['one that failed, and whose transaction was aborted', { ...RUN, run: unreachable }, 'failed', true],
  ['one that failed with a commit in doubt', { ...RUN, run: unreachable, drain: inDoubt }, 'failed', false],
  ['one whose last commit got no answer', { ...RUN, drain: unreachable }, 'failed', false],
  ['one that gave up a write when its time was over', { ...RUN, drain: inDoubt }, 'at', false],
  ['one that could not be stopped', { ...RUN, run: unreachable, stop: unreachable }, 'failed', false],
] as const)('%s: clean', async (_name, run, end, clean) => {
  const lease = await sealedAfter(() => Promise.resolve(run), false)
  expect(lease).toMatchObject({ state: 'sealed', epoch: 2, end: { kind: end }, clean })
})

test.each([true, false])('a slice that could not start leaves what was there before it: clean %s', async (clean) => {
  const lease = await sealedAfter(unreachable, clean)
  expect(lease).toMatchObject({ state: 'sealed', epoch: 2, end: { kind: 'failed' }, clean })
})
