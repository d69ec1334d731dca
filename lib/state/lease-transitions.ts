/** What the transitions of a lease change, as pure functions of the lease that was seen. */
import type { Attribute, Item } from './attributes.ts'
import type { End, HeirClaim, InvocationFailure, Lease, Seal } from './lease.ts'

/** Longer texts of errors are cut: an item holds 400 KB, and the status topic has the whole. */
const TEXT_LIMIT = 8_192

/** The end of a slice, and to whom the lease goes by it. */
export function sealing(
  lease: Lease,
  { end, progress, made, clean }: Seal,
  now: number,
): { readonly changes: Item; readonly passedTo: HeirClaim | null } {
  const { heir, wanted } = lease
  const ended = {
    end: cut(wanted === 'stop' ? asAsked(end) : end),
    ...leaseFields({ progress }),
    slices: lease.slices + 1,
    clean,
    restarts: made ? 0 : lease.restarts,
    nextRestart: null,
    heir: null,
  }
  const goesOn = clean && (end.kind === 'again' || end.kind === 'at') && wanted === 'run'
  if (heir === null || !goesOn || (heir.deadline !== null && heir.deadline <= now))
    return { changes: { ...ended, state: 'sealed' }, passedTo: null }
  const { epoch, owner, deadline, invitedAt, doubled = false } = heir
  const next = { ...ended, epoch, owner, deadline, invitedAt, plannedEnd: null, doubled }
  if (owner === null || deadline === null) return { changes: { ...next, state: 'invited' }, passedTo: null }
  return { changes: { ...next, state: 'owned' }, passedTo: { epoch, owner, deadline } }
}

/**
 * A slice that ended by itself before it saw that it was to stop: as if it had, or whoever stopped it to have it start
 * afresh (a restart, a redrive) would wait until something comes for an idle task.
 */
function asAsked(end: End): End {
  return end.kind === 'at' || end.kind === 'done' ? { kind: 'stopped' } : end
}

/** Whether the lease is as this very seal left it: an answer may be lost though the write took effect. */
export function wasSealedBy(lease: Lease, seal: Seal): boolean {
  if (lease.state === 'sealed') return lease.epoch === seal.epoch && lease.owner === seal.owner
  return lease.epoch === seal.epoch + 1 && lease.clean && lease.state !== 'dead'
}

/** What the failure of an invocation changes; null where it proves nothing. */
export function deadBy(lease: Lease, { epoch, requestId, error }: InvocationFailure): Item | null {
  const reported = (owner: string | null) => owner?.startsWith(`${requestId}/`) ?? false
  const end = cut({ kind: 'failed', error: { message: error, trace: error, retriable: true } })
  if (lease.epoch === epoch) {
    if (lease.state === 'invited') return { state: 'dead', end }
    if (lease.state === 'owned' && !lease.doubled && reported(lease.owner)) return { state: 'dead', end, clean: false }
    return null
  }
  const { heir } = lease
  if (heir?.epoch !== epoch || heir.doubled) return null
  return heir.owner === null || reported(heir.owner) ? { heir: null } : null
}

/** A part of a lease as attributes. */
export function leaseFields(lease: Partial<Lease>): Item {
  return lease as { readonly [name: string]: Attribute }
}

function cut(end: End): { readonly [name: string]: Attribute } {
  if (end.kind === 'at') return { ...end, idle: end.idle === null ? null : { ...end.idle } }
  if (end.kind !== 'failed') return { ...end }
  const { message, trace, retriable } = end.error
  return {
    kind: end.kind,
    error: { message: message.slice(0, TEXT_LIMIT), trace: trace.slice(0, TEXT_LIMIT), retriable },
  }
}
