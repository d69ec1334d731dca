/** The Kafka partitions of a sink's topics: how many there are, and whether a task has something to read. */
import { brokerConfigs, createTopics, listOffsets } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { committed } from '../kafka/groups.ts'
import { sinkTopics } from '../pipeline/sink-assignment.ts'
import type { Assignment } from '../worker/assignment.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'

/**
 * Topic to number of partitions, of those that are there. `create`: a topic that is named and missing is made as the
 * broker makes it for a consumer that asks for it, where it does (`auto.create.topics.enable`).
 */
export async function partitionsOf(
  cluster: Cluster,
  settings: Pick<ConnectorSettings, 'topics' | 'topicsRegex'>,
  options: { readonly create: boolean },
): Promise<Map<string, number>> {
  const asked = settings.topicsRegex === null ? settings.topics : 'all'
  const found = await cluster.topics(asked, { refresh: true })
  const names = sinkTopics(settings, found.values())
  const missing = names.filter((name) => !found.has(name))
  if (options.create && missing.length > 0 && (await createsTopics(cluster))) {
    await createTopics(
      cluster,
      missing.map((name) => ({ name, partitions: -1, replicationFactor: -1 })),
    )
    return partitionsOf(cluster, settings, { create: false })
  }
  return new Map(
    names.flatMap((name) => {
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

/** Of the tasks: those whose group offsets have reached the ends of their partitions. */
export async function unread(
  cluster: Cluster,
  group: string,
  assignments: ReadonlyMap<number, Assignment>,
  isolation: 'read_uncommitted' | 'read_committed',
): Promise<ReadonlySet<number>> {
  const partitions = [...assignments.values()].flatMap((assignment) =>
    [...assignment].flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition }))),
  )
  const [positions, ends] = await Promise.all([
    committed(cluster, group, partitions),
    listOffsets(cluster, partitions, 'latest', isolation),
  ])
  const at = new Map(positions.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]))
  const behind = new Set(
    ends
      .filter(({ topic, partition, offset }) => (at.get(`${topic}-${partition}`) ?? -1) < offset)
      .map(({ topic, partition }) => `${topic}-${partition}`),
  )
  const idle = [...assignments].filter(([, assignment]) =>
    [...assignment].every(([topic, numbers]) => numbers.every((partition) => !behind.has(`${topic}-${partition}`))),
  )
  return new Set(idle.map(([task]) => task))
}
