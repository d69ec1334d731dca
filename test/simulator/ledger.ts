/**
 * What must hold in a simulated world (docs/architecture.md, "What always holds"), checked as it happens; `settled`
 * checks what must have come to be when the faults are over.
 */
import type { Item } from '../../lib/state/attributes.ts'
import type { Lease } from '../../lib/state/lease.ts'
import type { TaskEvent } from '../../lib/worker/events.ts'
import type { Entry, SimulatedKafka } from './kafka.ts'
import { transitions } from './transitions.ts'
import type { Host, World } from './world.ts'

/** An invocation of the task function. */
export interface TaskHost extends Host {
  readonly requestId: string
  /** When the platform kills it, in the world's time. */
  readonly killAt: number
  /** Its end is published: whoever reads that may go on in its place. */
  ended: boolean
  /** Its seal has taken effect: nothing is written any more. */
  sealed: boolean
}

interface Working {
  readonly host: TaskHost
  readonly event: TaskEvent
  readonly isUncommitted: () => boolean
}

export class Ledger {
  readonly #world: World
  /** By connector and task, who reads or sends for it. */
  readonly #working = new Map<string, Working[]>()
  /** By connector and partition, the first position that a sink ever started from. */
  readonly #starts = new Map<string, number>()
  /** By connector and partition, the values that a sink's target got, in their order. */
  readonly #target = new Map<string, string[]>()

  constructor(world: World) {
    this.#world = world
  }

  /** A task begins to run, in the present host. */
  starts(event: TaskEvent, isUncommitted: () => boolean): void {
    const host = this.#world.host as TaskHost
    this.#world.note('runs')
    for (const other of this.#alive(event.connector)) {
      const same = other.event.task === event.task
      if (same) this.#world.violated(`${host.name} runs beside ${other.host.name}: one task, two owners`)
      else if (other.event.generation < event.generation)
        this.#world.violated(`${host.name} runs beside ${other.host.name}: two generations`)
    }
    const of = key(event.connector, event.task)
    const before = this.#working.get(of) ?? []
    const last = before.at(-1)
    if (last !== undefined) this.#world.met('one owner of a task')
    if (last !== undefined && last.event.generation < event.generation) this.#world.met('one generation at a time')
    this.#working.set(of, [...before, { host, event, isUncommitted }])
  }

  /** A task is about to send records, or to commit. */
  sends({ connector, task }: TaskEvent): void {
    const host = this.#world.host as TaskHost
    this.#world.met('sent by the owner, before its end')
    if (host.ended) this.#world.violated(`${host.name} sends after its end`)
    const last = this.#working.get(key(connector, task))?.at(-1)
    if (last?.host !== host) this.#world.violated(`${host.name} sends, but ${last?.host.name} has the task`)
  }

  sinkStarts(connector: string, positions: ReadonlyMap<number, number>): void {
    for (const [partition, position] of positions) {
      const of = key(connector, partition)
      if (!this.#starts.has(of)) this.#starts.set(of, position)
    }
  }

  wrote(connector: string, partition: number, records: readonly { readonly entry: Entry }[]): void {
    const of = key(connector, partition)
    const target = this.#target.get(of) ?? []
    this.#target.set(of, target)
    for (const { entry } of records) target.push(entry.value ?? '')
  }

  /** A record of the status topic. Who writes the claim of another, its heir, has ended. */
  published(key: string, value: string | null, by: Host | undefined): void {
    if (!key.startsWith('penstock-lease-') || value === null) return
    const { owner, ended } = JSON.parse(value) as { readonly owner: string; readonly ended: boolean }
    const of = this.#workingIn(by) ?? this.#ownedBy(owner)
    for (const { host } of of) {
      if (host.sealed) this.#world.violated(`${host.name} writes after its seal`)
      if (!ended && owner.startsWith(`${host.requestId}/`)) continue
      host.ended = true
      this.#world.met('end published before the seal')
    }
  }

  /** A lease was written. */
  leaseChanged(before: Item | null, after: Item | null): void {
    const was = before as unknown as Lease | null
    const is = after as unknown as Lease | null
    for (const transition of transitions(was, is)) this.#world.met(transition)
    if (is === null) return
    if (was !== null && is.epoch > was.epoch) this.#world.met('epoch only grows')
    if (was !== null && is.epoch < was.epoch) this.#world.violated(`the epoch of ${leaseName(is)} went back`)
    const claimed = is.state === 'owned' && is.owner !== null && is.owner !== was?.owner
    if (claimed) this.#claimed(is)
    if (was?.state === 'owned' && was.owner !== null && is.slices > was.slices) this.#sealed(was, is)
  }

  /**
   * What a source's topic lacks of its first `rows` rows, or has twice; null: nothing. What is lost or doubled for good
   * is violated at once.
   */
  sourceLacks(connector: string, partition: number, values: readonly string[], rows: number, exactly: boolean) {
    const where = `${connector}, partition ${partition}`
    const first = firstOf(values)
    const wrong = first.findIndex((value, n) => value !== `${partition}:${n}`)
    if (wrong >= 0) this.#world.violated(`${where}: ${first[wrong]} stands where ${partition}:${wrong} should`)
    this.#world.met(exactly ? 'exactly-once rows' : 'at-least-once rows')
    if (!exactly && first.length < values.length) this.#world.met('rows twice, where they may be')
    if (exactly && first.length < values.length)
      this.#world.violated(`${where}: ${values.length - first.length} records twice`)
    return first.length < rows ? `${where}: stands at ${first.length} of ${rows} rows` : null
  }

  /** After a seal, and an heir's waiting, nothing that was committed is read again. */
  goesOn(event: TaskEvent, from: ReadonlyMap<number, number>, committed: ReadonlyMap<number, number>): void {
    this.#world.met('goes on from the last commit')
    for (const [partition, position] of from) {
      const last = committed.get(partition) ?? 0
      if (position === last) continue
      const { connector, task, epoch } = event
      this.#world.violated(
        `${connector}-${task} epoch ${epoch} goes on from ${position} of partition ${partition}, not ${last}`,
      )
    }
  }

