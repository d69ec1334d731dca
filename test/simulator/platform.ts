/**
 * The platform of a simulated world: invocations that are late, lost or delivered twice, with a hard timeout; an event
 * bus, a delay queue and a schedule that are no better; instances that are killed or frozen.
 */

import type { CoordinatorEvent } from '../../lib/coordinator/events.ts'
import type { Lease } from '../../lib/state/lease.ts'
import type { BusEvent, Events, TaskEvent } from '../../lib/worker/events.ts'
import type { Ledger, TaskHost } from './ledger.ts'
import type { Host, World } from './world.ts'

/** Probabilities, and ms. */
export interface PlatformWeather {
  loses: number
  doubles: number
  delays: number
  /** The longest delay of what is delayed. */
  delayMs: number
  /** The largest error of a host's clock, in either direction. */
  skewMs: number
}

export interface Functions {
  task(event: TaskEvent, invocation: { readonly requestId: string; readonly deadline: number }): Promise<void>
  coordinator(event: CoordinatorEvent): Promise<void>
  /** As the table has it at this moment. */
  lease(connector: string, task: number): Lease | null
}

const COORDINATOR_TIMEOUT_MS = 30_000
const SCHEDULE_MS = 10_000
/** How long one of two copies of an invocation may take to say that it is one. */
const SAYS_MS = 5_000
/** Why an instance is killed. */
export const KILLED = 'SIGKILL'
const TIMED_OUT = 'timed out'
const OWN_END = 'its own end'

export class Platform {
  readonly weather: PlatformWeather = { loses: 0, doubles: 0, delays: 0, delayMs: 0, skewMs: 0 }
  readonly running = new Set<TaskHost>()
  readonly #world: World
  readonly #ledger: Ledger
  readonly #functions: () => Functions
  readonly #timeoutMs: number
  #requests = 0
  /** Those that are under way. */
  #passes = 0

  constructor(world: World, ledger: Ledger, timeoutMs: number, functions: () => Functions) {
    this.#world = world
    this.#ledger = ledger
    this.#timeoutMs = timeoutMs
    this.#functions = functions
    const schedule = () => {
      this.#coordinate({ 'detail-type': 'Scheduled Event' })
      world.after(SCHEDULE_MS, schedule)
    }
    world.after(0, schedule)
    // A slice that can't end in time ends its process.
    process.kill = () => {
      const { host } = world
      if (host !== undefined && this.running.has(host as TaskHost)) this.kill(host as TaskHost, OWN_END)
      return true
    }
  }

