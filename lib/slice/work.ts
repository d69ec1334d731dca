/** What an owner does: start the task, run it within its time, drain it. Failures become the slice's end. */
import { type Budget, budget } from '../connect/budget.ts'
import { ConnectError, trace } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { Outcome } from '../pipeline/run.ts'
import type { End, Lease, Progress, RunProgress } from '../state/leases.ts'
import { type Measures, NO_MEASURES } from '../state/measures.ts'
import type { DayUsage } from '../state/usage.ts'
import { nextLook } from '../worker/idle.ts'
import { activeTopics } from './active-topics.ts'
import type { Claimant } from './claim.ts'
import { drain, orAbandon, rescue, SEAL_MS } from './drain.ts'
import { measuredSoFar, sliceMeasures } from './measured.ts'
import { monitor } from './monitor.ts'
import { Moves } from './moves.ts'
import { audited, ended, isEvidence, total } from './progress.ts'
import type { SliceDeps } from './slice.ts'
import { type Prepared, SliceAbandoned, type TaskRun } from './task-run.ts'
import { taskUsage } from './task-usage.ts'

/** Kept back before the hard timeout for the drain, in ms: the flush of a slow target and a commit. */
const DRAIN_MS = 8_000
/** How long the drain of a stalled task may take, in ms. */
const STALL_DRAIN_MS = 5_000

/** The slice's times, in ms. */
export interface SlicePace {
  readonly sliceMs: number
  readonly idleMaxMs: number
  /** How long before its planned end a busy slice asks for its heir. */
  readonly heirLeadMs: number
  readonly lookMs: number
  readonly progressMs: number
  /** After how long a task that moves nothing is ended; -1 for never. */
  readonly stallMs: number
}

export interface Work {
  readonly lease: Lease
  /** By the predecessor's seal, which left the writing of its view of the offsets to this slice. */
  readonly passed: boolean
  readonly claimant: Claimant
  readonly prepared: Prepared
  readonly deps: SliceDeps
  readonly pace: SlicePace
  /** False: a Connect cluster runs the connectors. */
  readonly mayRun: boolean
}

export interface Worked {
  readonly end: End
  /** With that of the slices before. */
  readonly progress: Progress
  /** Of this slice alone; null where the task didn't start. */
  readonly slice: RunProgress | null
  readonly measures: Measures
  /** Of a day that is over, to be filed once this end is written. */
  readonly usageOver: DayUsage | null
  /** Records have ended. */
  readonly made: boolean
  /** As `Lease.clean`: what this slice sent, and those before it, is decided. */
  readonly clean: boolean
  /** The lease as the slice saw it last. */
  readonly seen: Lease
  /** Resolves once the view of the offsets is written, as far as it can be; before the seal. */
  readonly offsetsSealed: Promise<unknown>
  /** When the slice's records came first and last, epoch ms. */
  readonly records: readonly [first: number | null, last: number | null]
}

export async function work(slice: Work): Promise<Worked> {
  const moves = new Moves(slice.lease)
  try {
    return await runToEnd(slice, moves)
  } catch (error) {
    if (error instanceof SliceAbandoned) await show(slice, 'FAILED', trace(moves.hung))
    throw error
  }
}

