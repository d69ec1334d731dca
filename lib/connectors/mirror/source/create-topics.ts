/** Remote topics that aren't there yet, or have fewer partitions than their topics. */
import type { PluginLog } from '../../../connect/plugin.ts'
import { createPartitions, createTopics, type NewTopic, topicConfigs } from '../../../kafka/admin.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { CODES, kafkaError } from '../../../kafka/codes.ts'
import { copied, type TopicConfigs } from './topic-configs.ts'
import type { Counts, Replicated } from './topics.ts'

/** A topic that can't be created is a warning: the others are replicated all the same. */
export async function createRemoteTopics(
  clusters: { readonly source: Cluster; readonly target: Cluster },
  replicated: Replicated,
  configs: TopicConfigs,
  { source, remote }: { readonly source: Counts; readonly remote: Counts },
  log: PluginLog,
): Promise<void> {
  const { policy, config } = replicated
  const missing = [...source.keys()].filter((topic) => !remote.has(policy.remoteTopic(topic)))
  const found = missing.length === 0 ? new Map() : await topicConfigs(clusters.source, missing)
  const topics = missing.map(
    (topic): NewTopic => ({
      name: policy.remoteTopic(topic),
      partitions: source.get(topic) ?? -1,
      replicationFactor: config['replication.factor'],
      configs: Object.fromEntries(copied(found.get(topic) ?? new Map(), configs)),
    }),
  )
  await create(clusters.target, topics, log)
  const larger = [...source].flatMap(([topic, partitions]): [string, number][] => {
    const name = policy.remoteTopic(topic)
    return partitions > (remote.get(name) ?? partitions) ? [[name, partitions]] : []
  })
  for (const { name, error, message } of await createPartitions(clusters.target, new Map(larger))) {
    if (error === 0)
      log.info(`topic ${name} has more partitions now`, { partitions: larger.find(([n]) => n === name)?.[1] })
    else if (error !== CODES.INVALID_PARTITIONS)
      log.warn(kafkaError(error, `Adding partitions to topic ${name}`, message).message)
  }
}

/** Together; where that fails, one by one, so that the error tells which. */
async function create(target: Cluster, topics: readonly NewTopic[], log: PluginLog): Promise<void> {
  if (topics.length === 0) return
  const created = (some: readonly NewTopic[]) =>
    log.info('created remote topics', { topics: some.map(({ name, partitions }) => `${name}: ${partitions}`) })
  try {
    await createTopics(target, topics)
    created(topics)
  } catch {
    for (const topic of topics) {
      try {
        await createTopics(target, [topic])
        created([topic])
      } catch (error) {
        log.warn(`remote topic ${topic.name} can't be created`, { error: (error as Error).message })
      }
    }
  }
}
