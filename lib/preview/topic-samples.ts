/** The last records of a topic, as samples. Joins no group and commits nothing. */
import type { Budget } from '../connect/budget.ts'
import { listOffsets } from '../kafka/admin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { type Cluster, connect } from '../kafka/cluster.ts'
import { createConsumer, type Fetched } from '../kafka/consumer.ts'
import { readHeaders } from '../kafka/record-batch-decoder.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'
import type { FetchedSample } from './sample.ts'

/**
 * At most `limit` records, the youngest of all partitions, by time; fewer where offsets were compacted away. With the
 * connector's own consumer settings (`consumer.override.*`).
 */
export async function topicSamples(
  topic: string,
  limit: number,
  connector: Pick<ConnectorSettings, 'consumerOverrides'>,
  worker: Worker,
  time: Budget,
): Promise<readonly FetchedSample[]> {
  const { client, consumer: settings } = clientSettings(worker.raw, 'consumer', connector.consumerOverrides)
  const cluster = await connect(client)
  try {
    const ranges = await lastOffsets(cluster, topic, limit, settings.isolationLevel)
    const consumer = createConsumer(cluster, settings)
    consumer.assign(new Map([[topic, new Map([...ranges].map(([partition, { from }]) => [partition, from]))]]))
    const samples: FetchedSample[] = []
    while ([...ranges].some(([partition, { end }]) => consumer.position(topic, partition) < end)) {
      time.signal.throwIfAborted()
      for (const batch of await consumer.poll(1_000, time.signal))
        samples.push(...samplesOf(batch, ranges.get(batch.partition)?.end ?? 0))
    }
    await consumer.close()
    samples.sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0) || a.partition - b.partition || a.offset - b.offset)
    return samples.slice(-limit)
  } finally {
    await cluster.close()
  }
}

interface Range {
  readonly from: number
  readonly end: number
}

async function lastOffsets(
  cluster: Cluster,
  topic: string,
  limit: number,
  isolation: 'read_uncommitted' | 'read_committed',
): Promise<ReadonlyMap<number, Range>> {
  const { partitions } = await cluster.topic(topic)
  const all = partitions.map(({ partition }) => ({ topic, partition }))
  const [first, last] = await Promise.all([
    listOffsets(cluster, all, 'earliest', isolation),
    listOffsets(cluster, all, 'latest', isolation),
  ])
  const earliest = new Map(first.map(({ partition, offset }) => [partition, offset]))
  return new Map(
    last.map(({ partition, offset: end }) => [
      partition,
      { from: Math.max(earliest.get(partition) ?? 0, end - limit), end },
    ]),
  )
}

/** The batch's records before `end`. */
function samplesOf(batch: Fetched, end: number): FetchedSample[] {
  const { topic, partition, buffer, timestampType } = batch
  const samples: FetchedSample[] = []
  batch.forEach((offset, time, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
    if (offset >= end) return
    const key = keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd)
    const value = valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd)
    const headers = readHeaders(buffer, headersStart, headerCount)
    const timestamp = time < 0 ? null : time
    samples.push({ kind: 'fetched', topic, partition, offset, timestamp, timestampType, key, value, headers })
  })
  return samples
}
