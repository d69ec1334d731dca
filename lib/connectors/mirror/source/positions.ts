/** Where a task's partitions are, on the source cluster and in Connect's source offsets. */
import { createHash } from 'node:crypto'
import { ConnectError } from '../../../connect/errors.ts'
import type { SourceContext } from '../../../connect/plugin.ts'
import type { Position } from '../../../connect/record.ts'
import type { RawConfig } from '../../../connect/settings.ts'
import { listOffsets, type TopicPartition } from '../../../kafka/admin.ts'
import type { OffsetReset } from '../../../kafka/client-settings.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { clientProperties } from '../clients.ts'

/** Of the task's config, as Java's connector writes it: `topic-0,topic-1`. */
export const ASSIGNED = 'task.assigned.partitions'

export function assignedPartitions(raw: RawConfig): TopicPartition[] {
  return (raw[ASSIGNED] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const end = text.lastIndexOf('-')
      return { topic: text.slice(0, end), partition: Number(text.slice(end + 1)) }
    })
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/** KIP-618: of a source that reads records of open transactions nothing can be exactly-once. */
export function isReadCommitted(raw: RawConfig): boolean {
  return clientProperties(raw, 'source', 'consumer')['isolation.level'] === 'read_committed'
}

export function sourcePartition(cluster: string, { topic, partition }: TopicPartition): Position {
  return { cluster, partition, topic }
}

/** The offset after the stored one; undefined where none is stored. */
export function storedPosition({ offsets }: SourceContext, partition: Position): number | undefined {
  const offset = offsets.get(partition)?.['offset'] ?? undefined
  if (offset === undefined) return undefined
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset))
    throw new ConnectError(
      `The stored offset of topic ${partition['topic']}, partition ${partition['partition']} is no number: reset the connector's offsets`,
      { kind: 'config' },
    )
  return offset < 0 ? undefined : offset + 1
}

/** Where `auto.offset.reset` says to begin, by `nameOf`. */
export async function beginnings(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  reset: OffsetReset,
): Promise<ReadonlyMap<string, number>> {
  if (partitions.length === 0) return new Map()
  if (reset === 'none')
    throw new ConnectError(
      `No offset is stored of ${partitions.map(nameOf).join(', ')}, and auto.offset.reset is none: set offsets, or consumer.auto.offset.reset`,
      { kind: 'config' },
    )
  const at = typeof reset === 'string' ? reset : { timestamp: Date.now() - reset.byDurationMs }
  const listed = await listOffsets(cluster, partitions, at)
  const late = listed.filter(({ offset }) => offset < 0)
  const ends = late.length === 0 ? [] : await listOffsets(cluster, late, 'latest')
  return new Map([...listed, ...ends].map((one) => [nameOf(one), one.offset]))
}

/** A short text that is the same for the same offsets. */
export function markOf(offsets: readonly (TopicPartition & { readonly offset: number })[]): string {
  const lines = offsets.map((one) => `${nameOf(one)} ${one.offset}`).sort()
  return createHash('sha256').update(lines.join('\n')).digest('base64url').slice(0, 22)
}
