/**
 * One slice of one task, from the claim to the seal (docs/architecture.md, "A slice"). It reads top to bottom; nothing
 * is written after the seal.
 */
import type { PluginLog } from '../connect/plugin.ts'
import type { State } from '../state/open.ts'
import { TableGone } from '../state/table.ts'
import type { Events, TaskEvent } from '../worker/events.ts'
import { type Claimant, claim, inherit } from './claim.ts'
import { type OpenTask, type Prepared, SliceAbandoned } from './task-run.ts'
import { type SlicePace, type Worked, work } from './work.ts'

export interface SliceDeps {
  readonly state: State
  readonly events: Events
  readonly open: OpenTask
  /** `worker_id` in statuses. */
  readonly workerId: string
  readonly log: PluginLog
  readonly pace: (prepared: Prepared) => SlicePace
  /** Aborts when the process is to end: the slice ends then, and an heir only passes on what it got. */
  readonly shutdown: AbortSignal
}

export interface Invocation {
  readonly requestId: string
  /** Its hard timeout, epoch ms. */
  readonly deadline: number
}

export async function runSlice(event: TaskEvent, invocation: Invocation, deps: SliceDeps): Promise<void> {
  const { state, log } = deps
  const { connector, task } = event
  const prepared = await deps.open(event)
  if (prepared === null) return log.info('left: the task configs are not those of the invocation any more')
  try {
    const pace = deps.pace(prepared)
    const owner = `${invocation.requestId}/${Math.random().toString(36).slice(2, 10)}`
    const claimant: Claimant = { owner, deadline: invocation.deadline, sliceMs: pace.sliceMs }
    const lease = await (event.heir ? inherit : claim)(state.leases, event, claimant)
    if (lease === null) return log.info('left: another invocation has this task')

    const record = { epoch: lease.epoch, owner, deadline: claimant.deadline, generation: lease.generation }
    await state.statuses.publishLease(connector, task, { ...record, ended: false })
    if ((await state.leases.get(connector, task))?.owner !== owner)
      return log.info('left: the task was given to another invocation')

    const worked = await work({ lease, claimant, prepared, deps, pace })
    await state.statuses.publishLease(connector, task, { ...record, ended: true })
    await seal(deps, event, lease.epoch, owner, worked)
    // A look that found nothing is not worth a line: an idle task has two a second under the local cloud.
    if (worked.made || worked.end.kind !== 'at') {
      const [first, last] = worked.records
      log.info('slice ended', { end: worked.end.kind, first, last })
    }
    await deps.events.emit({ type: 'slice.ended', detail: { connector, task, epoch: lease.epoch } })
  } catch (error) {
    if (!(error instanceof SliceAbandoned)) throw error
    log.error(
      'the slice could not end in time: the process ends, so that nothing it sent is written under another owner',
    )
    process.exit(1)
  }
}

async function seal(deps: SliceDeps, event: TaskEvent, epoch: number, owner: string, worked: Worked): Promise<void> {
  const { connector, task } = event
  const { end, progress, made } = worked
  try {
    const sealed = await deps.state.leases.seal(connector, task, { epoch, owner, end, progress, made })
    if (sealed === null) deps.log.warn('the lease had another owner when the slice ended')
  } catch (error) {
    if (!(error instanceof TableGone)) throw error
    deps.log.warn('the table is gone: the end of the slice stands in the status topic')
  }
}
