/** A way to ask the coordinator of a group, wherever it is. */
import { pause } from '../connect/budget.ts'
import type { ConnectError } from '../connect/errors.ts'
import type { Cluster, WireRequest } from './cluster.ts'
import { CODES, KafkaError, kafkaError } from './codes.ts'
import type { PartitionAnswer } from './leader-calls.ts'

const REQUEST_TIMED_OUT = 7
/** The coordinator is to be looked for again, or asked again a little later. */
const MOVED: readonly number[] = [
  REQUEST_TIMED_OUT,
  CODES.NETWORK_EXCEPTION,
  CODES.COORDINATOR_LOAD_IN_PROGRESS,
  CODES.COORDINATOR_NOT_AVAILABLE,
  CODES.NOT_COORDINATOR,
]
/** Who asks isn't in the group as he says, or the group is about to have other members. */
const REFUSED: readonly number[] = [
  CODES.ILLEGAL_GENERATION,
  CODES.UNKNOWN_MEMBER_ID,
  CODES.REBALANCE_IN_PROGRESS,
  CODES.FENCED_INSTANCE_ID,
  CODES.FENCED_MEMBER_EPOCH,
  CODES.STALE_MEMBER_EPOCH,
]

/** The group has members, and the request came from none that it knows. */
export function isRefused(error: unknown): error is KafkaError {
  return error instanceof KafkaError && REFUSED.includes(error.code)
}

/**
 * Sends to the group's coordinator, and again where it has moved, is loading or was lost, until
 * `default.api.timeout.ms` is over. Codes in `absent` are no errors. `alone`: over a connection of its own.
 */
export async function askCoordinator<
  T extends { readonly error: number; readonly partitions: readonly PartitionAnswer[] },
>(
  cluster: Cluster,
  group: string,
  what: string,
  request: WireRequest<T>,
  absent: readonly number[] = [],
  alone = false,
): Promise<T> {
  const { apiTimeoutMs, retryBackoffMs } = cluster.settings
  const deadline = Date.now() + apiTimeoutMs
  for (let attempt = 0; ; attempt++) {
    let reason: ConnectError
    try {
      const node = await cluster.coordinator('group', group, { refresh: attempt > 0 })
      const answer = await (alone ? cluster.sendAlone(node, request) : cluster.send(node, request))
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
  const busy = [CODES.UNKNOWN_MEMBER_ID, CODES.NON_EMPTY_GROUP, CODES.GROUP_SUBSCRIBED_TO_TOPIC] as readonly number[]
  const detail = busy.includes(code) ? 'the group has members: stop the consumers or workers that are in it' : null
  return kafkaError(code, `${what} of group ${group}`, detail)
}
