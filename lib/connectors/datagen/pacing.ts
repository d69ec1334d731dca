/** What a pause of the process, or a slow target, may be caught up with at once: one second's worth of records. */
const BACKLOG_MS = 1000

/** The shortest idle time answered: at thousands of records a second, some milliseconds' worth go out together. */
const BATCH_MS = 5

/**
 * When the next record is due, in epoch ms. The caller brings the clock. The due time goes into the source offset,
 * so that the rate holds across restarts.
 */
export class Pacing {
  readonly #gap: (iteration: number) => number
  #origin: number
  /** Kept apart from the origin: sums of fractions are exact near 0, and coarse near today's epoch ms. */
  #ahead = 0

  /** `gap` is the time from the record of an iteration to the next one, at most `longest`; `resumed` the stored due time. */
  constructor(gap: (iteration: number) => number, longest: number, now: number, resumed?: number) {
    this.#gap = gap
    this.#origin = Math.min(resumed ?? now, now + longest)
  }

  /** When the next record is due. */
  get due(): number {
    return this.#origin + this.#ahead
  }

  /** Called before a batch: forgives what is late by more than a second. */
  begin(now: number): void {
    if (this.due >= now - BACKLOG_MS) return
    this.#origin = now - BACKLOG_MS
    this.#ahead = 0
  }

  /** The record of this iteration is out. */
  advance(iteration: number): void {
    this.#ahead += this.#gap(iteration)
  }

  /** Ms until the next batch; undefined where a record is due now. */
  idleMs(now: number): number | undefined {
    const wait = this.due - now
    return wait <= 0 ? undefined : Math.max(BATCH_MS, Math.ceil(wait))
  }
}
