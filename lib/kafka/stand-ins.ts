/**
 * Members of a consumer group that stand for sink tasks: one for each, in the group for as long as the connector runs,
 * whichever process runs the task. They join together, get the partitions that they are told, and never rebalance:
 * where anybody else wants to join, they leave.
 */
import type { Cluster } from './cluster.ts'
import { CODES, kafkaError } from './codes.ts'
import { askCoordinator } from './group-coordinator.ts'
import { members } from './groups.ts'
import type { TopicPartition } from './leader-calls.ts'
import {
  assignment,
  heartbeatRequest,
  type Joined,
  joinGroupRequest,
  leaveGroupRequest,
  subscription,
  syncGroupRequest,
} from './member-requests.ts'
import { markOf } from './stand-in-mark.ts'

/**
 * How long the broker keeps a member that it hears nothing of, in ms: the passes of some minutes may fail, and whoever
 * comes after a Penstock that is gone waits no longer than for a consumer that is gone (`max.poll.interval.ms`).
 */
const SESSION_MS = 300_000
/** How long the others wait in a rebalance for one of these, in ms. */
const REBALANCE_MS = 5_000
/** Kafka's own assignors: whichever a consumer names, it can join while these are in the group. They use none. */
const PROTOCOLS = ['range', 'cooperative-sticky', 'sticky', 'roundrobin']

export interface StandIn {
  /** As the tools show it. */
  readonly clientId: string
  readonly partitions: readonly TopicPartition[]
}

/** By task. */
export interface StandIns {
  readonly group: string
  readonly connector: string
  readonly topics: readonly string[]
  readonly all: readonly StandIn[]
}

/** These, of one cluster. */
export interface StandInCalls {
  reserve(standIns: StandIns, some: readonly StandIn[]): Promise<readonly string[]>
  join(standIns: StandIns, ids: readonly string[]): Promise<number>
  keep(group: string, generation: number, ids: readonly string[]): Promise<boolean>
  leave(group: string, ids: readonly string[]): Promise<void>
  leaveLost(group: string, connector: string, known: readonly string[]): Promise<number>
}

export function standInCalls(cluster: Cluster): StandInCalls {
  return {
    reserve: (...call) => reserve(cluster, ...call),
    join: (...call) => join(cluster, ...call),
    keep: (...call) => keep(cluster, ...call),
    leave: (...call) => leave(cluster, ...call),
    leaveLost: (...call) => leaveLost(cluster, ...call),
  }
}

/** The ids of new members, which aren't in the group yet and change nothing in it. */
async function reserve(cluster: Cluster, standIns: StandIns, some: readonly StandIn[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    some.map((one) =>
      askCoordinator(cluster, standIns.group, JOINING, joining(standIns, one, ''), [CODES.MEMBER_ID_REQUIRED]),
    ),
  )
  return answers.map(({ id }) => id)
}

/**
 * All of them, by their ids, at once: answers the group's generation that they are in. Takes
 * `group.initial.rebalance.delay.ms` where the group was empty. Rejects where others have joined beside them.
 */
async function join(cluster: Cluster, standIns: StandIns, ids: readonly string[]): Promise<number> {
  const { group, all } = standIns
  /** By generation: whether all of them are in it, as its leader knows. */
  const whole = new Map<number, PromiseWithResolvers<boolean>>()
  const isWhole = (generation: number) => {
    const known = whole.get(generation) ?? Promise.withResolvers<boolean>()
    whole.set(generation, known)
    return known
  }
  const one = async (standIn: StandIn, task: number): Promise<Joined> => {
    const request = joining(standIns, standIn, ids[task] ?? '')
    for (;;) {
      const answer = await askCoordinator(cluster, group, JOINING, request, [], true)
      const others = [answer.leader, ...answer.members].filter((id) => !ids.includes(id))
      if (others.length > 0)
        throw kafkaError(CODES.REBALANCE_IN_PROGRESS, `${JOINING} of group ${group}`, 'others are joining it')
      const { promise, resolve } = isWhole(answer.generation)
      if (answer.leader === answer.id) resolve(answer.members.length === ids.length)
      // A group that was empty doesn't wait for all, the next time it does.
      if (await promise) return answer
    }
  }
  const joined = await Promise.all(all.map(one))
  await share(cluster, standIns, ids, joined)
  return joined[0]?.generation ?? -1
}

/** The leader first: the others' requests wait behind its own. */
async function share(
  cluster: Cluster,
  { group, all }: StandIns,
  ids: readonly string[],
  joined: readonly Joined[],
): Promise<void> {
  const assignments = new Map(all.map(({ partitions }, task) => [ids[task] ?? '', assignment(partitions)]))
  const inOrder = joined.toSorted((a, b) => Number(b.id === b.leader) - Number(a.id === a.leader))
  await Promise.all(
    inOrder.map(({ id, leader, generation }) => {
      const request = syncGroupRequest({ group, generation, id }, id === leader ? assignments : new Map())
      return askCoordinator(cluster, group, 'Assigning the partitions', request)
    }),
  )
}

const JOINING = 'Joining the members'

function joining({ group, connector, topics }: StandIns, { clientId }: StandIn, id: string) {
  const about = { group, id, clientId, protocols: PROTOCOLS, subscription: subscription(topics, markOf(connector)) }
  return joinGroupRequest({ ...about, sessionMs: SESSION_MS, rebalanceMs: REBALANCE_MS })
}

/** Keeps them in the group. False: it has lost them, or somebody else wants to join. */
async function keep(cluster: Cluster, group: string, generation: number, ids: readonly string[]): Promise<boolean> {
  const lost = [CODES.ILLEGAL_GENERATION, CODES.UNKNOWN_MEMBER_ID, CODES.REBALANCE_IN_PROGRESS]
  const answers = await Promise.all(
    ids.map((id) =>
      askCoordinator(cluster, group, 'Keeping the stand-ins', heartbeatRequest({ group, generation, id }), lost),
    ),
  )
  return answers.every(({ error }) => error === 0)
}

/** Those that aren't in the group any more are no error. */
export async function leave(cluster: Cluster, group: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await askCoordinator(cluster, group, 'Leaving', leaveGroupRequest(group, ids), [
    CODES.UNKNOWN_MEMBER_ID,
    CODES.GROUP_ID_NOT_FOUND,
  ])
}

/** Takes those of the connector away that nobody knows of any more. Answers how many members are left. */
export async function leaveLost(
  cluster: Cluster,
  group: string,
  connector: string,
  known: readonly string[],
): Promise<number> {
  const found = await members(cluster, group)
  const lost = found.standIns.filter((one) => one.connector === connector && !known.includes(one.id))
  await leave(
    cluster,
    group,
    lost.map(({ id }) => id),
  )
  return found.members - lost.length
}
