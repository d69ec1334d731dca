/** What an administrator does with topics and their partitions. */
import { pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { Cluster, TopicMetadata, WireRequest } from './cluster.ts'
import { CODES, failOn, isRetriable, kafkaError } from './codes.ts'
import { askLeaders, byTopic, type PartitionAnswer, type TopicPartition } from './leader-calls.ts'
import {
  type ConfigChanges,
  type ConfigEntry,
  createPartitionsRequest,
  createTopicsRequest,
  deleteTopicsRequest,
  describeConfigsRequest,
  incrementalAlterConfigsRequest,
  type NewTopic,
  RESOURCE,
  type TopicAnswer,
} from './topic-requests.ts'
import { WireReader, WireWriter } from './wire.ts'

export type { TopicPartition } from './leader-calls.ts'
export type { ConfigChanges, ConfigEntry, NewTopic } from './topic-requests.ts'

/**
 * Creates the topics that aren't there, and waits until each, new or not, has a leader for every partition, so that it
 * can be written to at once. With `validateOnly` nothing is created.
 */
export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<ReadonlyMap<string, 'created' | 'exists'>> {
  const { validateOnly = false } = options
  const outcome = new Map<string, 'created' | 'exists'>()
  const answers = await askController(cluster, 'Creating', topics, (left) =>
    createTopicsRequest(left, cluster.settings.requestTimeoutMs, validateOnly),
  )
  for (const { name, error, message } of answers) {
    if (error === CODES.TOPIC_ALREADY_EXISTS) outcome.set(name, 'exists')
    else failOn(error, `Creating topic ${name}`, message)
    if (error === 0) outcome.set(name, 'created')
  }
  if (!validateOnly) await untilLed(cluster, [...outcome.keys()])
  return outcome
}

/** Makes topics larger: how many partitions each is to have. Answers for each; an error is 0 where it has them. */
export async function createPartitions(
  cluster: Cluster,
  counts: ReadonlyMap<string, number>,
): Promise<readonly TopicAnswer[]> {
  if (counts.size === 0) return []
  return cluster.send(await cluster.controller(), createPartitionsRequest(counts, cluster.settings.requestTimeoutMs))
}

/** Waits until every partition of the topics has a leader. */
async function untilLed(cluster: Cluster, names: readonly string[]): Promise<void> {
  const led = (topic: TopicMetadata | undefined) =>
    topic !== undefined && topic.partitions.length > 0 && topic.partitions.every(({ leader }) => leader >= 0)
  await untilMetadata(cluster, names, led, CODES.LEADER_NOT_AVAILABLE, 'Waiting for the leaders of topic')
}

/** Deletes topics and waits until they are gone. One that isn't there is `absent`. */
export async function deleteTopics(
  cluster: Cluster,
  names: readonly string[],
): Promise<ReadonlyMap<string, 'deleted' | 'absent'>> {
  const outcome = new Map<string, 'deleted' | 'absent'>()
  const topics = names.map((name) => ({ name }))
  const answers = await askController(cluster, 'Deleting', topics, (left) =>
    deleteTopicsRequest(
      left.map(({ name }) => name),
      cluster.settings.requestTimeoutMs,
    ),
  )
  for (const { name, error, message } of answers) {
    if (error === CODES.UNKNOWN_TOPIC_OR_PARTITION) outcome.set(name, 'absent')
    else failOn(error, `Deleting topic ${name}`, message)
    if (error === 0) outcome.set(name, 'deleted')
  }
  const gone = (topic: TopicMetadata | undefined) => topic === undefined
  await untilMetadata(cluster, names, gone, CODES.TOPIC_ALREADY_EXISTS, 'Waiting for the end of topic')
  return outcome
}

/** Configs by topic and name; `keys` names some, all otherwise. Rejects where a topic isn't there. */
export async function topicConfigs(
  cluster: Cluster,
  names: readonly string[],
  keys: readonly string[] | null = null,
): Promise<ReadonlyMap<string, ReadonlyMap<string, ConfigEntry>>> {
  const answers = await cluster.send(await cluster.anyNode(), describeConfigsRequest(RESOURCE.topic, names, keys))
  for (const { name, error, message } of answers) failOn(error, `Describing topic ${name}`, message)
  return new Map(answers.map(({ name, entries }) => [name, entries]))
}

/** Configs of a broker, asked of itself. */
export async function brokerConfigs(
  cluster: Cluster,
  node: number,
  keys: readonly string[] | null = null,
): Promise<ReadonlyMap<string, ConfigEntry>> {
  const [answer] = await cluster.send(node, describeConfigsRequest(RESOURCE.broker, [String(node)], keys))
  failOn(answer?.error ?? 0, `Describing broker ${node}`, answer?.message)
  return answer?.entries ?? new Map()
}

/** Changes only the configs that are named. */
export async function alterTopicConfigs(cluster: Cluster, topic: string, changes: ConfigChanges): Promise<void> {
  const answers = await alterConfigsOfTopics(cluster, new Map([[topic, changes]]))
  for (const { name, error, message } of answers) failOn(error, `Altering topic ${name}`, message)
}

/** The same for several topics, in one request. Answers for each; an error is 0 where it is done. */
export async function alterConfigsOfTopics(
  cluster: Cluster,
  changes: ReadonlyMap<string, ConfigChanges>,
): Promise<readonly TopicAnswer[]> {
  if (changes.size === 0) return []
  return cluster.send(await cluster.controller(), incrementalAlterConfigsRequest(RESOURCE.topic, changes))
}

export type OffsetSpec = 'earliest' | 'latest' | { readonly timestamp: number }

export interface ListedOffset extends TopicPartition {
  /** For a timestamp: of the first record that isn't older; -1 where there is none. */
  readonly offset: number
  /** Of that record in epoch ms; -1 for earliest and latest. */
  readonly timestamp: number
  readonly leaderEpoch: number
}

/**
 * One request to each leader, whatever the number of partitions. `latest` is the high watermark, or the last stable
 * offset with read_committed.
 */
export async function listOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
  isolation: 'read_uncommitted' | 'read_committed' = 'read_uncommitted',
): Promise<ListedOffset[]> {
  const timestamp = at === 'latest' ? -1 : at === 'earliest' ? -2 : at.timestamp
  const answers = await askLeaders(cluster, 'Listing offsets', partitions, (asked) => ({
    apiKey: 2,
    apiVersion: 4,
    apiName: 'ListOffsets',
    encode: () =>
      new WireWriter()
        .int32(-1)
        .int8(isolation === 'read_committed' ? 1 : 0)
        .array(byTopic(asked), ([topic, list], w) =>
          w.string(topic).array(list, ({ partition }) => w.int32(partition).int32(-1).int64(timestamp)),
        )
        .finish(),
    decode: (body) =>
      partitionAnswers(body, (topic, r) => ({
        topic,
        partition: r.int32(),
        error: r.int16(),
        timestamp: r.int64(),
        offset: r.int64(),
        leaderEpoch: r.int32(),
      })),
  }))
  return answers.map(({ topic, partition, offset, timestamp, leaderEpoch }) => {
    return { topic, partition, offset, timestamp, leaderEpoch }
  })
}

