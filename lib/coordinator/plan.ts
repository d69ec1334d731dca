/**
 * What a connector needs now: a pure function of what was observed, with the clock as an argument and no I/O.
 *
 * Every action is carried out as a write that is conditional on what the plan saw, so plans may be late, doubled or
 * made by two coordinators at once: at most one of them takes effect.
 */
import type { TargetState } from '../state/configs.ts'
import { CLOCK_MARGIN_MS, type Lease } from '../state/leases.ts'
import type { SinkMembers } from '../state/sink-members.ts'
import { nextLook, RENEW_MS } from '../worker/idle.ts'
import { attend, leaving } from './members-plan.ts'
import { type RestartPolicy, restartAfter } from './restart.ts'

/** An invocation that nobody claimed for this long, in ms, is issued again; a cold start takes about 1 s. */
export const UNCLAIMED_MS = 4_000
/** How long the failure of making task configs is left alone, in ms. */
const SPLIT_RETRY_MS = 10_000

export interface Observed {
  readonly now: number
  readonly connector: string
  /** Null: the connector is deleted, or was never there. */
  readonly config: {
    readonly position: number
    readonly target: TargetState
    readonly targetPosition: number
    /** Null: no task configs were ever written. */
    readonly generation: number | null
    readonly tasks: number
    readonly exactlyOnceSource: boolean
    /** The position of the `tasks-fencing-` record; null where there is none. */
    readonly fencingPosition: number | null
    /** When making the task configs of this very config failed, epoch ms. */
    readonly splitFailedAt: number | null
    /** A sink's topics have other partitions than the generation was made for. */
    readonly partitionsChanged: boolean
  } | null
  /** A Connect cluster runs the connectors: whatever runs here is to end, and nothing is written. */
  readonly standAside: boolean
  readonly leases: readonly Lease[]
  readonly policy: RestartPolicy
  /** Busy slices that asked for an heir. */
  readonly heirsWanted: readonly { readonly task: number; readonly epoch: number }[]
  /** Idle tasks that were looked at, and for which nothing has come. */
  readonly nothingNew: ReadonlySet<number>
  /** Tasks that show PAUSED or RESTARTING: only a slice can show that they run again. */
  readonly toShow: ReadonlySet<number>
  readonly idleMaxMs: number
  /** Who stands for a sink's tasks in its consumer group. */
  readonly members: {
    readonly held: Pick<SinkMembers, 'tasks' | 'generation' | 'since'> | null
    /** The connector's tasks are to have members. */
    readonly wanted: boolean
    /** When these tasks' members couldn't join, epoch ms. */
    readonly failedAt: number | null
  }
}

export type Action =
  /** Make and write the task configs of the current connector config; none for a stopped connector. */
  | { readonly kind: 'split' }
  | { readonly kind: 'clear-tasks' }
  | { readonly kind: 'fence' }
  | { readonly kind: 'stop'; readonly lease: Lease }
  | {
      readonly kind: 'invite'
      readonly task: number
      readonly after: Lease | null
      readonly generation: number
      readonly restarts: number
    }
  | { readonly kind: 'reissue'; readonly lease: Lease }
  | { readonly kind: 'invite-heir'; readonly lease: Lease }
  | { readonly kind: 'drop-heir'; readonly lease: Lease }
  | { readonly kind: 'await-restart'; readonly lease: Lease; readonly at: number | null }
  | { readonly kind: 'remove'; readonly lease: Lease }
  /** The members that stand for the tasks in the sink's group: beside all else, or out of it. */
  | { readonly kind: 'join' }
  | { readonly kind: 'leave' }
  /** The connector has come to this: show it. */
  | { readonly kind: 'settled'; readonly state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'DELETED' }
  | { readonly kind: 'wake'; readonly at: number }

export function plan(seen: Observed): Action[] {
  const { config } = seen
  if (seen.standAside) return wind(seen, 'ASIDE')
  if (config === null) return wind(seen, 'DELETED')
  if (config.target === 'PAUSED') return wind(seen, 'PAUSED')
  if (config.target === 'STOPPED') {
    const clear: Action[] = config.tasks > 0 ? [{ kind: 'clear-tasks' }] : []
    return [...clear, ...wind(seen, 'STOPPED')]
  }
  return needsSplit(config) ? split(seen, config) : run(seen, config)
}

