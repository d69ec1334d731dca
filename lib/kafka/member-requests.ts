/** The requests of a group's members (the classic protocol), and the consumer protocol's bytes in them. */
import type { WireRequest } from './cluster.ts'
import { byTopic, type PartitionAnswer, type TopicPartition } from './leader-calls.ts'
import { WireReader, WireWriter } from './wire.ts'

/** No answer of these has partitions. */
export interface MemberAnswer {
  readonly error: number
  readonly partitions: readonly PartitionAnswer[]
}

const NONE: MemberAnswer['partitions'] = []
/** `ConsumerProtocolSubscription` and `ConsumerProtocolAssignment`, understood by every version. */
const PROTOCOL_VERSION = 0

export interface JoinGroup {
  readonly group: string
  /** Empty for a new one, which gets its id with MEMBER_ID_REQUIRED (KIP-394). */
  readonly id: string
  readonly clientId: string
  readonly sessionMs: number
  readonly rebalanceMs: number
  readonly protocols: readonly string[]
  readonly subscription: Buffer
}

export interface Joined extends MemberAnswer {
  readonly generation: number
  readonly leader: string
  readonly id: string
  /** Of the leader's answer alone. */
  readonly members: readonly string[]
}

/** Answered when all members have joined, or their time for it is over. */
export function joinGroupRequest(join: JoinGroup): WireRequest<Joined> {
  return {
    apiKey: 11,
    apiVersion: 4,
    apiName: 'JoinGroup',
    clientId: join.clientId,
    encode: () =>
      new WireWriter(128 + join.subscription.length)
        .string(join.group)
        .int32(join.sessionMs)
        .int32(join.rebalanceMs)
        .string(join.id)
        .string('consumer')
        .array(join.protocols, (protocol, w) => w.string(protocol).bytes(join.subscription))
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      const error = reader.int16()
      const generation = reader.int32()
      reader.string()
      const leader = reader.string()
      const id = reader.string()
      const members = reader.array((r) => {
        const member = r.string()
        r.bytes()
        return member
      })
      return { error, generation, leader, id, members, partitions: NONE }
    },
  }
}

export interface Member {
  readonly group: string
  readonly generation: number
  readonly id: string
}

/** `assignments`: the leader's, by member; the others send none. */
export function syncGroupRequest(
  { group, generation, id }: Member,
  assignments: ReadonlyMap<string, Buffer>,
): WireRequest<MemberAnswer> {
  return {
    apiKey: 14,
    apiVersion: 2,
    apiName: 'SyncGroup',
    encode: () =>
      new WireWriter()
        .string(group)
        .int32(generation)
        .string(id)
        .array([...assignments], ([member, assignment], w) => w.string(member).bytes(assignment))
        .finish(),
    decode: errorAlone,
  }
}

export function heartbeatRequest({ group, generation, id }: Member): WireRequest<MemberAnswer> {
  return {
    apiKey: 12,
    apiVersion: 2,
    apiName: 'Heartbeat',
    encode: () => new WireWriter().string(group).int32(generation).string(id).finish(),
    decode: errorAlone,
  }
}

/** Of members that have left already nothing is said. */
export function leaveGroupRequest(group: string, ids: readonly string[]): WireRequest<MemberAnswer> {
  return {
    apiKey: 13,
    apiVersion: 3,
    apiName: 'LeaveGroup',
    encode: () =>
      new WireWriter()
        .string(group)
        .array(ids, (id, w) => w.string(id).string(null))
        .finish(),
    decode: errorAlone,
  }
}

function errorAlone(body: Buffer): MemberAnswer {
  return { error: new WireReader(body, 4).int16(), partitions: NONE }
}

export function subscription(topics: readonly string[], userData: string): Buffer {
  return new WireWriter()
    .int16(PROTOCOL_VERSION)
    .array(topics, (topic, w) => w.string(topic))
    .bytes(Buffer.from(userData))
    .finish()
}

export function assignment(partitions: readonly TopicPartition[]): Buffer {
  return new WireWriter()
    .int16(PROTOCOL_VERSION)
    .array(byTopic(partitions), ([topic, list], w) =>
      w.string(topic).array(list, ({ partition }) => w.int32(partition)),
    )
    .bytes(null)
    .finish()
}
