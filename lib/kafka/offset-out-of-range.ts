import { ConnectError } from '../connect/errors.ts'
import { listOffsets } from './admin.ts'
import type { Assigned } from './assignments.ts'
import type { ConsumerSettings } from './client-settings.ts'
import type { Cluster } from './cluster.ts'
import type { TopicPartition } from './leader-calls.ts'

export interface OutOfRange extends TopicPartition {
  readonly position: number
  readonly earliest: number
  readonly latest: number
}

/**
 * Positions that their partitions don't have (any more, or yet). The partitions are not fetched until `seek` or
 * `assign`: what to do is `auto.offset.reset`'s to say.
 */
export class OffsetOutOfRange extends ConnectError {
  readonly partitions: readonly OutOfRange[]

  constructor(partitions: readonly OutOfRange[]) {
    const list = partitions.map(
      (p) =>
        `offset ${p.position} of topic ${p.topic}, partition ${p.partition} (which has ${p.earliest} to ${p.latest})`,
    )
    super(`Fetch position out of range: ${list.join('; ')}`, {
      javaClass: 'org.apache.kafka.clients.consumer.OffsetOutOfRangeException',
    })
    this.partitions = partitions
  }
}

/** What there is of a partition that can't be fetched from where it stands. */
export async function lookUpRange(
  cluster: Cluster,
  { topic, partition, fetchFrom }: Pick<Assigned, 'topic' | 'partition' | 'fetchFrom'>,
  isolation: ConsumerSettings['isolationLevel'],
): Promise<OutOfRange | null> {
  const which = [{ topic, partition }]
  const [[first], [last]] = await Promise.all([
    listOffsets(cluster, which, 'earliest'),
    listOffsets(cluster, which, 'latest', isolation),
  ])
  if (first === undefined || last === undefined) return null
  return { topic, partition, position: fetchFrom, earliest: first.offset, latest: last.offset }
}
