/**
 * Follows the offsets topic, read uncommitted, for one connector. A record in a transaction counts once that
 * transaction's commit marker is there. So neither a stranger's open transaction nor a hanging one of a dead slice
 * keeps anyone from resuming.
 */
import type { Fetched } from '../kafka/consumer.ts'
import type { OffsetEntry } from './offsets-view.ts'

export interface OffsetBatch {
  readonly partition: number
  readonly nextOffset: number
  /** Of a transaction; null where the batch is in none. */
  readonly producerId: number | null
  readonly control: 'commit' | 'abort' | null
  /** The connector's. */
  readonly records: readonly OffsetEntry[]
}

export class OffsetTail {
  /** Offset of the next record to be read, by partition. */
  readonly next: number[]
  readonly #undecided = new Map<string, OffsetEntry[]>()
  readonly #apply: (entry: OffsetEntry) => void
  readonly #aborted: (entry: OffsetEntry, producerId: number) => void

  /** `apply` gets what counts, `aborted` what a reader of uncommitted records takes for the same. */
  constructor(
    positions: readonly number[],
    apply: (entry: OffsetEntry) => void,
    aborted: (entry: OffsetEntry, producerId: number) => void = () => {},
  ) {
    this.next = [...positions]
    this.#apply = apply
    this.#aborted = aborted
  }

  visit(batch: OffsetBatch): void {
    const { partition, producerId, control, records } = batch
    this.next[partition] = Math.max(batch.nextOffset, this.next[partition] ?? 0)
    if (producerId === null) {
      for (const entry of records) this.#apply(entry)
      return
    }
    const id = `${partition}/${producerId}`
    const waiting = this.#undecided.get(id) ?? []
    if (control === null) {
      if (records.length > 0) this.#undecided.set(id, [...waiting, ...records])
      return
    }
    this.#undecided.delete(id)
    for (const entry of waiting) {
      if (control === 'commit') this.#apply(entry)
      else this.#aborted(entry, producerId)
    }
  }

  /** The transactions with records of the connector that have no end yet. */
  undecided(): string[] {
    return [...this.#undecided.keys()]
  }

  /** By partition, up to where all is decided: from there on, reading again finds what is still to come. */
  decided(): number[] {
    const positions = [...this.next]
    for (const [first] of this.#undecided.values()) {
      if (first === undefined) continue
      positions[first.kafkaPartition] = Math.min(positions[first.kafkaPartition] ?? 0, first.position)
    }
    return positions
  }
}

/** `prefix`: the first bytes of the connector's keys. */
export function offsetBatch(fetched: Fetched, prefix: Buffer): OffsetBatch {
  const { buffer, partition, nextOffset, control } = fetched
  const records: OffsetEntry[] = []
  if (control === null) {
    fetched.forEach((position, timestamp, keyStart, keyEnd, valueStart, valueEnd) => {
      if (keyEnd - keyStart < prefix.length) return
      if (buffer.compare(prefix, 0, prefix.length, keyStart, keyStart + prefix.length) !== 0) return
      const key = buffer.toString('utf8', keyStart, keyEnd)
      const value = valueEnd < 0 ? null : buffer.toString('utf8', valueStart, valueEnd)
      records.push({ key, value, kafkaPartition: partition, position, timestamp })
    })
  }
  const inTransaction = fetched.isTransactional || control !== null
  return { partition, nextOffset, producerId: inTransaction ? fetched.producerId : null, control, records }
}
