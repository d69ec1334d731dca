/** What an owner does: start the task, run it within its time, drain it. Failures become the slice's end. */
import { type Budget, budget } from '../connect/budget.ts'
import { ConnectError, trace } from '../connect/errors.ts'
import type { Outcome } from '../pipeline/run.ts'
import type { End, Lease, Progress } from '../state/leases.ts'
import type { Claimant } from './claim.ts'
import { monitor } from './monitor.ts'
import { ended, isEvidence, total } from './progress.ts'
import type { SliceDeps } from './slice.ts'
import { type Prepared, SliceAbandoned, type TaskRun } from './task-run.ts'

/** Kept back before the hard timeout for the drain, in ms: the flush of a slow target and a commit. */
const DRAIN_MS = 8_000
/** Kept back from the drain for publishing the end and the seal, in ms. */
const SEAL_MS = 1_500

/** The slice's times, in ms. */
export interface SlicePace {
  readonly sliceMs: number
  readonly idleMaxMs: number
  /** How long before its planned end a busy slice asks for its heir. */
  readonly heirLeadMs: number
  readonly lookMs: number
  readonly progressMs: number
}

export interface Work {
  readonly lease: Lease
  readonly claimant: Claimant
  readonly prepared: Prepared
  readonly deps: SliceDeps
  readonly pace: SlicePace
}

export interface Worked {
  readonly end: End
  /** With that of the slices before. */
  readonly progress: Progress
  /** Records have ended. */
  readonly made: boolean
  /** When the slice's records came first and last, epoch ms. */
  readonly records: readonly [first: number | null, last: number | null]
}

export async function work(slice: Work): Promise<Worked> {
  const { lease, claimant, prepared, deps, pace } = slice
  const { shutdown } = deps
  if (shutdown.aborted) return { end: { kind: 'again' }, progress: lease.progress, made: false, records: [null, null] }
  const plannedEnd = Math.min(Date.now() + pace.sliceMs, claimant.deadline - DRAIN_MS)
  using time = budget(plannedEnd - Date.now())
  const onShutdown = () => time.end('the process is to end')
  shutdown.addEventListener('abort', onShutdown, { once: true })
  let run: TaskRun | null = null
  let shown = false
  const progress = () => total(lease.progress, run?.progress ?? null)
  const made = () => run !== null && ended(run.progress) > 0
  const evidence = async () => {
    if (!shown && run !== null && isEvidence(run.progress)) {
      shown = true
      await showRunning(slice)
    }
  }
  const watching = monitor(
    {
      leases: deps.state.leases,
      events: deps.events,
      lease,
      owner: claimant.owner,
      plannedEnd,
      heirLeadMs: pace.heirLeadMs,
      lookMs: pace.lookMs,
      progressMs: pace.progressMs,
      progress,
      made,
      busy: () => Date.now() - (run?.lastRecords ?? 0) < BUSY_MS,
      evidence,
      log: deps.log,
    },
    time,
  )
  let end: End
  try {
    run = await prepared.start(lease, time)
    const outcome = await run.run(time)
    await drain(run, claimant.deadline)
    await sealOffsets(run, deps)
    end = endOf(outcome, time, pace)
    if (!shown) await showRunning(slice)
  } catch (error) {
    if (error instanceof SliceAbandoned) throw error
    const failed = failure(error)
    end = failed
    deps.log.error('the task failed', { error: failed.error.message, trace: failed.error.trace })
    await rescue(run, claimant.deadline)
    await show(slice, 'FAILED', failed.error.trace)
  } finally {
    shutdown.removeEventListener('abort', onShutdown)
    time.end('the slice is over')
    await watching
  }
  return { end, progress: progress(), made: made(), records: [run?.firstRecords ?? null, run?.lastRecords ?? null] }
}

/** A slice that had records this lately, in ms, is worth an heir. */
const BUSY_MS = 3_000

function endOf(outcome: Outcome, time: Budget, pace: SlicePace): End {
  if (time.signal.aborted && (time.signal.reason as Error).message === 'stopped') return { kind: 'stopped' }
  switch (outcome.kind) {
    case 'budget':
      return { kind: 'again' }
    case 'idle':
      return { kind: 'at', at: Date.now() + Math.min(outcome.idleMs, pace.idleMaxMs) }
    case 'done':
      return { kind: 'done' }
    default:
      return outcome satisfies never
  }
}

function failure(error: unknown): Extract<End, { kind: 'failed' }> {
  const message = error instanceof Error ? error.message : String(error)
  const retriable = error instanceof ConnectError && error.kind === 'retriable'
  return { kind: 'failed', error: { message, trace: trace(error), retriable } }
}

async function drain(run: TaskRun, deadline: number): Promise<void> {
  using time = budget(deadline - SEAL_MS - Date.now())
  const late = new Promise<never>((_, reject) =>
    time.signal.addEventListener('abort', () => reject(new SliceAbandoned()), { once: true }),
  )
  await Promise.race([run.drain(time).then(() => run.stop()), late])
}

/** The view saves the next slice a longer read; the topic has the offsets in any case. */
async function sealOffsets(run: TaskRun, deps: SliceDeps): Promise<void> {
  try {
    await run.sealOffsets()
  } catch (error) {
    deps.log.warn('the view of the offsets could not be written', { error: (error as Error).message })
  }
}

/** After a failure: what ended well before it is still committed where that works. */
async function rescue(run: TaskRun | null, deadline: number): Promise<void> {
  if (run === null) return
  try {
    await drain(run, deadline)
  } catch (error) {
    if (error instanceof SliceAbandoned) throw error
    await run.stop().catch(() => undefined)
  }
}

async function showRunning(slice: Work): Promise<void> {
  const { lease, prepared, deps } = slice
  const before = prepared.view.taskStatuses.find((status) => status.task === lease.task)
  if (before?.state === 'RUNNING' && before.workerId === deps.workerId && before.generation === lease.generation) return
  await show(slice, 'RUNNING', null)
}

async function show(slice: Work, state: 'RUNNING' | 'FAILED', reason: string | null): Promise<void> {
  const { lease, prepared, deps } = slice
  const { generation } = lease
  const status = { state, trace: reason, workerId: deps.workerId, generation, version: prepared.connector.version }
  try {
    await deps.state.statuses.publish([{ kind: 'task', connector: lease.connector, task: lease.task, status }])
  } catch (error) {
    deps.log.warn('the status could not be published', { state, error: (error as Error).message })
  }
}
