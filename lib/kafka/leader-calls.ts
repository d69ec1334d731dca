/** Requests about partitions, one to each leader, repeated for those that have moved. */
import { pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { Cluster, WireRequest } from './cluster.ts'
import { CODES, isRetriable, kafkaError } from './codes.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface PartitionAnswer extends TopicPartition {
  readonly error: number
}

/**
 * The leaders' answers, in the order of `partitions`. Partitions with a retriable error, or whose leader can't be reached, are asked for
 * again with fresh metadata until `default.api.timeout.ms` is over; any other error rejects. A topic that isn't there
 * rejects at once. `what` says what is asked for: "Listing offsets".
 */
export async function askLeaders<P extends TopicPartition, A extends PartitionAnswer>(
  cluster: Cluster,
  what: string,
  partitions: readonly P[],
  request: (partitions: readonly P[]) => WireRequest<readonly A[]>,
): Promise<A[]> {
  const { apiTimeoutMs, retryBackoffMs } = cluster.settings
  const deadline = Date.now() + apiTimeoutMs
  const answers: A[] = []
  let left = partitions
  for (let attempt = 0; left.length > 0; attempt++) {
    const { led, leaderless } = await byLeader(cluster, what, left, attempt > 0)
    let reason: ConnectError | null = leaderless[0]
      ? kafkaError(CODES.LEADER_NOT_AVAILABLE, `${what} of ${leaderless[0].topic}-${leaderless[0].partition}`)
      : null
    const again = new Set(leaderless)
    await Promise.all(
      [...led].map(async ([node, asked]) => {
        try {
          for (const answer of await cluster.send(node, request(asked))) {
            if (answer.error === 0) answers.push(answer)
            else {
              reason = kafkaError(answer.error, `${what} of ${answer.topic}-${answer.partition}`)
              if (!isRetriable(answer.error)) throw reason
              const { topic, partition } = answer
              for (const p of asked) if (p.topic === topic && p.partition === partition) again.add(p)
            }
          }
        } catch (error) {
          if (!(error instanceof ConnectError) || error.kind !== 'retriable') throw error
          reason = error
          for (const p of asked) again.add(p)
        }
      }),
    )
    left = [...again]
    if (left.length === 0) break
    const wait = Math.min(retryBackoffMs, 10 * 2 ** attempt)
    if (Date.now() + wait > deadline && reason !== null) throw reason
    await pause(wait)
  }
  const order = new Map(partitions.map(({ topic, partition }, i) => [`${partition} ${topic}`, i]))
  const place = ({ topic, partition }: A) => order.get(`${partition} ${topic}`) ?? 0
  return answers.sort((a, b) => place(a) - place(b))
}

async function byLeader<P extends TopicPartition>(
  cluster: Cluster,
  what: string,
  partitions: readonly P[],
  refresh: boolean,
): Promise<{ readonly led: ReadonlyMap<number, readonly P[]>; readonly leaderless: readonly P[] }> {
  const names = [...new Set(partitions.map(({ topic }) => topic))]
  const found = await cluster.topics(names, { refresh })
  const led = new Map<number, P[]>()
  const leaderless: P[] = []
  for (const asked of partitions) {
    const metadata = found.get(asked.topic)?.partitions[asked.partition]
    if (metadata === undefined && refresh)
      throw kafkaError(
        CODES.UNKNOWN_TOPIC_OR_PARTITION,
        `${what} of ${asked.topic}-${asked.partition}`,
        'there is no such partition',
      )
    const node = cluster.leader(asked.topic, asked.partition)
    const others = led.get(node)
    if (node < 0) leaderless.push(asked)
    else if (others === undefined) led.set(node, [asked])
    else others.push(asked)
  }
  return { led, leaderless }
}

/** The partitions under their topics, as requests have them. */
export function byTopic<P extends TopicPartition>(partitions: readonly P[]): [topic: string, partitions: P[]][] {
  const topics = new Map<string, P[]>()
  for (const partition of partitions) {
    const others = topics.get(partition.topic)
    if (others === undefined) topics.set(partition.topic, [partition])
    else others.push(partition)
  }
  return [...topics]
}
