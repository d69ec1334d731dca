/** A sink's batch, and how its records are counted: a tally for each partition of it. */
import type { ConnectRecord, Origin } from '../connect/record.ts'
import type { Fetched } from '../kafka/consumer.ts'
import { type Tallies, Tally } from './counters.ts'

export interface PartitionEnd {
  readonly topic: string
  readonly partition: number
  /** Everything before it is in this batch or an earlier one. */
  readonly next: number
}

export class PartitionTally extends Tally {
  readonly topic: string
  readonly partition: number
  first: number
  next: number

  constructor(topic: string, partition: number, first: number, next: number) {
    super()
    this.topic = topic
    this.partition = partition
    this.first = first
    this.next = next
  }

  /**
   * Takes off what lies before `offset`, as a tally of its own; null where it can't be told, since records were
   * dropped or offsets are missing.
   */
  splitAt(offset: number): PartitionTally | null {
    const count = offset - this.first
    if (count <= 0 || this.written !== this.read || this.read !== this.next - this.first) return null
    const before = new PartitionTally(this.topic, this.partition, this.first, offset)
    before.read = count
    before.written = count
    this.first = offset
    this.read -= count
    this.written -= count
    return before
  }
}

export class SinkTallies implements Tallies {
  readonly #byPartition = new Map<string, Map<number, PartitionTally>>()

  /** Counts what was fetched as read. */
  add({ topic, partition, baseOffset, nextOffset, count }: Fetched): void {
    const partitions = this.#byPartition.get(topic) ?? new Map<number, PartitionTally>()
    const tally = partitions.get(partition) ?? new PartitionTally(topic, partition, baseOffset, nextOffset)
    this.#byPartition.set(topic, partitions.set(partition, tally))
    tally.next = nextOffset
    tally.read += count
  }

  of(origin: Origin): Tally {
    const found = origin.kind === 'sink' ? this.#byPartition.get(origin.topic)?.get(origin.partition) : undefined
    if (found === undefined) throw new RangeError('A record is not of the batch that it came in')
    return found
  }

  all(): PartitionTally[] {
    return [...this.#byPartition.values()].flatMap((partitions) => [...partitions.values()])
  }
}

export interface SinkBatch {
  readonly records: readonly ConnectRecord[]
  readonly ends: readonly PartitionEnd[]
  readonly tallies: SinkTallies
}

/** The offset after the last record of each partition. */
export function lastEnds(records: readonly ConnectRecord[]): PartitionEnd[] {
  const ends = new Map<string, PartitionEnd>()
  let lastTopic: string | null = null
  let lastPartition = -1
  for (let i = records.length - 1; i >= 0; i--) {
    const { origin } = records[i] as ConnectRecord
    if (origin.kind !== 'sink' || (origin.partition === lastPartition && origin.topic === lastTopic)) continue
    const { topic, partition, offset } = origin
    lastTopic = topic
    lastPartition = partition
    const key = `${partition}\n${topic}`
    if (!ends.has(key)) ends.set(key, { topic, partition, next: offset + 1 })
  }
  return [...ends.values()]
}
