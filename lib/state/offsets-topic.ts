/** The offsets topic, read uncommitted and with the ends of transactions. */
import type { Cluster } from '../kafka/cluster.ts'
import type { EncodedRecord } from './config-records.ts'
import { readTopic, topicEnds } from './log.ts'
import { LogWriter } from './log-writer.ts'
import { type OffsetBatch, offsetBatch } from './offset-tail.ts'

export interface OffsetsTopic {
  readonly topic: string
  /** Offset of the next record of each partition. */
  ends(): Promise<number[]>
  /** Visits what is between the positions, some batches beyond included; of records those whose key begins so. */
  read(
    from: readonly number[],
    to: readonly number[],
    prefix: string,
    visit: (batch: OffsetBatch) => void,
  ): Promise<void>
  /** Outside of transactions; durable when it resolves. */
  append(records: readonly EncodedRecord[]): Promise<void>
  close(): Promise<void>
}

const DELIVERY_MS = 15_000

/** `writes`: where `append` goes by other client settings than what is read. */
export function openOffsetsTopic(cluster: Cluster, topic: string, writes = cluster): OffsetsTopic {
  const writer = new LogWriter(writes, topic, DELIVERY_MS)
  return {
    topic,
    ends: () => topicEnds(cluster, topic, 'read_uncommitted'),
    read(from, to, prefix, visit) {
      const bytes = Buffer.from(prefix)
      const options = { isolation: 'read_uncommitted', control: true } as const
      return readTopic(cluster, topic, from, to, options, (fetched) => visit(offsetBatch(fetched, bytes)))
    },
    append: async (records) => void (await writer.append(records)),
    close: () => writer.close(),
  }
}
