/** What MirrorSourceConnector does beside its tasks: it finds topics, makes their copies, and shares the partitions out. */
import type { PluginLog, SplitContext } from '../../../connect/plugin.ts'
import type { RawConfig } from '../../../connect/settings.ts'
import type { TopicPartition } from '../../../kafka/admin.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { bounded } from '../bounded.ts'
import { administer, offsetSyncsPlace } from '../clients.ts'
import { ensureCompactedTopic } from '../internal-topics.ts'
import { periodMs } from '../settings.ts'
import { createRemoteTopics } from './create-topics.ts'
import { ASSIGNED, assignedPartitions, nameOf } from './positions.ts'
import type { SourceConfig } from './settings.ts'
import { settleStarts, startsFor } from './starts.ts'
import { syncTopicAcls } from './topic-acls.ts'
import { syncTopicConfigs, topicConfigsOf } from './topic-configs.ts'
import { type Counts, remoteTopics, replicated, sourceTopics } from './topics.ts'

/** Each partition to one task, in turn. */
export async function split(
  config: SourceConfig,
  raw: RawConfig,
  maxTasks: number,
  { tasks: tasksBefore, budget, log }: SplitContext,
): Promise<readonly RawConfig[]> {
  if (!config.enabled) return []
  const prepare = async () => {
    await using clusters = await open(raw)
    const topics = replicated(config, raw)
    if (config['emit.offset-syncs.enabled']) {
      const { side, topic } = offsetSyncsPlace(config, topics.policy)
      await ensureCompactedTopic(clusters[side], topic, config['offset-syncs.topic.replication.factor'], log)
    }
    const source = await sourceTopics(clusters.source, topics)
    const remote = await remoteTopics(clusters.target, topics)
    await createRemoteTopics(clusters, topics, topicConfigsOf(config, raw), { source, remote }, log)
    const partitions = partitionsOf(source)
    return { partitions, starts: await settleStarts(clusters.source, partitions, raw, tasksBefore) }
  }
  const found = await bounded(prepare(), 'Finding and creating topics', config['admin.timeout.ms'], budget)
  const { partitions, starts } = found
  const tasks = Math.min(maxTasks, partitions.length)
  return Array.from({ length: tasks }, (_, task) => {
    const own = partitions.filter((_one, i) => i % tasks === task)
    const index = { [ASSIGNED]: own.map(nameOf).join(','), 'task.index': String(task) }
    return { ...raw, ...index, ...startsFor(own, starts) }
  })
}

/** The shortest of the three periods; all is looked after together. */
export function tendMs(config: SourceConfig): number | null {
  const periods = [
    periodMs(config['refresh.topics.enabled'], config['refresh.topics.interval.seconds']),
    periodMs(config['sync.topic.configs.enabled'], config['sync.topic.configs.interval.seconds']),
    periodMs(config['sync.topic.acls.enabled'], config['sync.topic.acls.interval.seconds']),
  ].filter((ms) => ms !== null)
  return config.enabled && periods.length > 0 ? Math.min(...periods) : null
}

/** True where the tasks' partitions are no longer those that there are, or a copy is missing. */
export async function tend(
  config: SourceConfig,
  raw: RawConfig,
  { tasks, budget, log }: SplitContext,
): Promise<boolean> {
  const look = async () => {
    await using clusters = await open(raw)
    const topics = replicated(config, raw)
    const source = await sourceTopics(clusters.source, topics)
    const remote = await remoteTopics(clusters.target, topics)
    const { policy } = topics
    const copies = [...source.keys()].map((topic): [string, string] => [topic, policy.remoteTopic(topic)])
    const there = new Map(copies.filter(([, name]) => remote.has(name)))
    if (config['sync.topic.configs.enabled'])
      await orWarn(
        syncTopicConfigs(clusters.source, clusters.target, there, topicConfigsOf(config, raw), log),
        "the topics' configs can't be copied",
        log,
      )
    if (config['sync.topic.acls.enabled'])
      await orWarn(
        syncTopicAcls(clusters.source, clusters.target, topics, log),
        "the topics' ACLs can't be copied",
        log,
      )
    const isMissing = [...source].some(([topic, n]) => n > (remote.get(policy.remoteTopic(topic)) ?? 0))
    return config['refresh.topics.enabled'] && (isMissing || !isAssigned(tasks, source))
  }
  return bounded(look(), 'Looking after the topics', config['admin.timeout.ms'], budget)
}

async function orWarn(work: Promise<void>, what: string, log: PluginLog): Promise<void> {
  try {
    await work
  } catch (error) {
    log.warn(what, { error: (error as Error).message })
  }
}

function isAssigned(tasks: readonly RawConfig[], topics: Counts): boolean {
  const assigned = new Set(tasks.flatMap(assignedPartitions).map(nameOf))
  const now = partitionsOf(topics).map(nameOf)
  return now.length === assigned.size && now.every((name) => assigned.has(name))
}

function partitionsOf(topics: Counts): TopicPartition[] {
  return [...topics].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
}

interface Clusters extends AsyncDisposable {
  readonly source: Cluster
  readonly target: Cluster
}

async function open(raw: RawConfig): Promise<Clusters> {
  const source = await administer(raw, 'source', 'replication-source-admin')
  try {
    const target = await administer(raw, 'target', 'replication-target-admin')
    const close = async () => {
      await Promise.all([source.close(), target.close()])
    }
    return { source, target, [Symbol.asyncDispose]: close }
  } catch (error) {
    await source.close()
    throw error
  }
}