type Live = NonNullable<Observed['config']>

function needsSplit(config: Live): boolean {
  if (config.generation === null || config.position > config.generation || config.partitionsChanged) return true
  return config.tasks === 0 && config.targetPosition > config.generation
}

function split(seen: Observed, config: Live): Action[] {
  const stops = stopAll(seen.leases)
  const retryAt = config.splitFailedAt === null ? 0 : config.splitFailedAt + SPLIT_RETRY_MS
  return retryAt > seen.now ? [...stops, { kind: 'wake', at: retryAt }] : [...stops, { kind: 'split' }]
}

/** The way to a state in which nothing runs. */
function wind(seen: Observed, state: 'PAUSED' | 'STOPPED' | 'DELETED' | 'ASIDE'): Action[] {
  const alive = seen.leases.filter((lease) => isAlive(lease, seen.now))
  const gone = seen.leases.filter((lease) => !isAlive(lease, seen.now))
  const keep = state === 'PAUSED' || state === 'ASIDE'
  const removals: Action[] = keep ? [] : gone.map((lease) => ({ kind: 'remove', lease }))
  const leave = state === 'PAUSED' ? [] : leaving(seen, alive.length === 0)
  if (alive.length === 0) {
    const settled: Action[] = state === 'ASIDE' ? [] : [{ kind: 'settled', state }]
    return [...removals, ...leave, ...settled]
  }
  return [...removals, ...leave, ...stopAll(alive), ...wakeAt(alive.map((lease) => overdueAt(lease)))]
}

/** The current generation's tasks, each by its lease. */
function run(seen: Observed, config: Live): Action[] {
  const generation = config.generation ?? 0
  const older = seen.leases.filter((lease) => lease.generation < generation && isOwned(lease, seen.now))
  if (older.length > 0) return [...stopAll(older), ...wakeAt(older.map((lease) => overdueAt(lease)))]
  if (config.exactlyOnceSource && (config.fencingPosition ?? -1) < generation) return [{ kind: 'fence' }]
  const byTask = new Map(seen.leases.map((lease) => [lease.task, lease]))
  const actions: Action[] = [{ kind: 'settled', state: 'RUNNING' }]
  for (let task = 0; task < config.tasks; task++) actions.push(...runTask(seen, generation, task, byTask.get(task)))
  actions.push(...attend(seen, byTask))
  for (const lease of seen.leases) {
    if (lease.task < config.tasks) continue
    actions.push(isAlive(lease, seen.now) ? { kind: 'stop', lease } : { kind: 'remove', lease })
  }
  const wakes = actions.filter((action) => action.kind === 'wake')
  return [...actions.filter((action) => action.kind !== 'wake'), ...wakeAt(wakes.map((wake) => wake.at))]
}

function runTask(seen: Observed, generation: number, task: number, lease: Lease | undefined): Action[] {
  const { now } = seen
  if (lease === undefined) return [{ kind: 'invite', task, after: null, generation, restarts: 0 }]
  const invite = (restarts: number): Action[] => [{ kind: 'invite', task, after: lease, generation, restarts }]
  if (lease.generation < generation) return invite(0)
  switch (lease.state) {
    case 'invited': {
      const lateAt = lease.invitedAt + UNCLAIMED_MS
      return now >= lateAt ? [{ kind: 'reissue', lease }] : [{ kind: 'wake', at: lateAt }]
    }
    case 'owned':
      return owned(seen, lease)
    case 'dead':
      return heirStands(lease, now) ? [{ kind: 'wake', at: now + UNCLAIMED_MS }] : failed(seen, lease, true)
    case 'sealed':
      return sealed(seen, lease, invite)
    default:
      return lease.state satisfies never
  }
}

