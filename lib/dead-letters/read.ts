/** Reads a connector's dead letters. Joins no group and commits nothing. */
import type { Budget } from '../connect/budget.ts'
import { listOffsets } from '../kafka/admin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createConsumer } from '../kafka/consumer.ts'
import type { Worker } from '../worker/settings.ts'
import { type DeadLetter, lettersOf } from './letter.ts'

export interface Range {
  readonly partition: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** Where letters are, by partition; empty where the topic isn't there. */
export async function letterRanges(cluster: Cluster, topic: string): Promise<Range[]> {
  const found = (await cluster.topics([topic], { refresh: true })).get(topic)
  if (found === undefined) return []
  const all = found.partitions.map(({ partition }) => ({ topic, partition }))
  const [first, last] = await Promise.all([
    listOffsets(cluster, all, 'earliest'),
    listOffsets(cluster, all, 'latest', 'read_committed'),
  ])
  const starts = new Map(first.map(({ partition, offset }) => [partition, offset]))
  return last
    .map(({ partition, offset }) => ({ partition, from: starts.get(partition) ?? 0, to: offset }))
    .sort((a, b) => a.partition - b.partition)
}

/**
 * The letters of these ranges, batch by batch, in order within a partition; those of other connectors that share the
 * topic too. Ends early where the budget does.
 */
export async function* readLetters(
  cluster: Cluster,
  worker: Worker,
  topic: string,
  ranges: readonly Range[],
  time: Budget,
): AsyncGenerator<readonly DeadLetter[]> {
  const asked = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [range.partition, range]))
  if (asked.size === 0) return
  const { consumer: settings } = clientSettings(worker.raw, 'consumer')
  // Letters of a source are in its transactions.
  const consumer = createConsumer(cluster, { ...settings, isolationLevel: 'read_committed' })
  try {
    consumer.assign(new Map([[topic, new Map([...asked.values()].map(({ partition, from }) => [partition, from]))]]))
    const isOpen = () => [...asked.values()].some(({ partition, to }) => consumer.position(topic, partition) < to)
    while (isOpen() && !time.signal.aborted) {
      for (const batch of await consumer.poll(1_000, time.signal)) {
        const { to } = asked.get(batch.partition) as Range
        const letters = lettersOf(batch).filter(({ offset }) => offset < to)
        if (letters.length > 0) yield letters
      }
    }
  } finally {
    await consumer.close()
  }
}

/** Whether the letter is the connector's; one without context is everybody's who has the topic. */
export function isOf({ context }: DeadLetter, connector: string): boolean {
  return context.connector === null || context.connector === connector
}
