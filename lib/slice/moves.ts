/**
 * Whether a task gets on: records end, or it looks and finds nothing to do. One that does neither is stalled, whatever
 * it says of itself: a call that doesn't come back, a system that isn't there and is tried again and again.
 */
import { RetriableError } from '../connect/errors.ts'
import type { Lease, RunProgress } from '../state/lease.ts'
import { ended } from './progress.ts'

export class Moves {
  /** When it last got on, epoch ms; the slice's start where the one before didn't go straight over into it. */
  last: number
  /** Set once it has moved nothing for too long; it is over with the task then. */
  stall: RetriableError | null = null
  readonly #task: string
  #run: RunProgress | null = null

  constructor({ connector, task, end, progress }: Lease, now = Date.now()) {
    this.#task = `${connector}-${task}`
    this.last = end?.kind === 'again' ? (progress.lastProgress ?? now) : now
  }

  look(run: RunProgress | null, now = Date.now()): void {
    if (run === null) return
    const before = this.#run
    const looked = run.lastPoll !== (before?.lastPoll ?? null) && run.read === ended(run)
    if (looked || ended(run) !== (before === null ? 0 : ended(before))) this.last = now
    this.#run = run
  }

  /** Whether the task has moved nothing for the limit, in ms; -1 for no limit. */
  isStalled(limitMs: number, now = Date.now()): boolean {
    if (limitMs < 0 || now - this.last < limitMs) return false
    const limit = `penstock.stall.restart.ms=${limitMs}`
    this.stall ??= new RetriableError(`The task ${this.#task} ${this.#waits()}. It is started again after ${limit}`)
    return true
  }

  /** Why the process has to end: something doesn't come back. */
  get hung(): RetriableError {
    return this.stall ?? new RetriableError(`The task ${this.#task} ${this.#waits()}, and did not end with its slice`)
  }

  #waits(): string {
    const since = `has moved nothing since ${new Date(this.last).toISOString()}`
    const run = this.#run
    if (run === null) return `${since}: its start has not come back`
    const open = run.read - ended(run)
    const what = open > 0 ? `${open} records were read and have not been written` : 'its poll has not come back'
    return run.note === null ? `${since}: ${what}` : `${since}: ${what} (${run.note})`
  }
}