async function runToEnd(slice: Work, moves: Moves): Promise<Worked> {
  const { lease, claimant, prepared, deps, pace } = slice
  const { shutdown } = deps
  const usage = taskUsage(lease, deps.used)
  const usageOver = usage.over
  const before = { ...lease.progress, usage: usage.now() }
  // Of a source that was passed on, the view of the offsets is older than the end of the slice before.
  const untouched = lease.clean && !(slice.passed && prepared.connector.kind === 'source')
  const unmoved = {
    made: false,
    clean: untouched,
    records: [null, null],
    slice: null,
    measures: NO_MEASURES,
    seen: lease,
    offsetsSealed: Promise.resolve(),
  } as const
  const nothing = { progress: before, usageOver, ...unmoved }
  if (!slice.mayRun || shutdown.aborted) {
    await prepared.giveUp()
    return { end: { kind: slice.mayRun ? 'again' : 'stopped' }, ...nothing }
  }
  const plannedEnd = Math.min(Date.now() + pace.sliceMs, claimant.deadline - DRAIN_MS)
  using time = budget(plannedEnd - Date.now())
  const onShutdown = () => time.end('the process is to end')
  shutdown.addEventListener('abort', onShutdown, { once: true })
  let run: TaskRun | null = null
  let end: End | null = null
  let shown = false
  const progress = () => {
    moves.look(run?.progress ?? null)
    const counted = total(lease.progress, run?.progress ?? null, lease.generation)
    const note = counted.note === null ? null : deps.scrub(counted.note)
    const measured = measuredSoFar(lease, sliceMeasures(lease, run?.progress ?? null, end))
    return { ...counted, note, lastProgress: moves.last, usage: usage.now(), measured }
  }
  let stalledUntil = claimant.deadline
  const made = () => run !== null && ended(run.progress) > 0
  const active = activeTopics(deps.state, lease, prepared.view.topics, pace.progressMs, deps.log)
  const topicsInUse = async () => {
    if (run?.usedTopics) await active.publish(run.usedTopics)
  }
  let viewed = Promise.resolve(false)
  const beforeHeir = () => {
    if (run?.viewOffsets != null) viewed = written(run.viewOffsets, deps)
  }
  const evidence = async () => {
    moves.look(run?.progress ?? null)
    if (moves.stall === null && moves.isStalled(pace.stallMs)) {
      stalledUntil = Math.min(claimant.deadline, Date.now() + STALL_DRAIN_MS + SEAL_MS)
      time.end('the task is stalled')
    }
    if (!shown && run !== null && isEvidence(run.progress)) {
      shown = true
      await showRunning(slice)
    }
    await topicsInUse()
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
      beforeHeir,
      busy: () => Date.now() - (run?.lastRecords ?? 0) < BUSY_MS,
      evidence,
      log: deps.log,
    },
    time,
  )
  let clean = true
  let seen = lease
  let offsetsSealed = viewed
  try {
    const started = await orAbandon(prepared.start(lease, time), time, () => stalledUntil)
    run = started
    const outcome = await orAbandon(started.run(time), time, () => stalledUntil)
    if (moves.stall !== null) throw moves.stall
    clean = await drain(started, claimant.deadline)
    end = endOf(outcome, time, slice, made())
    time.end('the slice is over')
    seen = await watching
    // An heir that is there has read them itself.
    const { heir } = seen
    offsetsSealed = viewed.then((done) =>
      done && heir?.owner != null ? done : written(() => started.sealOffsets(), deps),
    )
    await topicsInUse()
    if (!shown && (outcome.kind !== 'budget' || isEvidence(started.progress))) await showRunning(slice)
  } catch (error) {
    if (error instanceof SliceAbandoned) throw error
    const failed = failure(error, deps)
    clean = run === null ? untouched : await rescue(run, stalledUntil)
    if (await isPushedAside(deps)) {
      end = { kind: 'stopped' }
      deps.log.warn('the task ended: a Connect cluster runs it', { error: failed.error.message })
    } else {
      end = failed
      deps.log.error('the task failed', { error: failed.error.message, trace: failed.error.trace })
      await show(slice, 'FAILED', failed.error.trace)
    }
  } finally {
    shutdown.removeEventListener('abort', onShutdown)
    time.end('the slice is over')
    seen = await watching
  }
  const ran = run?.progress ?? null
  return {
    end,
    progress: sealed(progress(), deps.log),
    slice: ran,
    measures: sliceMeasures(lease, ran, end),
    usageOver,
    made: made(),
    clean,
    seen,
    offsetsSealed,
    records: [run?.firstRecords ?? null, run?.lastRecords ?? null],
  }
}

/** Checked: counters that don't add up are told, now and by the progress from then on, and are no reason to fail. */
function sealed(progress: Progress, log: PluginLog): Progress {
  const checked = audited(progress)
  const { mismatch } = checked.accounting
  if (mismatch !== null && mismatch !== progress.accounting.mismatch)
    log.error('the counters do not add up: this is a bug in Penstock, please report it', { mismatch })
  return checked
}

/** A slice that had records this lately, in ms, is worth an heir. */
const BUSY_MS = 3_000

function endOf(outcome: Outcome, time: Budget, { lease, pace }: Work, made: boolean): End {
  if (time.signal.aborted && (time.signal.reason as Error).message === 'stopped') return { kind: 'stopped' }
  switch (outcome.kind) {
    case 'budget':
      return { kind: 'again' }
    case 'idle':
      return idleEnd(outcome, lease, pace, made)
    case 'done':
      return { kind: 'done' }
    default:
      return outcome satisfies never
  }
}

function idleEnd(outcome: Outcome & { kind: 'idle' }, { end }: Lease, { idleMaxMs }: SlicePace, made: boolean): End {
  const { idleMs, certain, mark } = outcome
  const now = Date.now()
  if (certain) return { kind: 'at', at: now + idleMs, idle: null }
  const before = made || end?.kind !== 'at' ? null : end.idle
  const idle = { since: before?.since ?? now, idleMs, mark }
  return { kind: 'at', at: nextLook(idle, idleMaxMs, now), idle }
}

function failure(error: unknown, { scrub }: SliceDeps): Extract<End, { kind: 'failed' }> {
  const message = scrub(error instanceof Error ? error.message : String(error))
  const retriable = error instanceof ConnectError && error.kind === 'retriable'
  return { kind: 'failed', error: { message, trace: scrub(trace(error)), retriable } }
}

/** The view saves the next slice a longer read; the topic has the offsets in any case. */
async function written(view: () => Promise<void>, deps: SliceDeps): Promise<boolean> {
  try {
    await view()
    return true
  } catch (error) {
    deps.log.warn('the view of the offsets could not be written', { error: (error as Error).message })
    return false
  }
}

/** A worker that has come back fences producers and holds the groups: then that is why the task failed. */
async function isPushedAside(deps: SliceDeps): Promise<boolean> {
  try {
    return (await deps.look()).kind !== 'penstock'
  } catch {
    return false
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
