/**
 * What became of the records of a slice (docs/counters.md). Counted are records as they were read: what a transform
 * makes of one, be it several, is one record still, and has one outcome. They are counted in tallies, one for what ends
 * together: a batch, of a sink a range of positions of one partition. A tally counts for good once its offsets are
 * committed; what is given back for the next slice to read again is not counted.
 */
import type { PluginLog } from '../connect/plugin.ts'
import type { Origin } from '../connect/record.ts'
import type { Outcomes, RunProgress } from '../state/lease.ts'
import { Meter } from './meter.ts'

export class Tally implements Outcomes {
  read = 0
  filtered = 0
  written = 0
  skipped = 0
  deadLettered = 0

  get inFlight(): number {
    return this.read - this.filtered - this.written - this.skipped - this.deadLettered
  }

  /** Positions without a record for the task. */
  get gaps(): number {
    return 0
  }

  add(other: Outcomes): void {
    this.read += other.read
    this.filtered += other.filtered
    this.written += other.written
    this.skipped += other.skipped
    this.deadLettered += other.deadLettered
  }
}

/** Takes the outcome of each record of a batch that ends before it is written: told once for each. */
export interface Tallies {
  filter(origin: Origin): void
  skip(origin: Origin): void
  deadLetter(origin: Origin): void
}

/** For batches that are one tally. */
export class SingleTally extends Tally implements Tallies {
  /** The timestamp of its first record, or when it was polled, epoch ms. */
  since = -1

  filter(): void {
    this.filtered++
  }

  skip(): void {
    this.skipped++
  }

  deadLetter(): void {
    this.deadLettered++
  }

  /** The source has aborted the transaction: nobody sees what was written in it, letters included. */
  abort(): void {
    this.filtered += this.written + this.deadLettered
    this.written = 0
    this.deadLettered = 0
  }
}

export class Counters {
  retried = 0
  /** Epoch ms. */
  lastCommit: number | null = null
  note: string | null = null
  readonly meter = new Meter()
  #firstPoll: number | null = null
  #lastPoll: number | null = null
  readonly #ended = new Tally()
  readonly #open = new Set<Tally>()
  /** By a drain that could not wait for a commit: where it succeeds after all, they have ended. */
  readonly #givenBack = new WeakSet<Tally>()
  readonly #log: PluginLog
  #passed = 0
  #gaps = 0
  #mismatch: string | null = null

  constructor(log: PluginLog) {
    this.#log = log
  }

  /** Now. */
  looked(): void {
    this.#lastPoll = Date.now()
    this.#firstPoll ??= this.#lastPoll
  }

  open(tally: Tally): void {
    this.#open.add(tally)
  }

  /** The tally's offsets are committed: each of its records must have ended somewhere. */
  end(tally: Tally): void {
    const isOpen = this.#open.delete(tally)
    if (!isOpen && !this.#givenBack.delete(tally)) return
    if (tally.inFlight !== 0) this.#report('a batch was committed that had not ended', tally)
    this.#ended.add(tally)
    this.#gaps += tally.gaps
    if (isOpen) this.meter.settled(tally.read)
  }

  /** The tally's offsets won't be committed: its records will be read again. */
  giveBack(tally: Tally): void {
    if (!this.#open.delete(tally)) return
    this.#givenBack.add(tally)
    this.meter.settled(tally.read)
  }

  /**
   * So many positions were passed by a commit, all of them in tallies that have ended by now: of a source its records,
   * of a sink offsets.
   */
  pass(positions: number): void {
    this.#passed += positions
    const { read } = this.#ended
    if (read + this.#gaps !== this.#passed)
      this.#report(`${this.#passed} positions were passed, and ${read} records and ${this.#gaps} gaps counted`)
  }

  /** After a failure all that isn't committed is given back; after a drain without one, there must be nothing. */
  close(failed: boolean): void {
    for (const tally of this.#open) {
      if (!failed) this.#report('a batch is left over after the drain', tally)
      this.giveBack(tally)
    }
  }

  /** `range`: of a sink, the sums of the offsets that its partitions began from, and that are committed. */
  progress(lag: number | null, range: RunProgress['accounting']['range']): RunProgress {
    const ahead = new Tally()
    for (const tally of this.#open) ahead.add(tally)
    const sum = new Tally()
    sum.add(this.#ended)
    sum.add(ahead)
    const { retried, lastCommit, note } = this
    const polls = { firstPoll: this.#firstPoll, lastPoll: this.#lastPoll }
    const accounting = {
      passed: this.#passed,
      gaps: this.#gaps,
      ahead: outcomes(ahead),
      range,
      mismatch: this.#mismatch,
    }
    return { ...outcomes(sum), ...polls, retried, lastCommit, lag, note, accounting, measures: this.meter.measures() }
  }

  /** A record lost from the count is a bug of ours: told once a slice, never hidden, and no reason to stop. */
  #report(what: string, tally?: Tally): void {
    if (this.#mismatch !== null) return
    this.#mismatch = tally === undefined ? what : `${what}: ${JSON.stringify(outcomes(tally))}`
    this.#log.error('the counters do not add up: this is a bug in Penstock, please report it', {
      mismatch: this.#mismatch,
    })
  }
}

function outcomes({ read, filtered, written, skipped, deadLettered }: Outcomes): Outcomes {
  return { read, filtered, written, skipped, deadLettered }
}
