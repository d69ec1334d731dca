/**
 * Becoming the owner of a task: by claiming an invitation, or as the heir of a running slice.
 * Every way ends in one conditional write; whoever loses it leaves quietly, with success.
 */
import { pause } from '../connect/budget.ts'
import { CLOCK_MARGIN_MS, type Lease, type Leases } from '../state/leases.ts'
import type { TaskEvent } from '../worker/events.ts'

/** How often an heir looks at the lease: near the owner's planned end, and before. In ms. */
const LOOK_MS = 8
const FAR_LOOK_MS = 100
/** An owner this close to its planned end, in ms, may pass the lease at any moment. */
const NEAR_MS = 300
/** How long before its own hard timeout, in ms, an heir leaves. */
const LEAVE_MS = 1_000

export interface Claimant {
  /** The request id, `/`, a nonce of the process. */
  readonly owner: string
  /** The invocation's hard timeout, epoch ms. */
  readonly deadline: number
  readonly sliceMs: number
}

/**
 * The lease, owned by the claimant; null where another copy, another epoch or a newer generation has it: then it is
 * marked, so that a failure of this copy isn't taken for the owner's.
 */
export async function claim(leases: Leases, event: TaskEvent, claimant: Claimant): Promise<Lease | null> {
  const { connector, task, epoch, generation } = event
  const { owner, deadline, sliceMs } = claimant
  const seen = await leases.get(connector, task)
  const claimed =
    seen?.generation === generation
      ? await leases.claim(connector, task, { epoch, owner, deadline, plannedEnd: Date.now() + sliceMs })
      : null
  if (claimed === null) await leases.markDoubled(connector, task, epoch)
  return claimed
}

/** Waits for the owner's end, then is the owner; null where there is nothing to inherit any more. */
export async function inherit(leases: Leases, event: TaskEvent, claimant: Claimant): Promise<Lease | null> {
  const { connector, task, epoch } = event
  const { owner, deadline } = claimant
  const registered = await leases.registerHeir(connector, task, { epoch, owner, deadline })
  if (registered === null) return claim(leases, event, claimant)
  let lease: Lease | null = registered
  while (lease !== null && Date.now() < deadline - LEAVE_MS) {
    if (lease.epoch === epoch && lease.owner === owner) return lease
    if (lease.generation !== event.generation || lease.heir?.owner !== owner || lease.wanted === 'stop') return null
    if (lease.state === 'dead' || Date.now() > (lease.deadline ?? 0) + CLOCK_MARGIN_MS) {
      const plannedEnd = Date.now() + claimant.sliceMs
      return leases.takeOver(connector, task, { after: lease, owner, deadline, plannedEnd })
    }
    const far = (lease.plannedEnd ?? 0) - Date.now() > NEAR_MS
    await pause(far ? FAR_LOOK_MS : LOOK_MS)
    lease = await leases.get(connector, task)
  }
  return null
}
