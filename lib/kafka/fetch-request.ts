/** Fetch v11 without a session: the partitions of one broker, each from an offset. */
import type { WireRequest } from './cluster.ts'
import { byTopic, type TopicPartition } from './leader-calls.ts'
import { WireReader as Reader, type WireReader, WireWriter } from './wire.ts'

export interface FetchFrom extends TopicPartition {
  readonly offset: number
}

export interface FetchOptions {
  /** The answer waits for `minBytes`, but no longer than `maxWaitMs`. */
  readonly minBytes: number
  readonly maxWaitMs: number
  /** Of the answer, and of a partition in it; the first batch comes whole, whatever its size. */
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  readonly committedOnly: boolean
  readonly rack: string
  readonly timeoutMs: number
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface PartitionFetched extends TopicPartition {
  readonly error: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  /** In the order of their first offsets; empty unless `committedOnly`. */
  readonly aborted: readonly AbortedTransaction[]
  /** A node nearer than the leader to fetch from; -1 for none. */
  readonly preferredReplica: number
  /** A view of the response. Its last batch may be cut. */
  readonly records: Buffer
}

const NO_SESSION = 0
const OUTSIDE_SESSIONS = -1
const NOTHING = Buffer.alloc(0)

/** The broker fills its answer in the order of `partitions`. */
export function fetchRequest(
  partitions: readonly FetchFrom[],
  options: FetchOptions,
): WireRequest<readonly PartitionFetched[]> {
  return {
    apiKey: 1,
    apiVersion: 11,
    apiName: 'Fetch',
    timeoutMs: options.timeoutMs,
    encode: () =>
      new WireWriter(1024)
        .int32(-1)
        .int32(options.maxWaitMs)
        .int32(options.minBytes)
        .int32(options.maxBytes)
        .int8(options.committedOnly ? 1 : 0)
        .int32(NO_SESSION)
        .int32(OUTSIDE_SESSIONS)
        .array(byTopic(partitions), ([topic, among], writer) =>
          writer
            .string(topic)
            .array(among, ({ partition, offset }, w) =>
              w.int32(partition).int32(-1).int64(offset).int64(-1).int32(options.maxPartitionBytes),
            ),
        )
        .int32(0)
        .string(options.rack)
        .finish(),
    decode,
  }
}

/** An error of the whole response stands for each of its partitions: it has none then, so the caller asks again. */
function decode(body: Buffer): PartitionFetched[] {
  const reader = new Reader(body)
  reader.int32()
  reader.int16()
  reader.int32()
  return reader
    .array((r) => {
      const topic = r.string()
      return r.array(() => partitionFetched(topic, r))
    })
    .flat()
}

function partitionFetched(topic: string, reader: WireReader): PartitionFetched {
  const partition = reader.int32()
  const error = reader.int16()
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  reader.int64()
  const aborted = reader.array((r) => ({ producerId: r.int64(), firstOffset: r.int64() }))
  const preferredReplica = reader.int32()
  const records = reader.bytes() ?? NOTHING
  aborted.sort((a, b) => a.firstOffset - b.firstOffset)
  return { topic, partition, error, highWatermark, lastStableOffset, aborted, preferredReplica, records }
}
