/**
 * Becoming the owner of a task: by claiming an invitation, or as the heir of a running slice.
 * Every way ends in one conditional write; whoever loses it leaves quietly, with success.
 */
import { type Budget, pause } from '../connect/budget.ts'
import { CLOCK_MARGIN_MS, type Lease, type Leases } from '../state/leases.ts'
import type { Statuses } from '../state/statuses.ts'
import type { TaskEvent } from '../worker/events.ts'

/** How often an heir looks at the lease, in ms: long before the owner's planned end, and near or after it. */
const FAR_LOOK_MS = 100
const LOOK_MS = 20
/** From this long before the owner's planned end on, in ms, it waits for its claim as well: a first fetch takes 50. */
const LISTEN_MS = 150
/** The least that a seal takes once the claim is published, in ms; how often the heir looks then, and for how long. */
const SEAL_MS = 5
const SEALING_LOOK_MS = 2
const SEALING_MS = 500
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

/**
 * Waits for the owner's end, then is the owner; null where there is nothing to inherit any more. `announced` resolves
 * once the owner has published the claim, and never where that can't be seen: then it takes a look longer. It may be
 * called again and again.
 */
export async function inherit(
  leases: Leases,
  event: TaskEvent,
  claimant: Claimant,
  announced: () => Promise<true>,
): Promise<Claimed | null> {
  const { connector, task, epoch } = event
  const { owner, deadline } = claimant
  const registered = await leases.registerHeir(connector, task, { epoch, owner, deadline })
  if (registered === null) return claim(leases, event, claimant)
  let lease: Lease | null = registered
  let announcedAt: number | null = null
  while (lease !== null && Date.now() < deadline - LEAVE_MS) {
    if (lease.epoch === epoch && lease.owner === owner) return { lease, passed: true }
    if (lease.generation !== event.generation || lease.heir?.owner !== owner || lease.wanted === 'stop') return null
    if (lease.state === 'dead' || Date.now() > (lease.deadline ?? 0) + CLOCK_MARGIN_MS) {
      const plannedEnd = Date.now() + claimant.sliceMs
      return own(await leases.takeOver(connector, task, { after: lease, owner, deadline, plannedEnd }))
    }
    if (announcedAt !== null) await pause(Date.now() - announcedAt < SEALING_MS ? SEALING_LOOK_MS : LOOK_MS)
    else {
      const left = (lease.plannedEnd ?? 0) - Date.now()
      const wait = pause(Math.min(Math.max(left - LISTEN_MS / 2, LOOK_MS), FAR_LOOK_MS)).then(() => false)
      if (await (left < LISTEN_MS ? Promise.race([announced(), wait]) : wait)) {
        announcedAt = Date.now()
        await pause(SEAL_MS)
      }
    }
    lease = await leases.get(connector, task)
  }
  return null
}

/**
 * What `inherit` waits for: the owner publishes the heir's claim when it has drained, and seals then. `then` is called at
 * once.
 */
export async function announcement(
  statuses: Pick<Statuses, 'watchLease'>,
  { connector, task }: TaskEvent,
  owner: string,
  waiting: Budget,
  then: () => void,
): Promise<() => Promise<true>> {
  const watch = await statuses.watchLease(connector, task).catch(() => null)
  const listen = async (): Promise<true> => {
    const isSeen = await watch?.claimedBy(owner, waiting).catch(() => false)
    if (isSeen !== true) return await new Promise<never>(() => {})
    then()
    return true
  }
  let listening: Promise<true> | null = null
  return () => {
    listening ??= listen()
    return listening
  }
}

function own(lease: Lease | null): Claimed | null {
  return lease === null ? null : { lease, passed: false }
}
