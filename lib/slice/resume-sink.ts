/** Where a sink task goes on: the group's offsets, and what `auto.offset.reset` says of partitions without one. */
import type { Durable } from '../connect/plugin.ts'
import type { OffsetReset } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { committed, type GroupOffset } from '../kafka/groups.ts'
import type { Resumed } from '../pipeline/kept-positions.ts'
import { startPositions, type TopicPartition } from '../pipeline/start-positions.ts'
import type { Assignment } from '../worker/assignment.ts'
import { isCopy, isReset } from '../worker/sink-positions.ts'

export interface ResumeSink {
  readonly cluster: Cluster
  /** Stores the offsets. */
  readonly group: string
  readonly assignment: Assignment
  readonly reset: OffsetReset
  readonly isolation: 'read_uncommitted' | 'read_committed'
  /** The last commit is long ago: once more, before the broker forgets it. */
  readonly renew: boolean
  /** Stores offsets of the group. */
  commit(offsets: readonly GroupOffset[]): Promise<void>
}

/**
 * By the owner only. Positions that the group didn't have are committed at once: else `auto.offset.reset=latest` and a
 * first slice without records would lose what comes before the second.
 */
export async function resumeSink(sink: ResumeSink): Promise<Map<string, Map<number, number>>> {
  const { cluster, assignment, reset, isolation, renew } = sink
  const before = (await committedOf(sink)).filter((offset) => !isReset(offset))
  const positions = await startPositions({ cluster, assignment, committed: before, reset, isolation })
  const known = new Set(before.map(({ topic, partition }) => `${topic}-${partition}`))
  const due = [...positions].flatMap(([topic, offsets]) =>
    [...offsets]
      .filter(([partition]) => renew || !known.has(`${topic}-${partition}`))
      .map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1, metadata: '' })),
  )
  if (due.length > 0) await sink.commit(due)
  return positions
}

/**
 * Of a sink that keeps its positions in its target: those that the target holds, but for partitions whose offsets
 * somebody has set in the group, or taken away, since.
 */
export async function resumeKept(sink: ResumeSink, held: Durable): Promise<Resumed> {
  const { cluster, assignment, reset, isolation } = sink
  const partitions = partitionsOf(assignment)
  const group = await committedOf(sink)
  const ownOf = ({ topic, partition }: TopicPartition) =>
    group.find((one) => one.topic === topic && one.partition === partition)
  const offsets = partitions.flatMap(({ topic, partition }) => {
    const own = ownOf({ topic, partition })
    if (own !== undefined && isReset(own)) return []
    const kept = held.get(topic)?.get(partition)
    const offset = own === undefined || isCopy(own) ? (kept ?? own?.offset) : own.offset
    return offset === undefined ? [] : [{ topic, partition, offset }]
  })
  const positions = await startPositions({ cluster, assignment, committed: offsets, reset, isolation })
  const uncopied = partitions.flatMap(({ topic, partition }) => {
    const own = ownOf({ topic, partition })
    const offset = positions.get(topic)?.get(partition)
    return offset === undefined || (own !== undefined && isCopy(own)) ? [] : [{ topic, partition, offset }]
  })
  return { positions, uncopied }
}

function committedOf({ cluster, group, assignment }: ResumeSink): Promise<readonly GroupOffset[]> {
  return committed(cluster, group, partitionsOf(assignment))
}

export function partitionsOf(assignment: Assignment): TopicPartition[] {
  return [...assignment].flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition })))
}
