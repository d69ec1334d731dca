/** Where a sink's group stands, and how far that is from the ends of its topics. */
import { listOffsets } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { committed, members } from '../kafka/groups.ts'

export interface SinkPosition {
  readonly topic: string
  readonly partition: number
  /** Of the next record to read. */
  readonly offset: number
  /** Null: the topic is gone. */
  readonly lag: number | null
}

export interface SinkProgress {
  readonly group: string
  /** Consumers that are in it, but for those that stand for Penstock's tasks: nobody else may commit. */
  readonly members: number
  readonly positions: readonly SinkPosition[]
}

export async function sinkProgress(cluster: Cluster, group: string): Promise<SinkProgress> {
  const [offsets, { members: count, standIns }] = await Promise.all([
    committed(cluster, group),
    members(cluster, group),
  ])
  const topics = await cluster.topics([...new Set(offsets.map(({ topic }) => topic))], { refresh: true })
  const there = offsets.filter(({ topic, partition }) => partition < (topics.get(topic)?.partitions.length ?? 0))
  const ends = new Map<string, number>()
  for (const { topic, partition, offset } of await listOffsets(cluster, there, 'latest', 'read_uncommitted'))
    ends.set(`${topic}-${partition}`, offset)
  const positions = offsets.map(({ topic, partition, offset }): SinkPosition => {
    const end = ends.get(`${topic}-${partition}`)
    return { topic, partition, offset, lag: end === undefined ? null : Math.max(0, end - offset) }
  })
  positions.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
  return { group, members: count - standIns.length, positions }
}
