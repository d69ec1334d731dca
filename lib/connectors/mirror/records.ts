/**
 * The records that MirrorMaker keeps for itself, byte for byte: `Heartbeat`, `Checkpoint` and `OffsetSync`. Offsets are
 * numbers, times epoch ms.
 */
import type { TopicPartition } from '../../kafka/admin.ts'
import { WireReader, WireWriter } from '../../kafka/wire.ts'

const VERSION = 0

export interface KeyAndValue {
  readonly key: Buffer
  readonly value: Buffer
}

export function heartbeat(source: string, target: string, timestamp: number): KeyAndValue {
  return {
    key: new WireWriter().string(source).string(target).finish(),
    value: new WireWriter().int16(VERSION).int64(timestamp).finish(),
  }
}

/** A group has read `upstreamOffset` of a partition, which stands at `downstreamOffset` of its copy. */
export interface Checkpoint extends TopicPartition {
  readonly group: string
  readonly upstreamOffset: number
  readonly downstreamOffset: number
  readonly metadata: string
}

export function encodeCheckpoint(checkpoint: Checkpoint): KeyAndValue {
  const { group, topic, partition, upstreamOffset, downstreamOffset, metadata } = checkpoint
  return {
    key: new WireWriter().string(group).string(topic).int32(partition).finish(),
    value: new WireWriter().int16(VERSION).int64(upstreamOffset).int64(downstreamOffset).string(metadata).finish(),
  }
}

/** Null for what isn't one. */
export function decodeCheckpoint({ key, value }: KeyAndValue): Checkpoint | null {
  return read(() => {
    const [keys, values] = [new WireReader(key), new WireReader(value)]
    const place = { group: keys.string(), topic: keys.string(), partition: keys.int32() }
    if (values.int16() !== VERSION) return null
    return {
      ...place,
      upstreamOffset: values.int64(),
      downstreamOffset: values.int64(),
      metadata: values.string(),
    }
  })
}

/** The record at `upstreamOffset` of a partition is at `downstreamOffset` of its copy. */
export interface OffsetSync extends TopicPartition {
  readonly upstreamOffset: number
  readonly downstreamOffset: number
}

export function encodeOffsetSync({ topic, partition, upstreamOffset, downstreamOffset }: OffsetSync): KeyAndValue {
  return {
    key: new WireWriter().string(topic).int32(partition).finish(),
    value: new WireWriter().int64(upstreamOffset).int64(downstreamOffset).finish(),
  }
}

/** Null for what isn't one. */
export function decodeOffsetSync({ key, value }: KeyAndValue): OffsetSync | null {
  return read(() => {
    const [keys, values] = [new WireReader(key), new WireReader(value)]
    const place = { topic: keys.string(), partition: keys.int32() }
    return { ...place, upstreamOffset: values.int64(), downstreamOffset: values.int64() }
  })
}

function read<T>(decode: () => T | null): T | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
