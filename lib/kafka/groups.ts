/** Groups as stores of offsets: read and written without being a member, straight at the coordinator. */
import { pause } from '../connect/budget.ts'
import type { ConnectError } from '../connect/errors.ts'
import type { Cluster, WireRequest } from './cluster.ts'
import { CODES, failOn, KafkaError, kafkaError } from './codes.ts'
import {
  CONSUMER_GROUP_DESCRIBE,
  deleteGroupRequest,
  describeConsumerGroupRequest,
  describeGroupRequest,
  type GroupClient,
  type GroupOffset,
  type GroupState,
  type ListedGroup,
  listGroupsRequest,
  offsetCommitRequest,
  offsetDeleteRequest,
  offsetFetchRequest,
} from './group-requests.ts'
import type { PartitionAnswer, TopicPartition } from './leader-calls.ts'
import { WireReader } from './wire.ts'

export type { GroupOffset, ListedGroup } from './group-requests.ts'

const UNKNOWN_MEMBER_ID = 25
const REQUEST_TIMED_OUT = 7
/** The coordinator is to be looked for again, or asked again a little later. */
const MOVED: readonly number[] = [
  REQUEST_TIMED_OUT,
  CODES.NETWORK_EXCEPTION,
  CODES.COORDINATOR_LOAD_IN_PROGRESS,
  CODES.COORDINATOR_NOT_AVAILABLE,
  CODES.NOT_COORDINATOR,
]

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

/** Commits offsets. Rejects while the group has members, who alone may commit. */
export async function commit(cluster: Cluster, group: string, offsets: readonly GroupOffset[]): Promise<void> {
  if (offsets.length === 0) return
  await askCoordinator(cluster, group, 'Committing offsets', offsetCommitRequest(group, offsets))
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

/** The group's state and its number of members, of either protocol. A group that isn't there is `Dead`. */
export async function members(
  cluster: Cluster,
  group: string,
): Promise<{ readonly state: string; readonly members: number }> {
  const whole = (request: WireRequest<GroupState>): WireRequest<GroupState & { readonly partitions: readonly [] }> => {
    return { ...request, decode: (body) => ({ ...request.decode(body), partitions: [] }) }
  }
  const absent = [CODES.GROUP_ID_NOT_FOUND]
  const what = 'Describing the members'
  const classic = await askCoordinator(cluster, group, what, whole(describeGroupRequest(group)), absent)
  if (classic.state !== 'Dead' || cluster.maxVersion(CONSUMER_GROUP_DESCRIBE) === undefined)
    return { state: classic.state, members: classic.members }
  const newer = await askCoordinator(cluster, group, what, whole(describeConsumerGroupRequest(group)), absent)
  return newer.error === 0 ? { state: newer.state, members: newer.members } : { state: 'Dead', members: 0 }
}

/** The workers of a Connect cluster, each by the URL of its REST API, or its host while the group rebalances. */
export async function connectWorkers(cluster: Cluster, group: string): Promise<readonly string[]> {
  const describe = describeGroupRequest(group)
  const request = { ...describe, decode: (body: Buffer) => ({ ...describe.decode(body), partitions: [] }) }
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

/**
 * Sends to the group's coordinator, and again where it has moved, is loading or was lost, until
 * `default.api.timeout.ms` is over. Codes in `absent` are no errors.
 */
async function askCoordinator<T extends { readonly error: number; readonly partitions: readonly PartitionAnswer[] }>(
  cluster: Cluster,
  group: string,
  what: string,
  request: WireRequest<T>,
  absent: readonly number[] = [],
): Promise<T> {
  const { apiTimeoutMs, retryBackoffMs } = cluster.settings
  const deadline = Date.now() + apiTimeoutMs
  for (let attempt = 0; ; attempt++) {
    let reason: ConnectError
    try {
      const node = await cluster.coordinator('group', group, { refresh: attempt > 0 })
      const answer = await cluster.send(node, request)
      const failed = [answer, ...answer.partitions].find(({ error }) => error !== 0 && !absent.includes(error))
      if (failed === undefined) return answer
      reason = groupError(failed.error, group, what)
      if (!MOVED.includes(failed.error)) throw reason
    } catch (error) {
      if (!(error instanceof KafkaError) || !MOVED.includes(error.code)) throw error
      reason = error
    }
    const wait = Math.min(retryBackoffMs, 10 * 2 ** attempt)
    if (Date.now() + wait > deadline) throw reason
    await pause(wait)
  }
}

function groupError(code: number, group: string, what: string): ConnectError {
  const busy = [UNKNOWN_MEMBER_ID, CODES.NON_EMPTY_GROUP, CODES.GROUP_SUBSCRIBED_TO_TOPIC] as readonly number[]
  const detail = busy.includes(code) ? 'the group has members: stop the consumers or workers that are in it' : null
  return kafkaError(code, `${what} of group ${group}`, detail)
}