  readonly events: Events = {
    emit: (event) => this.#world.request(this.#hop, () => this.#bus(event)),
    wake: (connectors, at) => {
      const body = JSON.stringify({ connectors })
      // Told as a delay, by the sender's clock.
      const inMs = Math.max(0, at - Date.now())
      return this.#world.request(this.#hop, () => {
        this.#deliver(inMs, () => this.#coordinate({ Records: [{ body }] }))
      })
    },
    invokeTask: (event) =>
      this.#world.request(this.#hop, () => {
        const requestId = `r${++this.#requests}`
        const copies = this.#deliver(this.#world.between(5, 60), () => this.#invoke(event, requestId))
        this.#copies.set(requestId, copies)
        if (copies > 1) this.#world.met('invocation doubled')
      }),
  }

  /**
   * What may be killed or frozen: not one of two copies of an invocation, whose failure before it could say what it is
   * is taken for the owner's (docs/decisions/2026-11-21-doubled-invocations.md).
   */
  targets(): TaskHost[] {
    return [...this.running].filter(({ requestId }) => this.#copies.get(requestId) === 1)
  }

  /** Who may be frozen for so long: a copy must be able to say what it is before its timeout. */
  bearing(ms: number): TaskHost[] {
    const by = this.#world.now + ms + SAYS_MS
    return [...this.running].filter(({ requestId, killAt }) => this.#copies.get(requestId) === 1 || killAt > by)
  }

  /** What an instance that is frozen will do is not known yet. */
  get isWaiting(): boolean {
    return [...this.running].some(({ held }) => held !== null)
  }

  kill(host: TaskHost, why: string): void {
    if (!this.running.delete(host)) return
    this.#world.note(`${host.name} is killed: ${why}`)
    host.dead = true
    this.#failed(host, why)
    if (why === KILLED) this.#world.met('instance killed')
    if (why === TIMED_OUT) this.#world.met('instance timed out')
    if (why === OWN_END) this.#world.met('instance ended itself')
  }

  freeze(host: Host, ms: number): void {
    if (host.dead || host.held !== null) return
    this.#world.note(`${host.name} is frozen for ${ms} ms`)
    this.#world.met('instance frozen')
    host.held = []
    this.#world.after(ms, () => {
      const held = host.held ?? []
      host.held = null
      for (const run of held) run()
    })
  }

  readonly #hop = () => this.#world.between(1, 10)
  readonly #payloads = new WeakMap<Host, TaskEvent>()
  /** How often a request is delivered. */
  readonly #copies = new Map<string, number>()

  #bus(event: BusEvent): void {
    this.#deliver(this.#world.between(2, 30), () =>
      this.#coordinate({ 'detail-type': event.type, detail: event.detail }),
    )
  }

  /** At least once, as they say; sometimes late, and, against what they say, sometimes not at all. Answers how often. */
  #deliver(ms: number, run: () => void): number {
    const world = this.#world
    const { loses, doubles, delays, delayMs } = this.weather
    if (world.chance(loses)) {
      world.note('a message is lost')
      world.met('message lost')
      return 0
    }
    const late = () => {
      if (!world.chance(delays)) return 0
      world.met('message delayed')
      return world.between(0, delayMs)
    }
    world.after(ms + late(), run)
    if (!world.chance(doubles)) return 1
    world.note('a message is doubled')
    world.met('message doubled')
    world.after(ms + late() + world.between(0, 200), run)
    return 2
  }

  #host(name: string): Host {
    const { skewMs } = this.weather
    if (skewMs > 0) this.#world.met('clocks differ')
    return { name, skewMs: this.#world.between(-skewMs, skewMs), dead: false, held: null }
  }

  #coordinate(event: CoordinatorEvent): void {
    const host = this.#host('coordinator')
    this.#world.after(COORDINATOR_TIMEOUT_MS, () => {
      host.dead = true
    })
    this.#world.deliver(host, () => {
      if (this.#passes++ > 0) this.#world.met('passes at once')
      this.#functions()
        .coordinator(event)
        .catch((error: Error) => this.#world.note(`the pass failed: ${error.message}`))
        .finally(() => this.#passes--)
    })
  }

  #invoke(event: TaskEvent, requestId: string): void {
    const world = this.#world
    const { connector, task, epoch } = event
    const base = this.#host(`${connector}-${task} epoch ${epoch}${event.heir ? ' (heir)' : ''} ${requestId}`)
    const host: TaskHost = { ...base, requestId, killAt: world.now + this.#timeoutMs, ended: false, sealed: false }
    this.#payloads.set(host, event)
    this.#ledger.knows(host)
    this.running.add(host)
    world.after(this.#timeoutMs, () => this.kill(host, TIMED_OUT))
    const invocation = { requestId, deadline: host.killAt + host.skewMs }
    world.deliver(host, () => {
      this.#functions()
        .task(event, invocation)
        .then(
          () => this.#returned(host),
          (error: Error) => {
            if (this.running.has(host)) this.kill(host, `error: ${error.message}`)
          },
        )
    })
  }

  #returned(host: TaskHost): void {
    if (!this.running.delete(host)) return
    host.dead = true
    // Of two copies the one that left may still be reported as failed: its process can end badly afterwards.
    const isCopy = this.#copies.get(host.requestId) === 2
    if (!isCopy || host.ended || !this.#isKnown(host) || !this.#world.chance(0.3)) return
    this.#world.met('copy reported as failed')
    this.#failed(host, 'ended badly')
  }

  /** That the invocation was doubled: a copy that left while the lease was lost had nowhere to say so. */
  #isKnown(host: TaskHost): boolean {
    const event = this.#payloads.get(host)
    const lease = event === undefined ? null : this.#functions().lease(event.connector, event.task)
    if (event === undefined || lease === null) return false
    if (lease.epoch === event.epoch) return lease.doubled
    return lease.epoch > event.epoch || (lease.heir?.epoch === event.epoch && lease.heir.doubled === true)
  }

  #failed(host: TaskHost, why: string): void {
    const event = this.#payloads.get(host)
    this.#deliver(this.#world.between(5, 100), () =>
      this.#coordinate({
        'detail-type': 'Lambda Function Invocation Result - Failure',
        detail: {
          requestContext: { requestId: host.requestId },
          requestPayload: event,
          responsePayload: { errorMessage: why },
        },
      }),
    )
  }
}
