/** A lease as an item of the table: its key, the fields of a new invitation, and the conditions of its writes. */
import type { Item } from './attributes.ts'
import { all, type Condition, equal } from './expression.ts'
import type { Lease } from './lease.ts'
import type { Key, Outcome } from './table.ts'

export const INVITED = {
  state: 'invited',
  owner: null,
  deadline: null,
  plannedEnd: null,
  heir: null,
  doubled: false,
  wanted: 'run',
  nextRestart: null,
} as const

export function partition(connector: string): string {
  return `lease#${connector}`
}

export function key(connector: string, task: number): Key {
  return { pk: partition(connector), sk: taskKey(task) }
}

/** Sorts by number. */
function taskKey(task: number): string {
  return String(task).padStart(6, '0')
}

export function toLease({ pk, sk, ...fields }: Item): Lease {
  return fields as unknown as Lease
}

export function sameSlice(seen: Lease): Condition {
  return all(equal('epoch', seen.epoch), equal('state', seen.state), equal('owner', seen.owner))
}

export function seenAs(seen: Lease): Condition {
  const heir = equal('heir', seen.heir === null ? null : { ...seen.heir })
  return all(sameSlice(seen), equal('invitedAt', seen.invitedAt), heir)
}

export function mine({ epoch, owner }: { readonly epoch: number; readonly owner: string }): Condition {
  return all(equal('state', 'owned'), equal('epoch', epoch), equal('owner', owner))
}

/** A write whose answer was lost is refused when the SDK sends it again, though it took effect. */
export function ownedBy(outcome: Outcome, epoch: number, owner: string): Lease | null {
  if (outcome.item === null) return null
  const lease = toLease(outcome.item)
  const held = lease.state === 'owned' && lease.epoch === epoch && lease.owner === owner
  return outcome.done || held ? lease : null
}
