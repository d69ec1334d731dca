/**
 * One slice of one task, from the claim to the seal (docs/architecture.md, "A slice"). It reads top to bottom; nothing
 * is written after the seal.
 */
import { budget, pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { Logger } from '../observe/log.ts'
import type { Custody } from '../state/custody.ts'
import type { HeirClaim, Seal } from '../state/leases.ts'
import type { State } from '../state/open.ts'
import type { LeaseRecord } from '../state/statuses.ts'
import { TableGone } from '../state/table.ts'
import type { Usage } from '../state/usage.ts'
import type { Events, TaskEvent } from '../worker/events.ts'
import { announcement, type Claimant, claim, inherit } from './claim.ts'
import { currentTask } from './current-task.ts'
import { sliceEmf } from './emf.ts'
import { type OpenTask, type Prepared, SliceAbandoned } from './task-run.ts'
import { type SlicePace, type Worked, work } from './work.ts'

export interface SliceDeps {
  readonly state: State
  readonly events: Events
  readonly open: OpenTask
  /** `worker_id` in statuses. */
  readonly workerId: string
  /** Gets the slice's number once it is known. */
  readonly log: PluginLog & Pick<Logger, 'add'>
  /** Takes lines for CloudWatch; absent where they aren't wanted. */
  readonly printMetrics?: ((line: string) => void) | undefined
  /** The text without secrets, for what is stored and shown. */
  readonly scrub: (text: string) => string
  readonly pace: (prepared: Prepared) => SlicePace
  /** What the invocation has used so far. */
  readonly used: () => Usage
  /** Aborts when the process is to end: the slice ends then, and an heir only passes on what it got. */
  readonly shutdown: AbortSignal
  /** A look at who is there to run the connectors, now. */
  readonly look: () => Promise<Custody>
}

export interface Invocation {
  readonly requestId: string
  /** Its hard timeout, epoch ms. */
  readonly deadline: number
}

export async function runSlice(event: TaskEvent, invocation: Invocation, deps: SliceDeps): Promise<void> {
  const { state, log } = deps
  const { connector, task } = event
  const prepared = await whileAway(() => deps.open(event), invocation, log)
  if (prepared === null) {
    // Another copy of this invocation may be the owner: a failure of this one must not be taken for its own.
    await whileAway(() => state.leases.markDoubled(connector, task, event.epoch), invocation, log)
    return log.info('left: the task configs are not those of the invocation any more')
  }
  try {
    const pace = deps.pace(prepared)
    const owner = `${invocation.requestId}/${Math.random().toString(36).slice(2, 10)}`
    const claimant: Claimant = { owner, deadline: invocation.deadline, sliceMs: pace.sliceMs }
    using waiting = budget(invocation.deadline - Date.now())
    using following = budget(invocation.deadline - Date.now(), waiting)
    if (event.heir) prepared.warm(following)
    using ahead = budget(invocation.deadline - Date.now())
    const onAnnounced = () => {
      following.end('the predecessor has drained')
      prepared.begin(ahead)
    }
    const announced = event.heir ? await announcement(state.statuses, event, owner, waiting, onAnnounced) : null
    const become = () =>
      announced === null ? claim(state.leases, event, claimant) : inherit(state.leases, event, claimant, announced)
    const claimed = await whileAway(become, invocation, log).finally(() => waiting.end('the wait is over'))
    if (claimed === null) return log.info('left: another invocation has this task')
    const { lease, passed } = claimed
    log.add({ slice: lease.slices + 1 })

    const { epoch, generation } = lease
    const announce = (record: Omit<LeaseRecord, 'generation'>) =>
      state.statuses.publishLease(connector, task, { ...record, generation })
    const mine = { epoch, owner, deadline: claimant.deadline }
    // An heir goes on with what its predecessor was about: the coordinator stops it where that is over.
    let mayRun = passed
    if (!passed) {
      const [{ custody }, view] = await Promise.all([
        state.custody.get(),
        state.configs.view(connector),
        announce({ ...mine, ended: false }),
      ])
      if ((await state.leases.get(connector, task))?.owner !== owner)
        return log.info('left: the task was given to another invocation')
      // A generation that was made since waits for no invitation that nobody had claimed.
      mayRun = custody.kind === 'penstock' && currentTask(view, event) !== null
    }

    const worked = await work({ lease, passed, claimant, prepared, deps, pace, mayRun })
    await seal(deps, event, mine, worked, async (heir) => {
      const next = heir === null ? { ...mine, ended: true, clean: worked.clean } : { ...heir, ended: false }
      await Promise.all([announce(next), worked.offsetsSealed])
    })
    // A look that found nothing is not worth a line: an idle task has two a second under the local cloud.
    if (worked.made || worked.end.kind !== 'at') {
      const [first, last] = worked.records
      log.info('slice ended', { end: worked.end.kind, first, last })
      const { slice: run, measures, progress } = worked
      const mismatch = progress.accounting.mismatch !== null
      deps.printMetrics?.(sliceEmf({ lease, run, measures, mismatch }))
    }
    await deps.events.emit({ type: 'slice.ended', detail: { connector, task, epoch: lease.epoch } })
  } catch (error) {
    if (!(error instanceof SliceAbandoned)) throw error
    log.error(
      'the slice could not end in time: the process ends, so that nothing it sent is written under another owner',
    )
    // An orderly exit would wait for the very call that doesn't come back, where that is one of the file system.
    process.kill(process.pid, 'SIGKILL')
  } finally {
    await prepared.giveUp()
  }
}

/** How long an invocation that owns nothing yet waits for Kafka and the table, and how often it looks, in ms. */
const AWAY_MS = 30_000
const AWAY_LOOK_MS = 250

/**
 * Again while Kafka or the table is away: of two copies of an invocation, the one that failed before it could say that
 * it is one would be taken for the owner.
 */
async function whileAway<T>(attempt: () => Promise<T>, { deadline }: Invocation, log: PluginLog): Promise<T> {
  const until = Math.min(Date.now() + AWAY_MS, deadline - AWAY_LOOK_MS)
  for (let silent = false; ; silent = true) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ConnectError && error.kind === 'retriable') || Date.now() > until) throw error
      if (!silent) log.warn('waiting for Kafka and the table, to begin', { error: error.message })
      await pause(AWAY_LOOK_MS)
    }
  }
}

/** The end in the status topic, or the heir's claim; then the one write that ends this slice. */
async function seal(
  deps: SliceDeps,
  event: TaskEvent,
  { epoch, owner }: HeirClaim,
  worked: Worked,
  announce: NonNullable<Seal['announce']>,
): Promise<void> {
  const { connector, task } = event
  const { end, progress, made, clean, seen, usageOver } = worked
  try {
    const by = { epoch, owner, end, progress, made, clean, seen, announce }
    const sealed = await deps.state.leases.seal(connector, task, by)
    if (sealed === null) deps.log.warn('the lease had another owner when the slice ended')
    else if (usageOver !== null) await deps.state.usage.file(connector, usageOver).catch(() => {})
  } catch (error) {
    if (!(error instanceof TableGone)) throw error
    deps.log.warn('the table is gone: the end of the slice stands in the status topic')
  }
}
