/** A source connector's offsets as known at one task's last seal, and how such views are put together. */
import { pack, unpack } from './packed.ts'

export interface OffsetsView {
  readonly topic: string
  readonly generation: number
  /** Kafka partition to the position up to which the entries hold all of the connector's records. */
  readonly positions: readonly number[]
  readonly entries: readonly OffsetEntry[]
}

/** The newest record of a key that counts. */
export interface OffsetEntry {
  /** As in the topic. */
  readonly key: string
  /** Null: a tombstone. */
  readonly value: string | null
  readonly kafkaPartition: number
  /** Of the record; of one that the task wrote itself, where the topic ended after its commit. */
  readonly position: number
  /** Epoch ms. */
  readonly timestamp: number
}

/** An item holds 400 KB. */
const LIMIT = 350_000

/** Null where it is too long for an item: then the view before stays, which is as true, and the tail is longer. */
export function packView(view: OffsetsView): string | Uint8Array | null {
  const packed = pack(view)
  const size = typeof packed === 'string' ? Buffer.byteLength(packed) : packed.length
  return size > LIMIT ? null : packed
}

export function unpackView(attribute: Parameters<typeof unpack>[0]): OffsetsView | null {
  return (unpack(attribute) ?? null) as OffsetsView | null
}

/**
 * All views of a connector as one. Of each Kafka partition the view that has come furthest holds all that others
 * know, but for what these wrote themselves since.
 */
export function mergeViews(
  views: readonly OffsetsView[],
  partitions: number,
): Pick<OffsetsView, 'positions' | 'entries'> {
  const furthest = Array.from({ length: partitions }, (_, partition) =>
    views.reduce<OffsetsView | null>((best, view) => (at(view, partition) > at(best, partition) ? view : best), null),
  )
  const entries = new Map<string, OffsetEntry>()
  for (const view of views) {
    for (const entry of view.entries) {
      const best = furthest[entry.kafkaPartition] ?? null
      if (view !== best && entry.position < at(best, entry.kafkaPartition)) continue
      const known = entries.get(entry.key)
      if (known === undefined || known.position < entry.position) entries.set(entry.key, entry)
    }
  }
  return { positions: furthest.map((view, partition) => at(view, partition)), entries: [...entries.values()] }
}

function at(view: OffsetsView | null, partition: number): number {
  return view?.positions[partition] ?? 0
}
