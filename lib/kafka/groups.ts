/** Groups as stores of offsets: read and written straight at the coordinator. */
import type { Cluster, WireRequest } from './cluster.ts'
import { CODES, failOn } from './codes.ts'
import { askCoordinator } from './group-coordinator.ts'
import {
  CONSUMER_GROUP_DESCRIBE,
  type Committer,
  deleteGroupRequest,
  describeConsumerGroupRequest,
  describeGroupRequest,
  type GroupClient,
  type GroupOffset,
  type GroupState,
  type ListedGroup,
  listGroupsRequest,
  NO_MEMBER,
  offsetCommitRequest,
  offsetDeleteRequest,
  offsetFetchRequest,
} from './group-requests.ts'
import type { TopicPartition } from './leader-calls.ts'
import { connectorOf } from './stand-in-mark.ts'
import { WireReader } from './wire.ts'

export type { Committer, GroupOffset, ListedGroup } from './group-requests.ts'

/** The committed offsets; partitions without one are absent. All of the group's unless `partitions` names some. */
export async function committed(
  cluster: Cluster,
  group: string,
  partitions: readonly TopicPartition[] | null = null,
): Promise<GroupOffset[]> {
  const answer = await askCoordinator(cluster, group, 'Reading the offsets', offsetFetchRequest(group, partitions))
  return answer.partitions
    .filter(({ offset }) => offset >= 0)
    .map(({ topic, partition, offset, leaderEpoch = -1, metadata = '' }) => {
      return { topic, partition, offset, leaderEpoch, metadata }
    })
}

/** Commits offsets. While the group has members, only one of them may: `isRefused` of the rejection then. */
export async function commit(
  cluster: Cluster,
  group: string,
  offsets: readonly GroupOffset[],
  by: Committer = NO_MEMBER,
): Promise<void> {
  if (offsets.length === 0) return
  await askCoordinator(cluster, group, 'Committing offsets', offsetCommitRequest(group, offsets, by))
}

/**
 * Removes the offsets of partitions, or the group with all of its offsets. What isn't there is no error. Rejects while
 * the group has members.
 */
export async function remove(
  cluster: Cluster,
  group: string,
  partitions: readonly TopicPartition[] | 'all',
): Promise<void> {
  const request = partitions === 'all' ? deleteGroupRequest(group) : offsetDeleteRequest(group, partitions)
  const absent = [CODES.GROUP_ID_NOT_FOUND, CODES.UNKNOWN_TOPIC_OR_PARTITION]
  await askCoordinator(cluster, group, 'Removing offsets', request, absent)
}

export interface Members {
  /** `Empty`, `Stable`, `PreparingRebalance`, ...; `Dead` for a group that isn't there. */
  readonly state: string
  readonly members: number
  /** Those of them that stand for sink tasks (`lib/kafka/stand-ins.ts`). Only a stable group tells. */
  readonly standIns: readonly { readonly id: string; readonly connector: string }[]
}

/** Who is in the group, of either protocol. */
export async function members(cluster: Cluster, group: string): Promise<Members> {
  const absent = [CODES.GROUP_ID_NOT_FOUND]
  const what = 'Describing the members'
  const classic = await askCoordinator(cluster, group, what, whole(describeGroupRequest(group)), absent)
  if (classic.state !== 'Dead' || cluster.maxVersion(CONSUMER_GROUP_DESCRIBE) === undefined) {
    const standIns = classic.clients.flatMap(({ id, metadata }) => {
      const connector = connectorOf(metadata)
      return connector === null ? [] : [{ id, connector }]
    })
    return { state: classic.state, members: classic.members, standIns }
  }
  const newer = await askCoordinator(cluster, group, what, whole(describeConsumerGroupRequest(group)), absent)
  const { state, members: count } = newer.error === 0 ? newer : { state: 'Dead', members: 0 }
  return { state, members: count, standIns: [] }
}

function whole<T extends GroupState>(request: WireRequest<T>): WireRequest<T & { readonly partitions: readonly [] }> {
  return { ...request, decode: (body) => ({ ...request.decode(body), partitions: [] }) }
}

/** The workers of a Connect cluster, each by the URL of its REST API, or its host while the group rebalances. */
export async function connectWorkers(cluster: Cluster, group: string): Promise<readonly string[]> {
  const request = whole(describeGroupRequest(group))
  const { protocolType, clients } = await askCoordinator(cluster, group, 'Describing the workers', request)
  return protocolType === 'connect' ? clients.map(workerUrl) : []
}

/** `ConnectProtocol`: a worker joins with a version, its URL, and more. */
function workerUrl({ host, metadata }: GroupClient): string {
  return metadata.length < 4 ? host.replace(/^\//, '') : new WireReader(metadata, 2).string()
}

/** The groups of all brokers. */
export async function list(cluster: Cluster): Promise<ListedGroup[]> {
  if (cluster.nodes().length === 0) await cluster.anyNode()
  const answers = await Promise.all(cluster.nodes().map((node) => cluster.send(node, listGroupsRequest)))
  for (const { error } of answers) failOn(error, 'Listing groups')
  const groups = new Map(answers.flatMap((answer) => answer.groups.map((group) => [group.group, group])))
  return [...groups.values()]
}
