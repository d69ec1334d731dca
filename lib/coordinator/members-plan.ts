/** When a sink's tasks get members in their consumer group, and when these leave it: a part of the plan. */
import type { Lease } from '../state/leases.ts'
import type { Action, Observed } from './plan.ts'
import { restartAfter } from './restart.ts'

/** After this long, in ms, whoever let members join is gone: a group's first rebalance, and slow requests. */
const JOINING_MS = 15_000
/** How long members that couldn't join stay out, in ms. */
const JOIN_RETRY_MS = 60_000
/** How soon to look again whether the tasks have begun to read, in ms. */
const BEGIN_LOOK_MS = 5_000

/**
 * Members join once every task has begun to read: while they join, nobody can commit, and a first slice commits where it
 * starts from. They stay for as long as the task configs do, through slices, pauses and restarts.
 */
export function attend(seen: Observed, byTask: ReadonlyMap<number, Lease>): Action[] {
  const { config, members, now } = seen
  const { held, wanted, failedAt } = members
  const tasks = Array.from({ length: config?.tasks ?? 0 }, (_, task) => byTask.get(task))
  if (!wanted || tasks.every((lease) => hasFailedForGood(seen, lease))) return leaving(seen, true)
  if (held !== null && held.generation !== null && held.tasks === config?.generation) return []
  const isJoining = held !== null && held.generation === null && now < held.since + JOINING_MS
  if (isJoining || (failedAt !== null && now < failedAt + JOIN_RETRY_MS)) return []
  if (!tasks.every((lease) => lease !== undefined && hasRead(lease))) return [{ kind: 'wake', at: now + BEGIN_LOOK_MS }]
  return [{ kind: 'join' }]
}

/** Once no slice commits any more; those that are joining at once, as nobody can commit meanwhile. */
export function leaving({ members: { held } }: Observed, isOver: boolean): Action[] {
  return held !== null && (isOver || held.generation === null) ? [{ kind: 'leave' }] : []
}

function hasRead({ slices, progress }: Lease): boolean {
  return slices > 0 || progress.lastPoll !== null
}

function hasFailedForGood({ policy, now }: Observed, lease: Lease | undefined): boolean {
  if (lease?.state !== 'sealed' || lease.end?.kind !== 'failed') return false
  return restartAfter(policy, lease, false, now).kind === 'never'
}
