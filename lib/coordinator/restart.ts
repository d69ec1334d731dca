/**
 * When a task that failed starts again (`penstock.restart.*`): exponential backoff with jitter and a budget that
 * progress fills up again. A crash of the instance (killed, out of memory) is no fault of the task: the first one
 * restarts at once.
 */
import type { Lease } from '../state/leases.ts'

export interface RestartPolicy {
  /** Restarts without progress in between; -1 for no end. */
  readonly maxAttempts: number
  readonly delayMs: number
  readonly delayMaxMs: number
}

export type RestartVerdict =
  | { readonly kind: 'now' }
  /** A time is to be written into the lease. */
  | { readonly kind: 'set'; readonly at: number }
  | { readonly kind: 'wait'; readonly at: number }
  | { readonly kind: 'never' }

export function restartAfter(policy: RestartPolicy, lease: Lease, crashed: boolean, now: number): RestartVerdict {
  if (policy.maxAttempts >= 0 && lease.restarts >= policy.maxAttempts) return { kind: 'never' }
  if (lease.nextRestart !== null)
    return now >= lease.nextRestart ? { kind: 'now' } : { kind: 'wait', at: lease.nextRestart }
  if (crashed && lease.restarts === 0) return { kind: 'now' }
  return { kind: 'set', at: now + restartDelay(policy, lease) }
}

/** The delay doubles with each restart and is spread by up to a quarter, by the lease's name and epoch. */
function restartDelay(policy: RestartPolicy, lease: Lease): number {
  const delay = Math.min(policy.delayMs * 2 ** lease.restarts, policy.delayMaxMs)
  return Math.round(delay * (0.75 + 0.25 * spread(`${lease.connector}/${lease.task}/${lease.epoch}`)))
}

/** 0 to 1, the same for the same text (FNV-1a). */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 0xffffffff
}
