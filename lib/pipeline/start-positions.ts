/** Where a sink begins to read: the group's offsets, and `auto.offset.reset` where there are none. */
import { ConnectError } from '../connect/errors.ts'
import { listOffsets } from '../kafka/admin.ts'
import type { OffsetReset } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface StartOptions {
  readonly cluster: Cluster
  readonly assignment: ReadonlyMap<string, readonly number[]>
  /** The group's offsets. */
  readonly committed: readonly (TopicPartition & { readonly offset: number })[]
  readonly reset: OffsetReset
  readonly isolation: 'read_uncommitted' | 'read_committed'
}

/** One position for each assigned partition. */
export async function startPositions(options: StartOptions): Promise<Map<string, Map<number, number>>> {
  const { cluster, assignment, committed, reset, isolation } = options
  const positions = new Map<string, Map<number, number>>()
  const set = ({ topic, partition, offset }: TopicPartition & { readonly offset: number }) =>
    positions.set(topic, (positions.get(topic) ?? new Map<number, number>()).set(partition, offset))
  for (const entry of committed) if (assignment.get(entry.topic)?.includes(entry.partition)) set(entry)
  const missing: TopicPartition[] = []
  for (const [topic, partitions] of assignment)
    for (const partition of partitions) if (!positions.get(topic)?.has(partition)) missing.push({ topic, partition })
  for (const entry of await resetOffsets(cluster, missing, reset, isolation)) set(entry)
  return positions
}

/** What `auto.offset.reset` says for partitions without a valid position. */
export async function resetOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  reset: OffsetReset,
  isolation: StartOptions['isolation'],
): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
  if (partitions.length === 0) return []
  if (reset === 'none')
    throw new ConnectError(
      `Undefined offset with no reset policy for partitions: [${partitions.map((p) => `${p.topic}-${p.partition}`).join(', ')}]. Commit offsets for the group, or set consumer.override.auto.offset.reset`,
      { javaClass: 'org.apache.kafka.clients.consumer.NoOffsetForPartitionException' },
    )
  if (typeof reset === 'string') return listOffsets(cluster, partitions, reset, isolation)
  const found = await listOffsets(cluster, partitions, { timestamp: Date.now() - reset.byDurationMs }, isolation)
  const none = found.filter(({ offset }) => offset < 0)
  const ends = none.length === 0 ? [] : await listOffsets(cluster, none, 'latest', isolation)
  return [...found.filter(({ offset }) => offset >= 0), ...ends]
}
