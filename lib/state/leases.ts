/**
 * Who runs a task. One item per task, key `lease#NAME` and the task's number; each transition is one conditional
 * write (docs/architecture.md, "The lease"). A transition that no longer applies answers null.
 */
import type { Item } from './attributes.ts'
import { absent, all, type Condition, equal, type Update } from './expression.ts'
import {
  type Claim,
  type Heartbeat,
  type HeirClaim,
  type Invitation,
  type InvocationFailure,
  type Lease,
  NO_PROGRESS,
  type Restart,
  type Seal,
  type Sealed,
  type TakeOver,
} from './lease.ts'
import { INVITED, key, mine, ownedBy, partition, sameSlice, seenAs, toLease } from './lease-item.ts'
import { deadBy, leaseFields, sealing, wasSealedBy } from './lease-transitions.ts'
import { wholeMarker } from './log-positions.ts'
import { type Outcome, type Table, TableGone } from './table.ts'
import { createUsage } from './usage.ts'

export * from './lease.ts'

export interface TaskName {
  readonly connector: string
  readonly task: number
}

/** Reads are consistent. Every method rejects with `TableGone` where the table isn't there. */
export interface Leases {
  /** By task. */
  all(connector: string): Promise<Lease[]>
  /** Of many tasks at once, in no order; those that there are. */
  of(tasks: readonly TaskName[]): Promise<Lease[]>
  get(connector: string, task: number): Promise<Lease | null>
  /**
   * From none, sealed, dead, invited (of an older generation) or, by the caller's judgement, overdue. Keeps slices,
   * progress and end; `clean` turns false where an owner was overdue. With `after` null only in a table that is whole:
   * a new one rejects with `TableGone` until `rebuild` is through.
   */
  invite(connector: string, task: number, next: Invitation): Promise<Lease | null>
  /** An invitation that nobody claimed, once more: the same epoch, a new `invitedAt`. */
  reissue(connector: string, task: number, after: Lease, invitedAt: number): Promise<Lease | null>
  claim(connector: string, task: number, claim: Claim): Promise<Lease | null>
  /** Of the owner, the invitation or the heir with this epoch. */
  markDoubled(connector: string, task: number, epoch: number): Promise<void>
  /** The heir's epoch is `after.epoch + 1`. */
  inviteHeir(connector: string, task: number, after: Lease, invitedAt: number): Promise<Lease | null>
  /** Null where the owner has sealed meanwhile: the epoch is then invited and may be claimed. */
  registerHeir(connector: string, task: number, heir: HeirClaim): Promise<Lease | null>
  /** Only the very heir that was seen. */
  dropHeir(connector: string, task: number, after: Lease): Promise<Lease | null>
  /** The heir takes a dead or overdue owner's place, which counts as a restart; `clean` is false. */
  takeOver(connector: string, task: number, by: TakeOver): Promise<Lease | null>
  /** Null: not the owner's any more. */
  heartbeat(connector: string, task: number, beat: Heartbeat): Promise<Lease | null>
  /**
   * The owner's end: one write that counts the slice and passes the lease to a registered heir, or invites the one that
   * hasn't registered. No heir gets it where the slice stopped, failed or is done, where it isn't clean, or where
   * `wanted` is `stop`.
   * Null: not the owner's any more.
   */
  seal(connector: string, task: number, seal: Seal): Promise<Sealed | null>
  want(connector: string, task: number, after: Lease, wanted: 'run' | 'stop'): Promise<Lease | null>
  /**
   * The platform reported an invocation as failed: an owner whose request id it is and that isn't doubled, or an
   * invitation of that epoch, is dead; an heir of that epoch is dropped. Null where it proves nothing.
   */
  markDead(connector: string, task: number, failure: InvocationFailure): Promise<Lease | null>
  setRestart(connector: string, task: number, after: Lease, restart: Restart): Promise<Lease | null>
  /** False: no longer as seen. What the task used on its last day is filed. */
  remove(connector: string, task: number, after: Lease): Promise<boolean>
  /** After the loss of the table: only where there is none. */
  restore(lease: Lease): Promise<boolean>
}

