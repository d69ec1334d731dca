/** Produce v7: batches of several partitions to the broker that leads them. */
import type { WireRequest } from './cluster.ts'
import { WireReader } from './wire.ts'

export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

export interface ProduceOptions {
  readonly transactionalId: string | null
  readonly acks: -1 | 1
  /** For the broker's wait for its replicas, and for ours. */
  readonly timeoutMs: number
  /** A buffer for the request, in use until its answer. */
  readonly take: (size: number) => Buffer
}

export interface Produced {
  readonly topic: string
  readonly partition: number
  readonly error: number
  /** -1 where the broker can't tell. */
  readonly baseOffset: number
}

/** At most one batch for a partition. */
export function produceRequest(
  batches: readonly PartitionBatch[],
  options: ProduceOptions,
): WireRequest<readonly Produced[]> {
  const byTopic = Map.groupBy(batches, ({ topic }) => topic)
  return {
    apiKey: 0,
    apiVersion: 7,
    apiName: 'Produce',
    timeoutMs: options.timeoutMs,
    encode: () => encode(byTopic, options),
    decode,
  }
}

function encode(byTopic: ReadonlyMap<string, readonly PartitionBatch[]>, options: ProduceOptions): Buffer {
  const { transactionalId, acks, timeoutMs } = options
  let size = 12 + (transactionalId === null ? 0 : Buffer.byteLength(transactionalId))
  for (const [topic, batches] of byTopic) {
    size += 6 + Buffer.byteLength(topic)
    for (const { bytes } of batches) size += 8 + bytes.length
  }
  const buffer = options.take(size)
  let at = writeString(buffer, 0, transactionalId)
  at = buffer.writeInt16BE(acks, at)
  at = buffer.writeInt32BE(timeoutMs, at)
  at = buffer.writeInt32BE(byTopic.size, at)
  for (const [topic, batches] of byTopic) {
    at = writeString(buffer, at, topic)
    at = buffer.writeInt32BE(batches.length, at)
    for (const { partition, bytes } of batches) {
      at = buffer.writeInt32BE(partition, at)
      at = buffer.writeInt32BE(bytes.length, at)
      buffer.set(bytes, at)
      at += bytes.length
    }
  }
  return buffer.subarray(0, at)
}

function writeString(buffer: Buffer, at: number, text: string | null): number {
  const length = text === null ? -1 : buffer.write(text, at + 2)
  buffer.writeInt16BE(length, at)
  return at + 2 + Math.max(0, length)
}

function decode(body: Buffer): Produced[] {
  const reader = new WireReader(body)
  return reader
    .array((r) => {
      const topic = r.string()
      return r.array(() => {
        const partition = r.int32()
        const error = r.int16()
        const baseOffset = r.int64()
        r.int64()
        r.int64()
        return { topic, partition, error, baseOffset }
      })
    })
    .flat()
}