  /** What a sink's target lacks of the records until a time; null: nothing. */
  sinkLacks(connector: string, partition: number, kafka: SimulatedKafka, topic: string, until: number) {
    const from = this.#starts.get(key(connector, partition))
    const where = `${connector}, partition ${partition}`
    if (from === undefined) return `${where}: was never started`
    this.#world.met("sink's records")
    const records = kafka.committed(topic, partition, from).map(({ entry }) => entry)
    const first = firstOf(this.#target.get(key(connector, partition)) ?? [])
    const wrong = first.findIndex((value, n) => value !== records[n]?.value)
    if (wrong >= 0) this.#world.violated(`${where}: ${first[wrong]} came where ${records[wrong]?.value} should`)
    const due = records.filter(({ timestamp }) => timestamp <= until).length
    return first.length < due ? `${where}: stands at ${first.length} of ${due} records` : null
  }

  /** Who runs of a connector that is paused, stopped or deleted; null: nobody. */
  running(connector: string): string | null {
    this.#world.met('nothing runs that is not to')
    const [first] = this.#alive(connector)
    return first === undefined ? null : `${first.host.name} runs, though ${connector} is not to run`
  }

  #alive(connector: string): Working[] {
    return [...this.#working].flatMap(([of, all]) =>
      of.startsWith(`${connector}/`) ? all.filter(({ host }) => !host.dead && !host.ended) : [],
    )
  }

  #claimed(lease: Lease): void {
    const host = this.#hosts.get(lease.owner?.split('/')[0] ?? '')
    this.#world.note(`${leaseName(lease)} has the lease`)
    const own = host.find((one) => lease.deadline === one.killAt + one.skewMs)
    this.#world.met('deadline is the timeout')
    if (own === undefined)
      this.#world.violated(`${leaseName(lease)} has a deadline that is not its invocation's timeout`)
  }

  #sealed(was: Lease, is: Lease): void {
    this.#world.note(`${leaseName(was)} is sealed: ${is.end?.kind}, then ${is.state} ${is.epoch}`)
    for (const { host, isUncommitted } of this.#ownedBy(was.owner ?? '')) {
      host.ended = true
      host.sealed = true
      if (is.end?.kind === 'failed') continue
      this.#world.met('sealed after the commit')
      if (isUncommitted()) this.#world.violated(`${host.name} sealed before its commit`)
    }
  }

  #workingIn(host: Host | undefined): Working[] | null {
    const found = [...this.#working.values()].flat().filter((one) => one.host === host)
    return found.length === 0 ? null : found
  }

  #ownedBy(owner: string): Working[] {
    return [...this.#working.values()].flat().filter(({ host }) => owner.startsWith(`${host.requestId}/`))
  }

  readonly #hosts = {
    all: new Map<string, TaskHost[]>(),
    get(requestId: string): TaskHost[] {
      return this.all.get(requestId) ?? []
    },
  }

  /** An invocation has begun. */
  knows(host: TaskHost): void {
    this.#hosts.all.set(host.requestId, [...this.#hosts.get(host.requestId), host])
  }
}

function firstOf(values: readonly string[]): string[] {
  return [...new Set(values)]
}

function key(connector: string, number: number): string {
  return `${connector}/${number}`
}

function leaseName({ connector, task, epoch, generation }: Lease): string {
  return `${connector}-${task} epoch ${epoch} (generation ${generation})`
}
