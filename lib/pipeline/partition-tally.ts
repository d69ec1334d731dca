/** What became of a range of one partition's positions. */
import type { SinkOrigin } from '../connect/record.ts'
import type { Fetched } from '../kafka/consumer.ts'
import { Tally } from './counters.ts'

type NotWritten = 'filtered' | 'skipped' | 'deadLettered'

/** What a position holds that ended otherwise than written. */
const GAP = 1
const CODES: Readonly<Record<NotWritten, number>> = { filtered: 2, skipped: 3, deadLettered: 4 }

/**
 * Positions from `first` to before `next`; up to `start` there is nothing for the task. Where each of the others ended
 * is kept, a byte each, as soon as one was not written: a sink may have a part of a batch committed.
 */
export class PartitionTally extends Tally {
  readonly topic: string
  readonly partition: number
  first: number
  start: number
  next: number
  /** The timestamp of its first record, epoch ms; below 0 for none. */
  since = -1
  #codes: Uint8Array | null = null

  constructor(topic: string, partition: number, first: number, start: number, next: number) {
    super()
    this.topic = topic
    this.partition = partition
    this.first = first
    this.start = start
    this.next = next
  }

  override get gaps(): number {
    return this.next - this.first - this.read
  }

  /** Takes a batch in that begins where the tally ends and has a record at each of its positions. */
  extend({ nextOffset, count, timestamp }: Fetched): boolean {
    if (this.#codes !== null || nextOffset - this.next !== count) return false
    this.next = nextOffset
    this.read += count
    if (this.since < 0) this.since = timestamp
    return true
  }

  /** Counts a batch's records as read; `start` is the first of its positions that was asked for. */
  fill(batch: Fetched): void {
    this.read += batch.count
    this.since = batch.timestamp
    if (batch.count === this.next - this.start) return
    const codes = new Uint8Array(this.next - this.start).fill(GAP)
    batch.forEach((offset) => {
      codes[offset - this.start] = 0
    })
    this.#codes = codes
  }

  holds({ topic, partition, offset }: SinkOrigin): boolean {
    return offset < this.next && offset >= this.start && partition === this.partition && topic === this.topic
  }

  end(outcome: NotWritten, offset: number): void {
    this[outcome]++
    this.#codes ??= new Uint8Array(this.next - this.start)
    this.#codes[offset - this.start] = CODES[outcome]
  }

  /** Takes off what lies before `offset`, which has ended: as written where nothing else was told. */
  splitAt(offset: number): PartitionTally {
    const { topic, partition, first, start } = this
    const before = new PartitionTally(topic, partition, first, Math.min(start, offset), offset)
    before.since = this.since
    this.first = offset
    const count = offset - start
    if (count <= 0) return before
    this.start = offset
    const codes = this.#codes?.subarray(0, count) ?? []
    const found = [0, 0, 0, 0, 0]
    for (const code of codes) found[code] = (found[code] ?? 0) + 1
    const of = (code: number) => found[code] ?? 0
    before.filtered = of(CODES.filtered)
    before.skipped = of(CODES.skipped)
    before.deadLettered = of(CODES.deadLettered)
    before.read = count - of(GAP)
    // No more than were put: else the difference is in flight, and so a mismatch.
    before.written = Math.min(this.written, before.inFlight)
    this.#codes = this.#codes?.subarray(count) ?? null
    this.read -= before.read
    this.filtered -= before.filtered
    this.skipped -= before.skipped
    this.deadLettered -= before.deadLettered
    this.written -= before.written
    return before
  }
}
