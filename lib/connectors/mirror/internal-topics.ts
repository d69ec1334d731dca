/** The topics that MirrorMaker keeps for itself: one partition each, compacted. */
import type { PluginLog } from '../../connect/plugin.ts'
import { createTopics } from '../../kafka/admin.ts'
import type { Cluster } from '../../kafka/cluster.ts'
import { CODES, KafkaError } from '../../kafka/codes.ts'

/** Creates it where it isn't there. A client that may not create topics takes it that somebody else does. */
export async function ensureCompactedTopic(
  cluster: Cluster,
  name: string,
  replicationFactor: number,
  log: PluginLog,
): Promise<void> {
  try {
    await createTopics(cluster, [{ name, partitions: 1, replicationFactor, configs: { 'cleanup.policy': 'compact' } }])
  } catch (error) {
    if (!(error instanceof KafkaError) || !REFUSED.includes(error.code)) throw error
    log.warn(`topic ${name} may not be created by the connector: it has to be there`, { error: error.message })
  }
}

const REFUSED: readonly number[] = [CODES.TOPIC_AUTHORIZATION_FAILED, CODES.CLUSTER_AUTHORIZATION_FAILED]
