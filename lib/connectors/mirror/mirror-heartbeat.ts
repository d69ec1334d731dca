/** Writes a record now and then, so that whoever follows the copies of its topic sees that replication goes on. */
import { type SplitContext, source } from '../../connect/plugin.ts'
import type { RawConfig } from '../../connect/settings.ts'
import { bounded } from './bounded.ts'
import { administer, CLIENT_PREFIXES } from './clients.ts'
import { type HeartbeatConfig, SETTINGS } from './heartbeat/settings.ts'
import { HeartbeatTask } from './heartbeat/task.ts'
import { ensureCompactedTopic } from './internal-topics.ts'
import { checkOffsetChanges } from './offset-changes.ts'
import { replicationPolicy } from './replication-policy.ts'

export default source<typeof SETTINGS>({
  class: 'org.apache.kafka.connect.mirror.MirrorHeartbeatConnector',
  version: '4.3.1',
  doc: 'Writes heartbeats of MirrorMaker to the target cluster.',
  settings: SETTINGS,
  listsCommon: true,
  clientPrefixes: CLIENT_PREFIXES,
  taskClass: 'org.apache.kafka.connect.mirror.MirrorHeartbeatTask',
  exactlyOnce: () => null,
  checkOffsets: (changes) =>
    checkOffsetChanges(changes, {
      texts: ['sourceClusterAlias', 'targetClusterAlias'],
      partition: false,
      onlyZero: true,
    }),
  split,
  start: async (config, context) => new HeartbeatTask(config, replicationPolicy(config, context.raw).heartbeatsTopic),
})

/** One task. */
async function split(
  config: HeartbeatConfig,
  raw: RawConfig,
  _maxTasks: number,
  { budget, log }: SplitContext,
): Promise<readonly RawConfig[]> {
  const { heartbeatsTopic } = replicationPolicy(config, raw)
  const create = async () => {
    await using target = await administer(raw, 'target', 'heartbeats-target-admin')
    await ensureCompactedTopic(target, heartbeatsTopic, config['heartbeats.topic.replication.factor'], log)
  }
  await bounded(create(), `Creating topic ${heartbeatsTopic}`, config['admin.timeout.ms'], budget)
  return config['emit.heartbeats.enabled'] ? [raw] : []
}
