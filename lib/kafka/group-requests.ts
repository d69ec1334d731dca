/** The requests about groups and their offsets. */
import type { WireRequest } from './cluster.ts'
import { byTopic, type PartitionAnswer, type TopicPartition } from './leader-calls.ts'
import { WireReader, WireWriter } from './wire.ts'

export interface GroupOffset extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: number
  /** Of the last record that was read; -1 or absent where unknown. */
  readonly leaderEpoch?: number
  readonly metadata?: string
}

export interface OffsetsAnswer<P extends PartitionAnswer> {
  readonly error: number
  readonly partitions: readonly P[]
}

function partitionsOf<A>(reader: WireReader, each: (topic: string, r: WireReader) => A): A[] {
  return reader
    .array((r) => {
      const topic = r.string()
      return r.array(() => each(topic, r))
    })
    .flat()
}

/** `partitions` null for all that have an offset. */
export function offsetFetchRequest(
  group: string,
  partitions: readonly TopicPartition[] | null,
): WireRequest<OffsetsAnswer<GroupOffset & PartitionAnswer>> {
  return {
    apiKey: 9,
    apiVersion: 5,
    apiName: 'OffsetFetch',
    encode: () =>
      new WireWriter()
        .string(group)
        .array(partitions === null ? null : byTopic(partitions), ([topic, list], w) =>
          w.string(topic).array(list, ({ partition }) => w.int32(partition)),
        )
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      const list = partitionsOf(reader, (topic, r) => ({
        topic,
        partition: r.int32(),
        offset: r.int64(),
        leaderEpoch: r.int32(),
        metadata: r.string(),
        error: r.int16(),
      }))
      return { partitions: list, error: reader.int16() }
    },
  }
}

/** Who commits. */
export interface Committer {
  /** The group's. */
  readonly generation: number
  readonly id: string
}

/** No member: only while the group has none. */
export const NO_MEMBER: Committer = { generation: -1, id: '' }

export function offsetCommitRequest(
  group: string,
  offsets: readonly GroupOffset[],
  by: Committer,
): WireRequest<OffsetsAnswer<PartitionAnswer>> {
  return {
    apiKey: 8,
    apiVersion: 7,
    apiName: 'OffsetCommit',
    encode: () =>
      new WireWriter(64 + offsets.length * 32)
        .string(group)
        .int32(by.generation)
        .string(by.id)
        .string(null)
        .array(byTopic(offsets), ([topic, list], w) =>
          w
            .string(topic)
            .array(list, ({ partition, offset, leaderEpoch = -1, metadata = '' }) =>
              w.int32(partition).int64(offset).int32(leaderEpoch).string(metadata),
            ),
        )
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      const partitions = partitionsOf(reader, (topic, r) => ({ topic, partition: r.int32(), error: r.int16() }))
      return { error: 0, partitions }
    },
  }
}

export function offsetDeleteRequest(
  group: string,
  partitions: readonly TopicPartition[],
): WireRequest<OffsetsAnswer<PartitionAnswer>> {
  return {
    apiKey: 47,
    apiVersion: 0,
    apiName: 'OffsetDelete',
    encode: () =>
      new WireWriter()
        .string(group)
        .array(byTopic(partitions), ([topic, list], w) =>
          w.string(topic).array(list, ({ partition }) => w.int32(partition)),
        )
        .finish(),
    decode(body) {
      const reader = new WireReader(body)
      const error = reader.int16()
      reader.int32()
      const list = partitionsOf(reader, (topic, r) => ({ topic, partition: r.int32(), error: r.int16() }))
      return { error, partitions: list }
    },
  }
}

export function deleteGroupRequest(group: string): WireRequest<OffsetsAnswer<PartitionAnswer>> {
  return {
    apiKey: 42,
    apiVersion: 1,
    apiName: 'DeleteGroups',
    encode: () => new WireWriter().array([group], (name, w) => w.string(name)).finish(),
    decode(body) {
      const [answer] = new WireReader(body, 4).array((r) => ({ group: r.string(), error: r.int16() }))
      return { error: answer?.error ?? 0, partitions: [] }
    },
  }
}

export interface GroupState {
  readonly error: number
  /** `Empty`, `Stable`, `PreparingRebalance`, ...; `Dead` for a group that isn't there. */
  readonly state: string
  readonly members: number
}

export interface ClassicGroupState extends GroupState {
  /** `consumer`, `connect`, ... */
  readonly protocolType: string
  readonly clients: readonly GroupClient[]
}

export interface GroupClient {
  /** As a member. */
  readonly id: string
  readonly host: string
  /** What it joined with, in its protocol's form; empty while the group rebalances. */
  readonly metadata: Buffer
}

export function describeGroupRequest(group: string): WireRequest<ClassicGroupState> {
  return {
    apiKey: 15,
    apiVersion: 4,
    apiName: 'DescribeGroups',
    encode: () =>
      new WireWriter()
        .array([group], (name, w) => w.string(name))
        .boolean(false)
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 8)
      const error = reader.int16()
      reader.string()
      const state = reader.string()
      const protocolType = reader.string()
      reader.string()
      const clients = reader.array((r): GroupClient => {
        const id = r.string()
        r.nullableString()
        r.string()
        const host = r.string()
        const metadata = r.bytes() ?? Buffer.alloc(0)
        r.bytes()
        return { id, host, metadata }
      })
      return { error, state, protocolType, clients, members: clients.length }
    },
  }
}

export const CONSUMER_GROUP_DESCRIBE = 69

/**
 * Groups of the consumer protocol (KIP-848), which DescribeGroups takes for dead. A flexible version: the first byte of
 * body and answer is the end of the header, with no tagged fields.
 */
export function describeConsumerGroupRequest(group: string): WireRequest<GroupState> {
  return {
    apiKey: CONSUMER_GROUP_DESCRIBE,
    apiVersion: 0,
    apiName: 'ConsumerGroupDescribe',
    encode: () => {
      const name = Buffer.from(group)
      return new WireWriter()
        .int8(0)
        .varint(2)
        .varint(name.length + 1)
        .raw(name)
        .boolean(false)
        .int8(0)
        .finish()
    },
    decode(body) {
      const reader = new WireReader(body, 5)
      reader.varint()
      const error = reader.int16()
      reader.compactString()
      reader.compactString()
      const state = reader.compactString() ?? ''
      reader.int32()
      reader.int32()
      reader.compactString()
      return { error, state, members: reader.varint() - 1 }
    },
  }
}

export interface ListedGroup {
  readonly group: string
  /** `consumer`, `connect`, ...; empty for one that only keeps offsets. */
  readonly protocolType: string
}

export const listGroupsRequest: WireRequest<{ readonly error: number; readonly groups: readonly ListedGroup[] }> = {
  apiKey: 16,
  apiVersion: 2,
  apiName: 'ListGroups',
  encode: () => Buffer.alloc(0),
  decode(body) {
    const reader = new WireReader(body, 4)
    const error = reader.int16()
    return { error, groups: reader.array((r) => ({ group: r.string(), protocolType: r.string() })) }
  },
}
