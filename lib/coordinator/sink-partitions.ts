/** The Kafka partitions of a sink's topics: how many there are, and whether a task has something to read. */
import { ConnectError } from '../connect/errors.ts'
import { brokerConfigs, createTopics, listOffsets, type TopicPartition } from '../kafka/admin.ts'
import type { Cluster, TopicMetadata } from '../kafka/cluster.ts'
import { committed, type GroupOffset } from '../kafka/groups.ts'
import { sinkTopics } from '../pipeline/sink-assignment.ts'
import type { Assignment } from '../worker/assignment.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'

/**
 * Topic to number of partitions, of those that are there. `create`: a topic that is named and missing is made as the
 * broker makes it for a consumer that asks for it, where it does (`auto.create.topics.enable`).
 */
export async function partitionsOf(
  cluster: Cluster,
  settings: Reads,
  options: { readonly create: boolean },
): Promise<Map<string, number>> {
  const found = await topicsOf(cluster, [settings])
  const names = sinkTopics(settings, found.values())
  const missing = names.filter((name) => !found.has(name))
  if (options.create && missing.length > 0 && (await createsTopics(cluster))) {
    await createTopics(
      cluster,
      missing.map((name) => ({ name, partitions: -1, replicationFactor: -1 })),
    )
    return partitionsOf(cluster, settings, { create: false })
  }
  return countsOf(found, settings)
}

type Reads = Pick<ConnectorSettings, 'topics' | 'topicsRegex'>

/** The topics that these sinks may read, as they are now: one request for all. */
export function topicsOf(cluster: Cluster, sinks: readonly Reads[]): Promise<ReadonlyMap<string, TopicMetadata>> {
  const all = sinks.some(({ topicsRegex }) => topicsRegex !== null)
  return cluster.topics(all ? 'all' : sinks.flatMap(({ topics }) => topics), { refresh: true })
}

/** Topic to number of partitions, of those that a sink reads and that are there. */
export function countsOf(found: ReadonlyMap<string, TopicMetadata>, settings: Reads): Map<string, number> {
  return new Map(
    sinkTopics(settings, found.values()).flatMap((name) => {
      const topic = found.get(name)
      return topic === undefined ? [] : [[name, topic.partitions.length]]
    }),
  )
}

async function createsTopics(cluster: Cluster): Promise<boolean> {
  const key = 'auto.create.topics.enable'
  const configs = await brokerConfigs(cluster, await cluster.anyNode(), [key])
  return configs.get(key)?.value !== 'false'
}

/** An idle sink task's partitions, and the group that holds its offsets. */
export interface WatchedSink {
  readonly group: string
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly assignment: Assignment
  /** The group's offsets, of the first look; kept with the task for as long as it is known to be idle. */
  positions?: Promise<readonly GroupOffset[]>
}

/**
 * Of the tasks: those whose group offsets have reached the ends of their partitions, and those that can't be read now
 * for want of a leader. One request to each leader for all.
 */
export async function readToEnd<S extends WatchedSink>(cluster: Cluster, sinks: readonly S[]): Promise<S[]> {
  const topics = await cluster.topics(sinks.flatMap(({ assignment }) => [...assignment.keys()]))
  const leaderless = (sink: S) =>
    partitionsOfTask(sink).some(({ topic, partition }) => topics.has(topic) && cluster.leader(topic, partition) < 0)
  const led = sinks.filter((sink) => !leaderless(sink))
  const byIsolation = Map.groupBy(led, ({ isolation }) => isolation)
  const found = await Promise.all([...byIsolation].map(([isolation, some]) => reached(cluster, some, isolation)))
  return [...sinks.filter(leaderless), ...found.flat()]
}

async function reached<S extends WatchedSink>(
  cluster: Cluster,
  sinks: readonly S[],
  isolation: S['isolation'],
): Promise<S[]> {
  try {
    const asked = new Map(sinks.flatMap(partitionsOfTask).map((one) => [nameOf(one), one]))
    const [listed, positions] = await Promise.all([
      listOffsets(cluster, [...asked.values()], 'latest', isolation),
      Promise.all(sinks.map((sink) => positionsOf(cluster, sink))),
    ])
    const ends = new Map(listed.map((one) => [nameOf(one), one.offset]))
    return sinks.filter((sink, i) => {
      const at = new Map(positions[i]?.map((one) => [nameOf(one), one.offset]))
      return partitionsOfTask(sink).every((one) => (at.get(nameOf(one)) ?? -1) >= (ends.get(nameOf(one)) ?? 0))
    })
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    // One topic that isn't there any more must not decide for the others.
    if (sinks.length === 1) return []
    return (await Promise.all(halves(sinks).map((half) => reached(cluster, half, isolation)))).flat()
  }
}

function positionsOf(cluster: Cluster, sink: WatchedSink): Promise<readonly GroupOffset[]> {
  const asked = sink.positions ?? committed(cluster, sink.group, partitionsOfTask(sink))
  sink.positions = asked
  asked.catch(() => {
    delete sink.positions
  })
  return asked
}

function partitionsOfTask({ assignment }: WatchedSink): TopicPartition[] {
  return [...assignment].flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition })))
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

function halves<T>(all: readonly T[]): [readonly T[], readonly T[]] {
  const middle = all.length >> 1
  return [all.slice(0, middle), all.slice(middle)]
}
