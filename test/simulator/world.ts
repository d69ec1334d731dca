/**
 * Virtual time under a seed. Everything that happens is an event at a time; what runs meanwhile sees the world's clock
 * (with its host's error), the world's timers and the world's random numbers, so that a seed replays exactly.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

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
  readonly run: () => void
}

const hosts = new AsyncLocalStorage<Host>()
const real = { setImmediate, now: Date.now, random: Math.random, setTimeout, clearTimeout }
/** Any time with a round look. */
const EPOCH = 1_700_000_000_000

export class World {
  readonly history: string[] = []
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
    this.#push({ at: this.now + Math.max(0, ms), order: this.#order++, run })
  }

  /** Runs in the host: not at all where it has died, later where it is frozen. */
  deliver(host: Host | undefined, run: () => void): void {
    if (host === undefined) run()
    else if (host.held !== null) host.held.push(() => this.deliver(host, run))
    else if (!host.dead) hosts.run(host, run)
  }

  /**
   * A request to a server and its answer, each with its time on the way. A request that was sent takes effect though
   * its sender dies; a sender that is dead sends none.
   */
  request<T>(latency: () => number, effect: () => T): Promise<T> {
    const { host } = this
    if (host?.dead) return new Promise(() => {})
    return new Promise((resolve, reject) => {
      this.after(latency(), () => {
        let settle: () => void
        try {
          const answer = effect()
          settle = () => resolve(answer)
        } catch (error) {
          settle = () => reject(error)
        }
        this.after(latency(), () => this.deliver(host, settle))
      })
    })
  }

  note(text: string): void {
    this.history.push(`${String(this.elapsedMs).padStart(6)} ${this.host?.name ?? '-'}: ${text}`)
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
      const step = () => {
        const next = this.#violation === null ? this.#pop(end) : undefined
        if (next === undefined) return resolve(this.#violation)
        this.now = next.at
        next.run()
        // All microtasks are through when the next event comes.
        real.setImmediate(step)
      }
      step()
    })
  }

  /** Replaces the process's clock, timers and random numbers; disposing gives them back. */
  enter(): Disposable {
    const timers = new Set<object>()
    Date.now = () => this.now + (this.host?.skewMs ?? 0)
    Math.random = () => this.random()
    globalThis.setTimeout = ((run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const timer = { unref: () => timer, ref: () => timer }
      const { host } = this
      timers.add(timer)
      this.after(Math.max(1, ms), () => {
        if (timers.delete(timer)) this.deliver(host, () => run(...args))
      })
      return timer
    }) as unknown as typeof setTimeout
    globalThis.clearTimeout = ((timer: object) => void timers.delete(timer)) as unknown as typeof clearTimeout
    return {
      [Symbol.dispose]() {
        Date.now = real.now
        Math.random = real.random
        globalThis.setTimeout = real.setTimeout
        globalThis.clearTimeout = real.clearTimeout
      },
    }
  }

  #push(event: Event): void {
    const heap = this.#events
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
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
