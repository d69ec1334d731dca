/** How topics are called on the cluster that they are copied to (`ReplicationPolicy`). */
import type { ConfigOf, RawConfig } from '../../connect/settings.ts'
import type { COMMON } from './settings.ts'

export const DEFAULT_POLICY = 'org.apache.kafka.connect.mirror.DefaultReplicationPolicy'
export const IDENTITY_POLICY = 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy'

const HEARTBEATS = 'heartbeats'

export interface ReplicationPolicy {
  /** The name of a topic of the source cluster on the target cluster. */
  remoteTopic(topic: string): string
  /** The alias of the cluster that a topic was copied from; null for one that wasn't. */
  topicSource(topic: string): string | null
  /** The topic's name on that cluster; null for one that wasn't copied. */
  upstreamTopic(topic: string): string | null
  /** The name with which a topic began, however often it was copied. */
  originalTopic(topic: string): string
  readonly heartbeatsTopic: string
  offsetSyncsTopic(alias: string): string
  checkpointsTopic(alias: string): string
  isHeartbeatsTopic(topic: string): boolean
  /** One of MirrorMaker's or of Kafka's own. */
  isInternalTopic(topic: string): boolean
}

type Names = Pick<ReplicationPolicy, 'remoteTopic' | 'topicSource' | 'upstreamTopic'>

export function replicationPolicy(config: ConfigOf<typeof COMMON>, raw: RawConfig): ReplicationPolicy {
  const separator = config['replication.policy.separator']
  const own = config['replication.policy.internal.topic.separator.enabled'] ? separator : '.'
  // As Kafka's policy, which doesn't look at the second setting without the first.
  const internal = typeof raw['replication.policy.separator'] === 'string' ? own : '.'
  const prefixed = prefixedNames(config['source.cluster.alias'], separator)
  const names =
    config['replication.policy.class'] === IDENTITY_POLICY
      ? sameNames(config['source.cluster.alias'], prefixed)
      : prefixed
  const originalTopic = (topic: string): string => {
    const upstream = names.upstreamTopic(topic)
    return upstream === null || upstream === topic ? topic : originalTopic(upstream)
  }
  const suffix = `${internal}internal`
  const checkpoints = `${internal}checkpoints${suffix}`
  return {
    ...names,
    originalTopic,
    heartbeatsTopic: HEARTBEATS,
    offsetSyncsTopic: (alias) => `mm2-offset-syncs${internal}${alias}${suffix}`,
    checkpointsTopic: (alias) => alias + checkpoints,
    isHeartbeatsTopic: (topic) => originalTopic(topic) === HEARTBEATS,
    isInternalTopic: (topic) =>
      (topic.startsWith('mm2') && topic.endsWith(suffix)) || topic.endsWith(checkpoints) || /^(__|\.)/.test(topic),
  }
}

/** `DefaultReplicationPolicy`: the source's alias before the name. */
function prefixedNames(source: string, separator: string): Names {
  const topicSource = (topic: string): string | null => {
    const parts = topic.split(separator)
    while (parts.at(-1) === '') parts.pop()
    return parts.length < 2 ? null : (parts[0] as string)
  }
  return {
    remoteTopic: (topic) => source + separator + topic,
    topicSource,
    upstreamTopic(topic) {
      const alias = topicSource(topic)
      return alias === null ? null : topic.slice(alias.length + separator.length)
    },
  }
}

/** `IdentityReplicationPolicy`: names stay as they are, but for heartbeats, which would go round in circles. */
function sameNames(source: string, prefixed: Names): Names {
  const isHeartbeat = (topic: string) => topic.endsWith(HEARTBEATS)
  return {
    remoteTopic: (topic) => (isHeartbeat(topic) ? prefixed.remoteTopic(topic) : topic),
    topicSource: (topic) => (isHeartbeat(topic) ? prefixed.topicSource(topic) : source),
    upstreamTopic: (topic) => (isHeartbeat(topic) ? prefixed.upstreamTopic(topic) : topic),
  }
}
