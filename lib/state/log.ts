/** A topic as a log of texts: read from positions up to an end, written to with confirmation. */
import type { Budget } from '../connect/budget.ts'
import { RetriableError } from '../connect/errors.ts'
import { listOffsets } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createConsumer, type Fetched, type FetchSettings, OffsetOutOfRange } from '../kafka/consumer.ts'
import { partitionOfKey } from '../kafka/partitioner.ts'
import type { EncodedRecord } from './config-records.ts'
import { LogWriter, type Written } from './log-writer.ts'

export type Isolation = 'read_uncommitted' | 'read_committed'

export interface LogRecord {
  readonly partition: number
  readonly position: number
  /** Epoch ms. */
  readonly timestamp: number
  readonly key: string
  /** Null: a tombstone. */
  readonly value: string | null
}

export interface TopicLog {
  readonly topic: string
  /** Offset of the next record of each partition: the last stable one where the log is read committed. */
  ends(): Promise<number[]>
  /** From positions up to ends; in the order of each partition. Waits a little where an end isn't stable yet. */
  read(from: readonly number[], to: readonly number[]): Promise<LogRecord[]>
  /** Records of one key, from now on. */
  watch(key: string): Promise<KeyWatch>
  /** Durable when it resolves, in order; answers where each record is. Rejects where some may be, or come to be. */
  append(records: readonly EncodedRecord[]): Promise<Written[]>
  /** Connects for appends. */
  open(): Promise<void>
  close(): Promise<void>
}

export interface KeyWatch {
  /** True once there is one with such a value; false where the budget ends before. */
  until(isIt: (value: string | null) => boolean, budget: Budget): Promise<boolean>
}

/** `deliveryMs`: when an append that isn't acknowledged is given up. */
export function openLog(cluster: Cluster, topic: string, isolation: Isolation, deliveryMs: number): TopicLog {
  const writer = new LogWriter(cluster, topic, deliveryMs)
  return {
    topic,
    ends: () => topicEnds(cluster, topic, isolation),
    async read(from, to) {
      const records: LogRecord[] = []
      await readTopic(cluster, topic, from, to, { isolation }, (batch) => {
        const { buffer, partition } = batch
        batch.forEach((position, timestamp, keyStart, keyEnd, valueStart, valueEnd) => {
          if (keyEnd < 0 || position >= (to[partition] ?? 0)) return
          const key = buffer.toString('utf8', keyStart, keyEnd)
          const value = valueEnd < 0 ? null : buffer.toString('utf8', valueStart, valueEnd)
          records.push({ partition, position, timestamp, key, value })
        })
      })
      return records
    },
    watch: (key) => watchKey(cluster, topic, isolation, key),
    append: (records) => writer.append(records),
    open: () => writer.open(),
    close: () => writer.close(),
  }
}

/** How long a fetch of a watch waits, in ms: another one may stand behind it. */
const WATCH_FETCH_MS = 20
/** The budget's end is what ends a poll: one that may not wait at all would never let it come. */
const WATCH_POLL_MS = 1_000

async function watchKey(cluster: Cluster, topic: string, isolationLevel: Isolation, key: string): Promise<KeyWatch> {
  const wanted = Buffer.from(key)
  const { partitions } = await cluster.topic(topic)
  const partition = partitionOfKey(wanted, partitions.length)
  const [end] = await listOffsets(cluster, [{ topic, partition }], 'latest', isolationLevel)
  return {
    async until(isIt, budget) {
      const consumer = createConsumer(cluster, { ...FETCH, fetchMaxWaitMs: WATCH_FETCH_MS, isolationLevel })
      consumer.assign(new Map([[topic, new Map([[partition, end?.offset ?? 0]])]]))
      let found = false
      try {
        while (!found && !budget.signal.aborted)
          for (const batch of await consumer.poll(WATCH_POLL_MS, budget.signal))
            batch.forEach((_position, _timestamp, keyStart, keyEnd, valueStart, valueEnd) => {
              if (keyEnd < 0 || !batch.buffer.subarray(keyStart, keyEnd).equals(wanted)) return
              found ||= isIt(valueEnd < 0 ? null : batch.buffer.toString('utf8', valueStart, valueEnd))
            })
      } finally {
        await consumer.close()
      }
      return found
    },
  }
}

/** By partition: the high watermark, or the last stable offset of what is read committed. */
export async function topicEnds(cluster: Cluster, topic: string, isolation: Isolation): Promise<number[]> {
  const { partitions } = await cluster.topic(topic)
  const which = partitions.map(({ partition }) => ({ topic, partition }))
  const ends = new Array<number>(which.length).fill(0)
  for (const { partition, offset } of await listOffsets(cluster, which, 'latest', isolation)) ends[partition] = offset
  return ends
}

export interface ReadTopic {
  readonly isolation: Isolation
  /** Whether the ends of transactions are visited too. */
  readonly control?: boolean
}

/** Without anything new for so long, in ms, the end is out of reach. */
const PATIENCE_MS = 4_000
const POLL_MS = 20

/** Visits what the topic has between the positions, some batches beyond included. */
export async function readTopic(
  cluster: Cluster,
  topic: string,
  from: readonly number[],
  to: readonly number[],
  { isolation, control = false }: ReadTopic,
  visit: (batch: Fetched) => void,
): Promise<void> {
  const start = (partition: number) => from[partition] ?? 0
  const left = new Set([...to.keys()].filter((partition) => start(partition) < (to[partition] ?? 0)))
  if (left.size === 0) return
  const consumer = createConsumer(cluster, { ...FETCH, isolationLevel: isolation }, { control })
  const reached = (partition: number) => consumer.position(topic, partition) >= (to[partition] ?? 0)
  consumer.assign(new Map([[topic, new Map([...left].map((partition) => [partition, start(partition)]))]]))
  try {
    let moved = Date.now()
    let before = -1
    while (left.size > 0) {
      for (const batch of await poll()) visit(batch)
      for (const partition of left) if (reached(partition)) left.delete(partition)
      const sum = [...left].reduce((total, partition) => total + consumer.position(topic, partition), left.size)
      if (sum !== before) moved = Date.now()
      else if (Date.now() - moved > PATIENCE_MS) throw outOfReach(topic, [...left], isolation)
      before = sum
    }
  } finally {
    await consumer.close()
  }

  async function poll(): Promise<readonly Fetched[]> {
    try {
      return await consumer.poll(POLL_MS)
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error
      for (const { partition, position, earliest, latest } of error.partitions) {
        if (position > latest) throw error
        consumer.seek(topic, partition, earliest)
      }
      return []
    }
  }
}

/** The end is known, so nothing is worth waiting for: the next fetch would stand behind one that waits. */
const FETCH: Omit<FetchSettings, 'isolationLevel'> = {
  fetchMinBytes: 1,
  fetchMaxWaitMs: 2,
  fetchMaxBytes: 52_428_800,
  maxPartitionFetchBytes: 1_048_576,
  checkCrcs: true,
  rack: '',
}

function outOfReach(topic: string, partitions: readonly number[], isolation: Isolation): RetriableError {
  const where = `topic ${topic}, partition ${partitions.join(', ')}`
  const why = isolation === 'read_committed' ? 'a transaction is open there, or the broker does not answer' : ''
  return new RetriableError(
    `The end of ${where} was not reached within ${PATIENCE_MS / 1_000} s${why === '' ? '' : `: ${why}`}`,
  )
}