function owned(seen: Observed, lease: Lease): Action[] {
  const { now } = seen
  if (now >= overdueAt(lease)) {
    if (heirStands(lease, now)) return [{ kind: 'wake', at: now + UNCLAIMED_MS }]
    return failed(seen, lease, true)
  }
  const wake: Action = { kind: 'wake', at: overdueAt(lease) }
  if (lease.wanted === 'stop') return [wake]
  const { heir } = lease
  if (heir !== null && heir.owner === null && now >= heir.invitedAt + UNCLAIMED_MS)
    return [{ kind: 'drop-heir', lease }, wake]
  if (heir !== null && heir.deadline !== null && now >= heir.deadline + CLOCK_MARGIN_MS)
    return [{ kind: 'drop-heir', lease }, wake]
  const asked = seen.heirsWanted.some((wanted) => wanted.task === lease.task && wanted.epoch === lease.epoch)
  return asked && heir === null ? [{ kind: 'invite-heir', lease }, wake] : [wake]
}

function sealed(seen: Observed, lease: Lease, invite: (restarts: number) => Action[]): Action[] {
  const { end } = lease
  if (end === null || (end.kind !== 'failed' && isAskedFor(seen, lease))) return invite(lease.restarts)
  switch (end.kind) {
    case 'again':
    case 'stopped':
      return invite(lease.restarts)
    case 'done':
      return []
    case 'at':
      if (seen.now < end.at) return [{ kind: 'wake', at: end.at }]
      if (end.idle !== null && seen.nothingNew.has(lease.task) && seen.now < lease.invitedAt + RENEW_MS)
        return [{ kind: 'wake', at: nextLook(end.idle, seen.idleMaxMs, seen.now) }]
      return invite(lease.restarts)
    case 'failed':
      return failed(seen, lease, false)
    default:
      return end satisfies never
  }
}

/** Resumed, or restarted by a person: not to wait for its time, nor to stay done. */
function isAskedFor({ now, toShow }: Observed, { task, nextRestart }: Lease): boolean {
  return toShow.has(task) || (nextRestart !== null && now >= nextRestart)
}

/** A task whose last slice failed or died: again after the policy's delay, or never. */
function failed(seen: Observed, lease: Lease, crashed: boolean): Action[] {
  const verdict = restartAfter(seen.policy, lease, crashed, seen.now)
  switch (verdict.kind) {
    case 'now':
      return [
        { kind: 'invite', task: lease.task, after: lease, generation: lease.generation, restarts: lease.restarts + 1 },
      ]
    case 'set':
      return [
        { kind: 'await-restart', lease, at: verdict.at },
        { kind: 'wake', at: verdict.at },
      ]
    case 'wait': {
      // Paused and resumed while it waited: it shows PAUSED.
      const show: Action[] = seen.toShow.has(lease.task) ? [{ kind: 'await-restart', lease, at: verdict.at }] : []
      return [...show, { kind: 'wake', at: verdict.at }]
    }
    case 'never':
      return lease.nextRestart === null ? [] : [{ kind: 'await-restart', lease, at: null }]
    default:
      return verdict satisfies never
  }
}

/** When an owner's death can be taken as sure, epoch ms. */
function overdueAt(lease: Lease): number {
  return (lease.deadline ?? lease.invitedAt + UNCLAIMED_MS) + CLOCK_MARGIN_MS
}

function isOwned(lease: Lease, now: number): boolean {
  return (lease.state === 'owned' && now < overdueAt(lease)) || heirStands(lease, now)
}

/** Owned, or invited so lately that the invocation may claim at any moment. */
export function isAlive(lease: Lease, now: number): boolean {
  return isOwned(lease, now) || (lease.state === 'invited' && now < lease.invitedAt + UNCLAIMED_MS)
}

/** A registered heir will take over from a dead owner by itself. */
function heirStands(lease: Lease, now: number): boolean {
  const deadline = lease.heir?.deadline ?? null
  return lease.state !== 'sealed' && deadline !== null && now < deadline + CLOCK_MARGIN_MS
}

function stopAll(leases: readonly Lease[]): Action[] {
  return leases
    .filter((lease) => lease.wanted === 'run' && lease.state === 'owned')
    .map((lease) => ({ kind: 'stop', lease }))
}

function wakeAt(times: readonly number[]): Action[] {
  return times.length === 0 ? [] : [{ kind: 'wake', at: Math.min(...times) }]
}
