/**
 * Virtual time under a seed. Everything that happens is an event at a time; what runs meanwhile sees the world's clock
 * (with its host's error), the world's timers and the world's random numbers, so that a seed replays exactly.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Counts, Happening } from './coverage.ts'

/** Something that runs code and can be stopped from outside: an invocation of a function. */
export interface Host {
  readonly name: string
  /** How far its clock is ahead of the world's, in ms. */
  readonly skewMs: number
  /** Null while it lives; a dead one never runs again. */
  dead: boolean
  /** What reached it while it was frozen; null while it isn't. */
  held: (() => void)[] | null
}

interface Event {
  readonly at: number
  readonly order: number
  /** Null: no more wanted. */
  run: (() => void) | null
  /** The runtime's code goes on by it, and must be through before the next event. */
  readonly wakes: boolean
}

/** What `setTimeout` gives. */
class Timer {
  readonly event: Event

  constructor(event: Event) {
    this.event = event
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

const hosts = new AsyncLocalStorage<Host>()
const real = { now: Date.now, random: Math.random, setTimeout, clearTimeout }
const THROUGH = Promise.resolve()
/** Any time with a round look. */
const EPOCH = 1_700_000_000_000

export class World {
  readonly history: string[] = []
  readonly counts: Counts = new Map()
  now = EPOCH
  #events: Event[] = []
  #order = 0
  #random: number
  #violation: string | null = null

  constructor(seed: number) {
    this.#random = (seed * 0x9e3779b1) >>> 0
  }

  /** 0 to 1 (mulberry32). */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0
    let t = this.#random
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.random() * from.length)]
  }

  get host(): Host | undefined {
    return hosts.getStore()
  }

  get elapsedMs(): number {
    return this.now - EPOCH
  }

  /** Runs later, whatever becomes of the host that asked. */
  after(ms: number, run: () => void): void {
    this.#push(ms, true, run)
  }

  /** As `after`, of what lets no code of the runtime go on, neither at once nor by a promise. */
  afterQuietly(ms: number, run: () => void): void {
    this.#push(ms, false, run)
  }

  /** Runs in the host: not at all where it has died, later where it is frozen. */
  deliver(host: Host | undefined, run: () => void): void {
    this.#reach(host, host === undefined ? run : () => hosts.run(host, run))
  }

  /** As `deliver`, of an answer: what waits for it goes on in its own host. */
  #reach(host: Host | undefined, run: () => void): void {
    if (host === undefined) run()
    else if (host.held !== null) host.held.push(() => this.#reach(host, run))
    else if (!host.dead) run()
  }

  /**
   * A request to a server and its answer, each with its time on the way. A request that was sent takes effect though
   * its sender dies; a sender that is dead sends none. The effect is the server's alone.
   */
  request<T>(latency: () => number, effect: () => T): Promise<T> {
    const { host } = this
    if (host?.dead) return new Promise(() => {})
    return new Promise((resolve, reject) => {
      this.#push(latency(), false, () => {
        let settle: () => void
        try {
          const answer = effect()
          settle = () => resolve(answer)
        } catch (error) {
          settle = () => reject(error)
        }
        this.#push(latency(), true, () => this.#reach(host, settle))
      })
    })
  }

  note(text: string): void {
    this.history.push(`${String(this.elapsedMs).padStart(6)} ${this.host?.name ?? '-'}: ${text}`)
  }

  /** Counts what has happened. */
  met(what: Happening): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  /** An invariant doesn't hold: the world ends here. */
  violated(what: string): void {
    this.note(`VIOLATED: ${what}`)
    this.#violation ??= what
  }

  /** Runs all events up to a time; answers the invariant that was violated, or null. */
  run(ms: number): Promise<string | null> {
    const end = EPOCH + ms
    return new Promise((resolve) => {
      // A tick comes when all microtasks are through; to be asked for it must be within one.
      const tick = () => process.nextTick(step)
      const step = () => {
        for (;;) {
          const next = this.#violation === null ? this.#pop(end) : undefined
          if (next === undefined) return resolve(this.#violation)
          this.now = next.at
          if (next.run === null) continue
          next.run()
          if (next.wakes) return void THROUGH.then(tick)
        }
      }
      step()
    })
  }

  /** Replaces the process's clock, timers and random numbers; disposing gives them back. */
  enter(): Disposable {
    Date.now = () => this.now + (this.host?.skewMs ?? 0)
    Math.random = () => this.random()
    globalThis.setTimeout = ((run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const { host } = this
      return new Timer(this.#push(Math.max(1, ms), true, () => this.deliver(host, () => run(...args))))
    }) as unknown as typeof setTimeout
    globalThis.clearTimeout = ((timer: unknown) => {
      if (timer instanceof Timer) timer.event.run = null
    }) as typeof clearTimeout
    return {
      [Symbol.dispose]() {
        Date.now = real.now
        Math.random = real.random
        globalThis.setTimeout = real.setTimeout
        globalThis.clearTimeout = real.clearTimeout
      },
    }
  }

  #push(ms: number, wakes: boolean, run: () => void): Event {
    const event: Event = { at: this.now + Math.max(0, ms), order: this.#order++, run, wakes }
    const heap = this.#events
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
    return event
  }

  #pop(end: number): Event | undefined {
    const heap = this.#events
    const [first] = heap
    if (first === undefined || first.at > end) return undefined
    const last = heap.pop() as Event
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
