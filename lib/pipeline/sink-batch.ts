/** A sink's batch, and how its records are counted: tallies for the positions of each partition of it. */
import type { ConnectRecord, Origin, SinkOrigin } from '../connect/record.ts'
import type { Tallies } from './counters.ts'
import type { PartitionTally } from './partition-tally.ts'

export interface PartitionEnd {
  readonly topic: string
  readonly partition: number
  /** Everything before it is in this batch or an earlier one. */
  readonly next: number
}

export interface SinkBatch {
  readonly records: readonly ConnectRecord[]
  /** As they were fetched, uncompressed. */
  readonly bytes: number
  readonly ends: readonly PartitionEnd[]
  readonly tallies: SinkTallies
}

export class SinkTallies implements Tallies {
  readonly #tallies: readonly PartitionTally[]
  /** The place of the tally that was found last: records come in the order of the tallies, by and large. */
  #at = 0
  /** Of which the sink has refused a record. */
  readonly #refused = new Set<Origin>()

  constructor(tallies: readonly PartitionTally[]) {
    this.#tallies = tallies
  }

  /** One for each range of a partition. */
  get ranges(): readonly PartitionTally[] {
    return this.#tallies
  }

  filter(origin: Origin): void {
    this.#of(origin as SinkOrigin).end('filtered', (origin as SinkOrigin).offset)
  }

  skip(origin: Origin): void {
    this.#of(origin as SinkOrigin).end('skipped', (origin as SinkOrigin).offset)
  }

  deadLetter(origin: Origin): void {
    this.#of(origin as SinkOrigin).end('deadLettered', (origin as SinkOrigin).offset)
  }

  /** The sink has refused a record. False where it has refused another one of the same origin before. */
  refuse(origin: Origin): boolean {
    if (this.#refused.has(origin)) return false
    this.#refused.add(origin)
    return true
  }

  /**
   * Counts as written what came of the records from `from` to before `to`, which were put, but for the refused; answers
   * up to where each partition was put. An origin counts with the last of its records.
   */
  written(records: readonly ConnectRecord[], from: number, to: number): PartitionEnd[] {
    const ends = new Map<string, PartitionEnd>()
    let tally: PartitionTally | null = null
    let next = 0
    const close = ({ topic, partition }: PartitionTally) =>
      ends.set(`${partition}\n${topic}`, { topic, partition, next })
    for (let i = from; i < to; i++) {
      const origin = (records[i] as ConnectRecord).origin as SinkOrigin
      if (records[i + 1]?.origin === origin) continue
      if (tally === null || !tally.holds(origin)) {
        if (tally !== null) close(tally)
        tally = this.#of(origin)
      }
      if (this.#refused.size === 0 || !this.#refused.has(origin)) tally.written++
      next = origin.offset + 1
    }
    if (tally !== null) close(tally)
    return [...ends.values()]
  }

  #of(origin: SinkOrigin): PartitionTally {
    const tallies = this.#tallies
    for (let i = 0; i < tallies.length; i++) {
      const at = (this.#at + i) % tallies.length
      const tally = tallies[at] as PartitionTally
      if (!tally.holds(origin)) continue
      this.#at = at
      return tally
    }
    throw new RangeError('A record is not of the batch that it came in')
  }
}
