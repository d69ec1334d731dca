/**
 * Becoming the owner of a task: by claiming an invitation, or as the heir of a running slice.
 * Every way ends in one conditional write; whoever loses it leaves quietly, with success.
 */
import { pause } from '../connect/budget.ts'
import { CLOCK_MARGIN_MS, type Lease, type Leases } from '../state/leases.ts'
import type { TaskEvent } from '../worker/events.ts'

/** How often an heir looks at the lease, in ms: before the owner's planned end, after it, and long after it. */
const FAR_LOOK_MS = 100
const LOOK_MS = 5
const LATE_LOOK_MS = 20
const LATE_MS = 500
/** The least that an owner needs from its planned end to its seal, in ms: a look before that is in its way. */
const SEAL_MS = 8
/** How long before its own hard timeout, in ms, an heir leaves. */
const LEAVE_MS = 1_000

export interface Claimant {
  /** The request id, `/`, a nonce of the process. */
  readonly owner: string
  /** The invocation's hard timeout, epoch ms. */
  readonly deadline: number
  readonly sliceMs: number
}

export interface Claimed {
  readonly lease: Lease
  /** By the predecessor's seal, which has written so into the status topic before. */
  readonly passed: boolean
}

/**
 * The lease, owned by the claimant; null where another copy, another epoch or a newer generation has it: then it is
 * marked, so that a failure of this copy isn't taken for the owner's.
 */
export async function claim(leases: Leases, event: TaskEvent, claimant: Claimant): Promise<Claimed | null> {
  const { connector, task, epoch, generation } = event
  const { owner, deadline, sliceMs } = claimant
  const seen = await leases.get(connector, task)
  const claimed =
    seen?.generation === generation
      ? await leases.claim(connector, task, { epoch, owner, deadline, plannedEnd: Date.now() + sliceMs })
      : null
  if (claimed === null) await leases.markDoubled(connector, task, epoch)
  return own(claimed)
}

/** Waits for the owner's end, then is the owner; null where there is nothing to inherit any more. */
export async function inherit(leases: Leases, event: TaskEvent, claimant: Claimant): Promise<Claimed | null> {
  const { connector, task, epoch } = event
  const { owner, deadline } = claimant
  const registered = await leases.registerHeir(connector, task, { epoch, owner, deadline })
  if (registered === null) return claim(leases, event, claimant)
  let lease: Lease | null = registered
  while (lease !== null && Date.now() < deadline - LEAVE_MS) {
    if (lease.epoch === epoch && lease.owner === owner) return { lease, passed: true }
    if (lease.generation !== event.generation || lease.heir?.owner !== owner || lease.wanted === 'stop') return null
    if (lease.state === 'dead' || Date.now() > (lease.deadline ?? 0) + CLOCK_MARGIN_MS) {
      const plannedEnd = Date.now() + claimant.sliceMs
      return own(await leases.takeOver(connector, task, { after: lease, owner, deadline, plannedEnd }))
    }
    await pause(untilNextLook((lease.plannedEnd ?? 0) - Date.now()))
    lease = await leases.get(connector, task)
  }
  return null
}

/** In ms. A drain takes some ms as a rule; where it takes long, the hand-over is late anyhow. */
function untilNextLook(leftMs: number): number {
  if (leftMs < -LATE_MS) return LATE_LOOK_MS
  return Math.min(Math.max(leftMs + SEAL_MS, LOOK_MS), FAR_LOOK_MS)
}

function own(lease: Lease | null): Claimed | null {
  return lease === null ? null : { lease, passed: false }
}
