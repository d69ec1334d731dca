/** Which topics are replicated, and what they are called on the target cluster. */
import type { RawConfig } from '../../../connect/settings.ts'
import type { Cluster, TopicMetadata } from '../../../kafka/cluster.ts'
import { nameFilter } from '../name-filter.ts'
import { type ReplicationPolicy, replicationPolicy } from '../replication-policy.ts'
import type { SourceConfig } from './settings.ts'

/** What a connector's config makes of topics. */
export interface Replicated {
  readonly policy: ReplicationPolicy
  readonly config: SourceConfig
  /** Whether a topic of the source cluster is replicated. */
  includes(topic: string): boolean
}

/** Topic to number of partitions. */
export type Counts = ReadonlyMap<string, number>

export function replicated(config: SourceConfig, raw: RawConfig): Replicated {
  const policy = replicationPolicy(config, raw)
  const named = nameFilter({ include: 'topics', exclude: 'topics.exclude' }, config.topics, config['topics.exclude'])
  const heartbeats = config['heartbeats.replication.enabled']
  const target = config['target.cluster.alias']
  return {
    policy,
    config,
    includes: (topic) =>
      (named(topic) || (heartbeats && policy.isHeartbeatsTopic(topic))) &&
      !policy.isInternalTopic(topic) &&
      !comesFrom(policy, topic, target),
  }
}

/** Whether a topic is a copy, of whatever hop, of one of this cluster: it must not go back there. */
function comesFrom(policy: ReplicationPolicy, topic: string, alias: string): boolean {
  const source = policy.topicSource(topic)
  if (source === null) return false
  if (source === alias) return true
  const upstream = policy.upstreamTopic(topic)
  return upstream !== null && upstream !== topic && comesFrom(policy, upstream, alias)
}

/** The topics to replicate, by name. */
export async function sourceTopics(cluster: Cluster, { includes }: Replicated): Promise<Counts> {
  return counts(await cluster.topics('all'), includes)
}

/** Topics of the target cluster that are copies of this source's. */
export async function remoteTopics(cluster: Cluster, { policy, config }: Replicated): Promise<Counts> {
  const alias = config['source.cluster.alias']
  const checkpoints = policy.checkpointsTopic(alias)
  return counts(await cluster.topics('all'), (topic) => policy.topicSource(topic) === alias && topic !== checkpoints)
}

function counts(found: ReadonlyMap<string, TopicMetadata>, includes: (topic: string) => boolean): Counts {
  const names = [...found.keys()].filter(includes).sort()
  return new Map(names.map((name) => [name, found.get(name)?.partitions.length ?? 0]))
}