/** Deletes the records before an offset, -1 for all that are there; answers where each partition begins now. */
export async function deleteRecords(
  cluster: Cluster,
  before: readonly (TopicPartition & { readonly offset: number })[],
): Promise<(TopicPartition & { readonly lowWatermark: number })[]> {
  const answers = await askLeaders(cluster, 'Deleting records', before, (asked) => ({
    apiKey: 21,
    apiVersion: 1,
    apiName: 'DeleteRecords',
    encode: () =>
      new WireWriter()
        .array(byTopic(asked), ([topic, list], w) =>
          w.string(topic).array(list, ({ partition, offset }) => w.int32(partition).int64(offset)),
        )
        .int32(cluster.settings.requestTimeoutMs)
        .finish(),
    decode: (body) =>
      partitionAnswers(body, (topic, r) => ({
        topic,
        partition: r.int32(),
        lowWatermark: r.int64(),
        error: r.int16(),
      })),
  }))
  return answers.map(({ topic, partition, lowWatermark }) => ({ topic, partition, lowWatermark }))
}

function partitionAnswers<A extends PartitionAnswer>(body: Buffer, each: (topic: string, r: WireReader) => A): A[] {
  const reader = new WireReader(body, 4)
  return reader
    .array((r) => {
      const topic = r.string()
      return r.array(() => each(topic, r))
    })
    .flat()
}

/** Asks again for what another controller should do, or what took too long, until `default.api.timeout.ms` is over. */
async function askController<T extends { readonly name: string }>(
  cluster: Cluster,
  what: string,
  topics: readonly T[],
  request: (topics: readonly T[]) => WireRequest<readonly TopicAnswer[]>,
): Promise<TopicAnswer[]> {
  const deadline = Date.now() + cluster.settings.apiTimeoutMs
  const done: TopicAnswer[] = []
  let left = topics
  for (let attempt = 0; left.length > 0; attempt++) {
    let reason: ConnectError
    try {
      const again = new Set<string>()
      for (const answer of await cluster.send(await cluster.controller(), request(left))) {
        const settled = answer.error === CODES.UNKNOWN_TOPIC_OR_PARTITION || !isRetriable(answer.error)
        if (settled) done.push(answer)
        else again.add(answer.name)
      }
      left = left.filter(({ name }) => again.has(name))
      if (left.length === 0) break
      reason = kafkaError(CODES.NOT_CONTROLLER, `${what} topic ${left[0]?.name}`)
      cluster.forget()
    } catch (error) {
      if (!(error instanceof ConnectError) || error.kind !== 'retriable') throw error
      reason = error
    }
    const wait = Math.min(1_000, cluster.settings.retryBackoffMs * 2 ** attempt)
    if (Date.now() + wait > deadline) throw reason
    await pause(wait)
  }
  return done
}

async function untilMetadata(
  cluster: Cluster,
  names: readonly string[],
  holds: (topic: TopicMetadata | undefined) => boolean,
  code: number,
  what: string,
): Promise<void> {
  const deadline = Date.now() + cluster.settings.apiTimeoutMs
  let left = names
  for (let wait = 5; left.length > 0; wait = Math.min(wait * 2, 100)) {
    const found = await cluster.topics(left, { refresh: true })
    left = left.filter((name) => !holds(found.get(name)))
    if (left.length === 0) return
    if (Date.now() > deadline) throw kafkaError(code, `${what} ${left[0]}`)
    await pause(wait)
  }
}
