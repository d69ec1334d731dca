/** The offsets of one source connector in memory: entries by source partition, the newest record of each. */
import type { Position } from '../connect/record.ts'
import { encodeOffsetKey, encodeOffsetValue, parseOffsetKey, parseOffsetValue, partitionId } from './offset-records.ts'
import type { OffsetEntry } from './offsets-view.ts'

interface Known {
  readonly partition: Position
  readonly entry: OffsetEntry
}

interface Aborted {
  readonly key: string
  readonly producerId: number
  readonly position: number
}

/** Later than any record: a task's own, of which no position is known yet. */
const OWN = Number.MAX_SAFE_INTEGER

export class KnownOffsets {
  readonly #connector: string
  readonly #known = new Map<string, Known>()
  /** By key and producer: the position of its newest record in a transaction that was aborted. */
  readonly #aborted = new Map<string, Aborted>()

  constructor(connector: string) {
    this.#connector = connector
  }

  get(partition: Position): Position | undefined {
    const known = this.#known.get(partitionId(partition))
    return known === undefined ? undefined : offsetOf(known.entry)
  }

  all(): { readonly partition: Position; readonly offset: Position }[] {
    return [...this.#known.values()].flatMap(({ partition, entry }) => {
      const offset = offsetOf(entry)
      return offset === undefined ? [] : [{ partition, offset }]
    })
  }

  /** The key as the topic has it, so that compaction and a JVM worker find it; else as the partition's own order is. */
  keyOf(partition: Position): string {
    const known = this.#known.get(partitionId(partition))
    return known?.entry.key ?? encodeOffsetKey(this.#connector, partition)
  }

  /** A record of the topic, in any order and as often as it comes. */
  apply(entry: OffsetEntry): void {
    const parsed = parseOffsetKey(entry.key)
    if (parsed === null || parsed.connector !== this.#connector || parseOffsetValue(entry.value) === undefined) return
    const { partition } = parsed
    const id = partitionId(partition)
    const known = this.#known.get(id)
    if (known === undefined || isNewer(entry, known.entry)) this.#known.set(id, { partition, entry })
  }

  /** A record of a transaction that was aborted. */
  aborted({ key, position }: OffsetEntry, producerId: number): void {
    const id = `${producerId}/${key}`
    this.#aborted.set(id, { key, producerId, position: Math.max(position, this.#aborted.get(id)?.position ?? -1) })
  }

  /** Behind whose record the topic holds an aborted one, of this producer or of any; null where there is no other. */
  overlaid(by: number | null): { readonly partition: Position; readonly offset: Position | null }[] {
    const newest = new Map<string, number>()
    for (const { key, producerId, position } of this.#aborted.values())
      if (by === null || producerId === by) newest.set(key, Math.max(position, newest.get(key) ?? -1))
    return [...newest].flatMap(([key, position]) => {
      const partition = parseOffsetKey(key)?.partition
      const known = partition === undefined ? undefined : this.#known.get(partitionId(partition))
      if (partition === undefined || (known?.entry.key === key && known.entry.position > position)) return []
      return [{ partition, offset: (known && offsetOf(known.entry)) ?? null }]
    })
  }

  /** A record that the task wrote itself, and that is committed. */
  put(partition: Position, offset: Position | null, kafkaPartition: number, now: number): void {
    const value = encodeOffsetValue(offset)
    const entry = { key: this.keyOf(partition), value, kafkaPartition, position: OWN, timestamp: now }
    this.#known.set(partitionId(partition), { partition, entry })
  }

  get hasOwn(): boolean {
    for (const { entry } of this.#known.values()) if (entry.position === OWN) return true
    return false
  }

  /** The task's own records are all before these ends. */
  place(ends: readonly number[]): void {
    for (const [id, { partition, entry }] of this.#known) {
      if (entry.position !== OWN) continue
      const position = (ends[entry.kafkaPartition] ?? 0) - 1
      this.#known.set(id, { partition, entry: { ...entry, position } })
    }
  }

  /** For a view that is complete up to `positions`: tombstones before them have done their work. */
  entries(positions: readonly number[]): OffsetEntry[] {
    const entries = [...this.#known.values()].map(({ entry }) => entry)
    return entries.filter((entry) => entry.value !== null || entry.position >= (positions[entry.kafkaPartition] ?? 0))
  }
}

/** JSON's null as value means what a tombstone means. */
function offsetOf(entry: OffsetEntry): Position | undefined {
  return parseOffsetValue(entry.value) ?? undefined
}

/** Keys of equal content may be in several partitions, where members come in another order: then time tells. */
function isNewer(entry: OffsetEntry, known: OffsetEntry): boolean {
  if (known.position === OWN) return false
  if (entry.kafkaPartition === known.kafkaPartition) return entry.position > known.position
  if (entry.timestamp !== known.timestamp) return entry.timestamp > known.timestamp
  return entry.kafkaPartition > known.kafkaPartition
}
