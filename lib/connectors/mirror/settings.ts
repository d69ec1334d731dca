/** The settings that the three connectors have in common (`MirrorConnectorConfig`), in their order and with their defaults. */
import { ConfigError } from '../../connect/errors.ts'
import { distinctValues } from '../../connect/list-validators.ts'
import { boolean, className, list, long, string, type Validator } from '../../connect/settings.ts'
import { oneOf, oneOfIgnoringCase } from '../../connect/validators.ts'
import { DEFAULT_POLICY, IDENTITY_POLICY } from './replication-policy.ts'
import { SECURITY } from './security-settings.ts'

const NO_EFFECT = 'Without effect: '

/** Of the classes that Java's connectors would load, those that are here. */
function classOf(...known: readonly string[]): Validator {
  return {
    allowed: `one of ${known.join(', ')}`,
    check(name, value) {
      if (value !== null && !known.includes(value as string))
        throw ConfigError.invalid(name, value, `Class ${value} could not be found.`)
    },
  }
}

export const COMMON = {
  enabled: boolean({
    default: true,
    importance: 'low',
    doc: 'Whether anything is replicated. Without it there are no tasks.',
  }),
  'source.cluster.alias': string({
    importance: 'high',
    doc: "The name of the cluster that is replicated; the connectors' topics bear it.",
  }),
  'target.cluster.alias': string({
    default: 'target',
    importance: 'high',
    doc: 'The name of the cluster that is replicated to.',
  }),
  'admin.timeout.ms': long({
    default: 60_000,
    importance: 'low',
    doc: 'How long finding topics and groups, and creating topics, may take, in ms.',
  }),
  'replication.policy.class': className({
    default: DEFAULT_POLICY,
    importance: 'low',
    validator: classOf(DEFAULT_POLICY, IDENTITY_POLICY),
    doc: "How topics are called on the target cluster: DefaultReplicationPolicy puts the source cluster's alias before the name, IdentityReplicationPolicy keeps the name.",
  }),
  'replication.policy.separator': string({
    default: '.',
    importance: 'low',
    doc: 'What stands between the alias and the name of a topic.',
  }),
  'replication.policy.internal.topic.separator.enabled': boolean({
    default: true,
    importance: 'low',
    doc: "Whether the separator is that of the checkpoints' and the offset syncs' topics, too; else they have dots.",
  }),
  'forwarding.admin.class': className({
    default: 'org.apache.kafka.clients.admin.ForwardingAdmin',
    importance: 'low',
    validator: classOf('org.apache.kafka.clients.admin.ForwardingAdmin'),
    doc: 'Topics are created by the clusters themselves: there is no other way.',
  }),
  'metric.reporters': list({
    default: ['org.apache.kafka.common.metrics.JmxReporter'],
    importance: 'low',
    validator: distinctValues(true),
    doc: `${NO_EFFECT}no Java class is loaded.`,
  }),
  'security.protocol': string({
    default: 'PLAINTEXT',
    validator: oneOfIgnoringCase('SASL_SSL', 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT'),
    doc: `${NO_EFFECT}set source.cluster.security.protocol and target.cluster.security.protocol.`,
  }),
  'config.providers': list({
    default: [],
    importance: 'low',
    validator: distinctValues(true),
    doc: `${NO_EFFECT}config providers are those of the worker.`,
  }),
  ...SECURITY,
} as const

const FILTERS = 'org.apache.kafka.connect.mirror'

/** Which topics are meant (`DefaultTopicFilter`). Checkpoints go by them too, though they don't declare them. */
export const TOPICS = {
  topics: list({
    default: ['.*'],
    importance: 'high',
    validator: distinctValues(true),
    doc: 'The topics to replicate: names and regular expressions, with commas between them.',
  }),
  'topics.exclude': list({
    default: ['mm2.*\\.internal', '.*\\.replica', '__.*'],
    importance: 'high',
    validator: distinctValues(true),
    doc: 'Topics that are not, though `topics` names them: names and regular expressions.',
  }),
} as const

export const TOPIC_FILTER = {
  'topic.filter.class': className({
    default: `${FILTERS}.DefaultTopicFilter`,
    importance: 'low',
    validator: classOf(`${FILTERS}.DefaultTopicFilter`),
    doc: 'How topics are chosen: by `topics` and `topics.exclude`.',
  }),
} as const

export const GROUP_FILTER = {
  'group.filter.class': className({
    default: `${FILTERS}.DefaultGroupFilter`,
    importance: 'low',
    validator: classOf(`${FILTERS}.DefaultGroupFilter`),
    doc: 'How groups are chosen: by `groups` and `groups.exclude`.',
  }),
} as const

export const CONFIG_FILTER = {
  'config.property.filter.class': className({
    default: `${FILTERS}.DefaultConfigPropertyFilter`,
    importance: 'low',
    validator: classOf(`${FILTERS}.DefaultConfigPropertyFilter`),
    doc: "How topics' configs are chosen: by `config.properties.exclude`.",
  }),
} as const

export const OFFSET_SYNCS_LOCATION = {
  'offset-syncs.topic.location': string({
    default: 'source',
    importance: 'low',
    validator: oneOf('source', 'target'),
    doc: 'The cluster that the topic of the offset syncs is on: source or target.',
  }),
} as const

export const POLL_TIMEOUT = {
  'consumer.poll.timeout.ms': long({
    default: 1_000,
    importance: 'low',
    doc: 'How long one look for something new takes at most, in ms.',
  }),
} as const

const METRIC_NAMES = ['legacy', 'new']

export const METRIC_NAMES_FORMATS = {
  'metric.names.formats': list({
    default: ['legacy'],
    importance: 'low',
    validator: {
      allowed: `[${METRIC_NAMES.join(', ')}]`,
      check(name, value) {
        distinctValues(false).check(name, value)
        for (const one of value as readonly string[]) oneOf(...METRIC_NAMES).check(name, one)
      },
    },
    doc: `${NO_EFFECT}the metrics are Penstock's.`,
  }),
} as const

/** The period in ms of what is done every so many seconds; null where it isn't done. */
export function periodMs(enabled: boolean, seconds: number): number | null {
  return enabled ? seconds * 1_000 : null
}
