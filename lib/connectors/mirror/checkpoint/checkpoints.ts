/** The checkpoints of a task's groups: those that are known, and what offsets of groups make of them. */
import type { TopicPartition } from '../../../kafka/admin.ts'
import type { GroupOffset } from '../../../kafka/groups.ts'
import type { NameFilter } from '../name-filter.ts'
import type { Checkpoint } from '../records.ts'
import type { ReplicationPolicy } from '../replication-policy.ts'
import type { OffsetSyncStore } from './offset-sync-store.ts'

export interface Translation {
  readonly syncs: OffsetSyncStore
  readonly isTopic: NameFilter
  /** What a topic of the source cluster is called on the target cluster. */
  remoteTopic(topic: string): string
}

/** A topic that came from the target cluster is there under the name that it began with. */
export function remoteNames(policy: ReplicationPolicy, target: string): Translation['remoteTopic'] {
  return (topic) => (policy.topicSource(topic) === target ? policy.originalTopic(topic) : policy.remoteTopic(topic))
}

export class Checkpoints {
  /** By group, and topic and partition of the target cluster. */
  readonly #last = new Map<string, Map<string, Checkpoint>>()

  keep(checkpoint: Checkpoint): void {
    const { group } = checkpoint
    const known = this.#last.get(group) ?? new Map<string, Checkpoint>()
    this.#last.set(group, known.set(placeOf(checkpoint), checkpoint))
  }

  of(group: string): readonly Checkpoint[] {
    return [...(this.#last.get(group)?.values() ?? [])]
  }

  /** Those that are new, and keeps them. */
  advance(group: string, offsets: readonly GroupOffset[], translation: Translation): Checkpoint[] {
    const { syncs, isTopic, remoteTopic } = translation
    return offsets.flatMap(({ topic, partition, offset, metadata = '' }): Checkpoint[] => {
      if (!isTopic(topic)) return []
      const downstreamOffset = syncs.translate({ topic, partition }, offset) ?? -1
      if (downstreamOffset < 0) return []
      const place = { group, topic: remoteTopic(topic), partition }
      const checkpoint = { ...place, upstreamOffset: offset, downstreamOffset, metadata }
      if (!this.#isNews(checkpoint)) return []
      this.keep(checkpoint)
      return [checkpoint]
    })
  }

  /** Downstream offsets only grow, unless the group itself has gone back. */
  #isNews(checkpoint: Checkpoint): boolean {
    const last = this.#last.get(checkpoint.group)?.get(placeOf(checkpoint))
    if (last === undefined || checkpoint.upstreamOffset < last.upstreamOffset) return true
    return checkpoint.downstreamOffset > last.downstreamOffset
  }
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
