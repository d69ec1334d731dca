/** Connect's three internal topics: made where they are missing, refused where data could be lost in them. */
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { createTopics, type NewTopic, topicConfigs } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Worker } from '../worker/settings.ts'

interface Purpose {
  readonly name: string
  readonly property: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly what: string
}

/**
 * Creates what is missing: compacted, with the worker's `*.storage.partitions`, `*.storage.replication.factor` and
 * other `*.storage.` settings. `ConfigError` for a config topic with several partitions, or one that isn't compacted.
 */
export async function ensureTopics(cluster: Cluster, { settings, topics, raw }: Worker): Promise<void> {
  const purposes: readonly Purpose[] = [
    {
      name: topics.configs,
      property: 'config.storage.topic',
      partitions: 1,
      replicationFactor: settings['config.storage.replication.factor'],
      what: 'connector configurations',
    },
    {
      name: topics.offsets,
      property: 'offset.storage.topic',
      partitions: settings['offset.storage.partitions'],
      replicationFactor: settings['offset.storage.replication.factor'],
      what: 'source connector offsets',
    },
    {
      name: topics.status,
      property: 'status.storage.topic',
      partitions: settings['status.storage.partitions'],
      replicationFactor: settings['status.storage.replication.factor'],
      what: 'connector and task statuses',
    },
  ]
  const found = await ensure(cluster, purposes, raw)
  const partitions = (await cluster.topic(topics.configs)).partitions.length
  if (partitions !== 1)
    throw new ConfigError(
      `Topic '${topics.configs}' supplied via the 'config.storage.topic' property is required to have a single partition in order to guarantee consistency of connector configurations, but found ${partitions} partitions.`,
    )
  await checkCompacted(cluster, found)
}

/** A source connector's own offsets topic (KIP-618), made and refused as the worker's. */
export async function ensureOffsetsTopic(cluster: Cluster, { settings, raw }: Worker, name: string): Promise<void> {
  const purpose: Purpose = {
    name,
    property: 'offsets.storage.topic',
    partitions: settings['offset.storage.partitions'],
    replicationFactor: settings['offset.storage.replication.factor'],
    what: 'source connector offsets',
  }
  await checkCompacted(cluster, await ensure(cluster, [purpose], raw))
}

/** Creates what is missing; answers what was there. */
async function ensure(cluster: Cluster, purposes: readonly Purpose[], raw: RawConfig): Promise<readonly Purpose[]> {
  const names = purposes.map(({ name }) => name)
  const known = await cluster.topics(names, { refresh: true })
  const missing = purposes.filter(({ name }) => !known.has(name))
  if (missing.length > 0) {
    const topics = missing.map((purpose) => newTopic(purpose, raw))
    const outcome = await createTopics(cluster, topics)
    for (const { name } of missing) if (outcome.get(name) === 'exists') await cluster.topic(name, { refresh: true })
  }
  return purposes.filter(({ name }) => known.has(name))
}

const OWN = new Set(['topic', 'partitions', 'replication.factor', 'cleanup.policy'])

function newTopic({ name, property, partitions, replicationFactor }: Purpose, raw: RawConfig): NewTopic {
  const prefix = property.slice(0, -'topic'.length).replace('offsets.', 'offset.')
  const configs: Record<string, string> = { 'cleanup.policy': 'compact' }
  for (const [key, value] of Object.entries(raw)) {
    const setting = key.startsWith(prefix) ? key.slice(prefix.length) : null
    if (setting !== null && !OWN.has(setting) && typeof value === 'string') configs[setting] = value
  }
  return { name, partitions, replicationFactor, configs }
}

/** Not checked where the principal may not describe topics, as in Connect. */
async function checkCompacted(cluster: Cluster, purposes: readonly Purpose[]): Promise<void> {
  if (purposes.length === 0) return
  const names = purposes.map(({ name }) => name)
  const found = await topicConfigs(cluster, names, ['cleanup.policy']).catch((error: unknown) => {
    if (error instanceof ConnectError && error.javaClass.endsWith('AuthorizationException')) return null
    throw error
  })
  if (found === null) return
  for (const { name, property, what } of purposes) {
    const policy = found.get(name)?.get('cleanup.policy')?.value ?? 'compact'
    if (policy !== 'compact')
      throw new ConfigError(
        `Topic '${name}' supplied via the '${property}' property is required to have 'cleanup.policy=compact' to guarantee consistency and durability of ${what}, but found the topic currently has 'cleanup.policy=${policy}'. Continuing would likely result in eventually losing ${what} and problems restarting this Connect cluster in the future. Change the '${property}' property in the Connect worker configurations to use a topic with 'cleanup.policy=compact'.`,
      )
  }
}
