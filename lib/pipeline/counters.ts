/**
 * What became of the records of a slice: read = filtered + written + skipped + deadLettered + in flight, always. Records
 * are counted in tallies, one for what ends together: a batch, of a sink for each partition of it. A tally counts for
 * good once its offsets are committed; what is given back for the next slice to read again is not counted.
 */
import type { PluginLog } from '../connect/plugin.ts'
import type { Origin } from '../connect/record.ts'
import type { Progress } from '../state/leases.ts'

export class Tally {
  read = 0
  filtered = 0
  written = 0
  skipped = 0
  deadLettered = 0

  get inFlight(): number {
    return this.read - this.filtered - this.written - this.skipped - this.deadLettered
  }
}

/** Finds the tally that a record belongs to. */
export interface Tallies {
  of(origin: Origin): Tally
}

/** For batches that are one tally. */
export class SingleTally extends Tally implements Tallies {
  of(): Tally {
    return this
  }
}

export class Counters {
  retried = 0
  /** Epoch ms. */
  lastPoll: number | null = null
  lastCommit: number | null = null
  note: string | null = null
  readonly #ended = new Tally()
  readonly #open = new Set<Tally>()
  readonly #log: PluginLog

  constructor(log: PluginLog) {
    this.#log = log
  }

  open(tally: Tally): void {
    this.#open.add(tally)
  }

  /** The tally's offsets are committed: each of its records must have ended somewhere. */
  end(tally: Tally): void {
    if (!this.#open.delete(tally)) return
    if (tally.inFlight !== 0) this.#report('A batch was committed that had not ended', tally)
    add(this.#ended, tally)
  }

  /** The tally's offsets won't be committed: its records will be read again. */
  giveBack(tally: Tally): void {
    this.#open.delete(tally)
  }

  /** After a failure all that isn't committed is given back; after a drain without one, there must be nothing. */
  close(failed: boolean): void {
    if (!failed) for (const tally of this.#open) this.#report('A batch is left over after the drain', tally)
    this.#open.clear()
  }

  progress(lag: number | null): Progress {
    const sum = new Tally()
    add(sum, this.#ended)
    for (const tally of this.#open) add(sum, tally)
    const { read, filtered, written, skipped, deadLettered } = sum
    const { retried, lastPoll, lastCommit, note } = this
    return { read, filtered, written, skipped, deadLettered, retried, lastPoll, lastCommit, lag, note }
  }

  /** A record lost from the count is a bug of ours, and never hidden. */
  #report(what: string, { read, filtered, written, skipped, deadLettered, inFlight }: Tally): void {
    const counts = { read, filtered, written, skipped, deadLettered, inFlight }
    this.#log.error(`${what}: this is a bug in Penstock, please report it`, counts)
  }
}

function add(to: Tally, from: Tally): void {
  to.read += from.read
  to.filtered += from.filtered
  to.written += from.written
  to.skipped += from.skipped
  to.deadLettered += from.deadLettered
}