export function createLeases(table: Table): Leases {
  return new TableLeases(table)
}

class TableLeases implements Leases {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  async all(connector: string): Promise<Lease[]> {
    return (await this.#table.query(partition(connector))).map(toLease)
  }

  async of(tasks: readonly TaskName[]): Promise<Lease[]> {
    return (await this.#table.batchGet(tasks.map(({ connector, task }) => key(connector, task)))).map(toLease)
  }

  async get(connector: string, task: number): Promise<Lease | null> {
    const item = await this.#table.get(key(connector, task))
    return item === null ? null : toLease(item)
  }

  async invite(connector: string, task: number, next: Invitation): Promise<Lease | null> {
    const { after, epoch, generation, invitedAt, restarts } = next
    const invited = { ...INVITED, epoch, generation, invitedAt, restarts }
    if (after === null) {
      const lease: Lease = { ...invited, connector, task, end: null, clean: false, slices: 0, progress: NO_PROGRESS }
      const made = await this.#table.updateWhere(
        wholeMarker(task),
        key(connector, task),
        { set: Object.entries(leaseFields(lease)) },
        absent('pk'),
      )
      if (made === 'missing') throw new TableGone(this.#table.name)
      return made ? lease : null
    }
    if (epoch <= after.epoch) throw new RangeError(`Epoch ${epoch} of ${connector}-${task} is not above ${after.epoch}`)
    const clean = after.clean && after.state !== 'owned'
    return this.#change(connector, task, leaseFields({ ...invited, clean }), seenAs(after))
  }

  reissue(connector: string, task: number, after: Lease, invitedAt: number): Promise<Lease | null> {
    const still = all(equal('state', 'invited'), equal('epoch', after.epoch), equal('invitedAt', after.invitedAt))
    return this.#change(connector, task, { invitedAt }, still)
  }

  async claim(connector: string, task: number, { epoch, owner, deadline, plannedEnd }: Claim): Promise<Lease | null> {
    const changes = { state: 'owned', owner, deadline, plannedEnd } as const
    const outcome = await this.#update(connector, task, changes, all(equal('state', 'invited'), equal('epoch', epoch)))
    return ownedBy(outcome, epoch, owner)
  }

  async markDoubled(connector: string, task: number, epoch: number): Promise<void> {
    const heirIs = equal(['heir', 'epoch'], epoch)
    // Between the two writes the heir may become the owner; it does so once.
    for (let marked = false; !marked; ) {
      const outcome = await this.#update(connector, task, { doubled: true }, equal('epoch', epoch))
      if (outcome.done || outcome.item === null || toLease(outcome.item).heir?.epoch !== epoch) return
      marked = (await this.#table.update(key(connector, task), { set: [[['heir', 'doubled'], true]] }, heirIs)).done
    }
  }

  inviteHeir(connector: string, task: number, after: Lease, invitedAt: number): Promise<Lease | null> {
    const heir = { epoch: after.epoch + 1, invitedAt, owner: null, deadline: null }
    const free = all(equal('state', 'owned'), equal('heir', null), equal('wanted', 'run'))
    return this.#change(connector, task, { heir }, all(free, equal('epoch', after.epoch)))
  }

  async registerHeir(connector: string, task: number, { epoch, owner, deadline }: HeirClaim): Promise<Lease | null> {
    const update: Update = {
      set: [
        [['heir', 'owner'], owner],
        [['heir', 'deadline'], deadline],
      ],
    }
    const free = all(equal(['heir', 'epoch'], epoch), equal(['heir', 'owner'], null))
    const outcome = await this.#table.update(key(connector, task), update, free)
    if (outcome.item === null) return null
    const lease = toLease(outcome.item)
    return outcome.done || (lease.heir?.epoch === epoch && lease.heir.owner === owner) ? lease : null
  }

  async dropHeir(connector: string, task: number, after: Lease): Promise<Lease | null> {
    if (after.heir === null) return null
    const same = all(equal('epoch', after.epoch), equal('heir', { ...after.heir }))
    return this.#change(connector, task, { heir: null }, same)
  }

  async takeOver(connector: string, task: number, by: TakeOver): Promise<Lease | null> {
    const { after, owner, deadline, plannedEnd } = by
    const { heir } = after
    if (heir === null || heir.owner !== owner) return null
    const doubled = heir.doubled ?? false
    const restarts = after.restarts + 1
    const changes = {
      epoch: heir.epoch,
      state: 'owned',
      owner,
      deadline,
      plannedEnd,
      heir: null,
      doubled,
      restarts,
    } as const
    const condition = all(
      equal('epoch', after.epoch),
      equal('state', after.state),
      equal('owner', after.owner),
      equal(['heir', 'owner'], owner),
    )
    const outcome = await this.#update(connector, task, { ...changes, clean: false }, condition)
    return ownedBy(outcome, heir.epoch, owner)
  }

  heartbeat(connector: string, task: number, beat: Heartbeat): Promise<Lease | null> {
    const { plannedEnd, progress, made } = beat
    const changes = leaseFields({ plannedEnd, progress, ...(made ? { restarts: 0 } : {}) })
    return this.#change(connector, task, changes, mine(beat))
  }

  async seal(connector: string, task: number, seal: Seal): Promise<Sealed | null> {
    let lease = seal.seen ?? (await this.get(connector, task))
    let announced: HeirClaim | null | undefined
    while (lease !== null && lease.state === 'owned' && lease.epoch === seal.epoch && lease.owner === seal.owner) {
      const { changes, passedTo } = sealing(lease, seal, Date.now())
      if (announced === undefined || announced?.owner !== passedTo?.owner) await seal.announce?.(passedTo)
      announced = passedTo
      const asSeen = all(equal('heir', lease.heir === null ? null : { ...lease.heir }), equal('wanted', lease.wanted))
      const outcome = await this.#update(connector, task, changes, all(mine(seal), asSeen))
      lease = outcome.item === null ? null : toLease(outcome.item)
      if (outcome.done && lease !== null) return { lease, passedTo: passedTo?.owner ?? null }
    }
    if (lease === null || !wasSealedBy(lease, seal)) return null
    return { lease, passedTo: lease.epoch > seal.epoch ? lease.owner : null }
  }

  want(connector: string, task: number, after: Lease, wanted: 'run' | 'stop'): Promise<Lease | null> {
    return this.#change(connector, task, { wanted }, sameSlice(after))
  }

  async markDead(connector: string, task: number, failure: InvocationFailure): Promise<Lease | null> {
    let lease = await this.get(connector, task)
    while (lease !== null) {
      const changes = deadBy(lease, failure)
      if (changes === null) return null
      const outcome = await this.#update(connector, task, changes, all(seenAs(lease), equal('doubled', lease.doubled)))
      lease = outcome.item === null ? null : toLease(outcome.item)
      if (outcome.done) return lease
    }
    return null
  }

  setRestart(connector: string, task: number, after: Lease, restart: Restart): Promise<Lease | null> {
    const { restarts, nextRestart } = restart
    return this.#change(connector, task, { restarts, nextRestart }, sameSlice(after))
  }

  async remove(connector: string, task: number, after: Lease): Promise<boolean> {
    const { usage } = after.progress
    const removed = await this.#table.delete(key(connector, task), seenAs(after))
    // Nice to have: the lease is gone all the same.
    if (removed && usage !== undefined)
      await createUsage(this.#table)
        .file(connector, usage)
        .catch(() => {})
    return removed
  }

  restore(lease: Lease): Promise<boolean> {
    return this.#table.put(key(lease.connector, lease.task), leaseFields(lease), absent('pk'))
  }

  #update(connector: string, task: number, changes: Item, condition: Condition): Promise<Outcome> {
    return this.#table.update(key(connector, task), { set: Object.entries(changes) }, condition)
  }

  async #change(connector: string, task: number, changes: Item, condition: Condition): Promise<Lease | null> {
    const outcome = await this.#update(connector, task, changes, condition)
    return outcome.done ? toLease(outcome.item) : null
  }
}
