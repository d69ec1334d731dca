/** What a topic holds, read by kafkajs's own consumer: another reader than the one under test. */
import { Kafka, logLevel } from 'kafkajs'
import { parseLogLine } from '../../lib/observe/log-line.ts'

export interface Read {
  readonly partition: number
  readonly offset: number
  /** Epoch ms. */
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** All committed records (read_committed), by partition and offset. */
export async function readTopic(bootstrap: string, topic: string): Promise<Read[]> {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map((one) => [one.partition, Number(one.high)]))
  await admin.disconnect()
  const records: Read[] = []
  const waiting = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition))
  if (waiting.size === 0) return records
  const consumer = kafka.consumer({ groupId: `reader-${Math.random().toString(36).slice(2)}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (Number(payload.lastOffset) + 1 >= (ends.get(payload.partition) ?? 0)) waiting.delete(payload.partition)
      if (waiting.size === 0) resolve()
    })
    // A partition that ends with markers alone brings no batch: what has been quiet for 3 s has been read.
    let quiet = setTimeout(resolve, 15_000)
    consumer
      .run({
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          clearTimeout(quiet)
          quiet = setTimeout(resolve, 3_000)
          for (const { offset, timestamp, key, value, headers } of batch.messages)
            records.push({
              partition: batch.partition,
              offset: Number(offset),
              timestamp: Number(timestamp),
              key: key?.toString() ?? null,
              value: value?.toString() ?? null,
              headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, of]) => [name, String(of)])),
            })
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/**
 * Between the last records of a slice and the first ones of the next, in ms, ascending: from the log of the slices. After
 * a slice that didn't end by itself there is none.
 */
export function handOverGaps(log: string, connector: string): number[] {
  const lines = log.split('\n').flatMap((text) => parseLogLine(text) ?? [])
  const slices = lines
    .filter((line) => line.message === 'slice ended' && line['end'] === 'again')
    .filter((line) => line.connector === connector && line.task === 0 && typeof line['first'] === 'number')
    .map(({ epoch = 0, ...line }) => ({ epoch, first: Number(line['first']), last: Number(line['last']) }))
  return slices
    .flatMap(({ epoch, first }, i) => {
      const before = slices[i - 1]
      return before?.epoch === epoch - 1 ? [first - before.last] : []
    })
    .sort((a, b) => a - b)
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
