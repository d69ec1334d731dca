/** The settings of MirrorSourceConnector (`MirrorSourceConfig`). */
import { distinctValues } from '../../../connect/list-validators.ts'
import { boolean, type ConfigOf, int, list, long, short, string } from '../../../connect/settings.ts'
import {
  COMMON,
  CONFIG_FILTER,
  METRIC_NAMES_FORMATS,
  OFFSET_SYNCS_LOCATION,
  POLL_TIMEOUT,
  TOPIC_FILTER,
  TOPICS,
} from '../settings.ts'

const LOW = { importance: 'low' } as const
const SECONDS = 'The time between two of them, in seconds.'

export const SETTINGS = {
  ...COMMON,
  ...TOPICS,
  'config.properties.exclude': list({
    default: [
      'follower.replication.throttled.replicas',
      'leader.replication.throttled.replicas',
      'message.timestamp.difference.max.ms',
      'log.message.timestamp.before.max.ms',
      'log.message.timestamp.after.max.ms',
      'message.timestamp.type',
      'unclean.leader.election.enable',
      'min.insync.replicas',
    ],
    importance: 'high',
    validator: distinctValues(true),
    doc: "Topics' configs that are not copied: names and regular expressions.",
  }),
  ...TOPIC_FILTER,
  ...CONFIG_FILTER,
  ...POLL_TIMEOUT,
  'refresh.topics.enabled': boolean({
    ...LOW,
    default: true,
    doc: 'Whether new topics and partitions are looked for.',
  }),
  'refresh.topics.interval.seconds': long({ ...LOW, default: 600, doc: SECONDS }),
  'sync.topic.configs.enabled': boolean({
    ...LOW,
    default: true,
    doc: "Whether the remote topics' configs follow those of their topics.",
  }),
  'sync.topic.configs.interval.seconds': long({ ...LOW, default: 600, doc: SECONDS }),
  'sync.topic.acls.enabled': boolean({
    ...LOW,
    default: true,
    doc: 'Whether the remote topics get the ACLs of their topics, but for the right to write.',
  }),
  'sync.topic.acls.interval.seconds': long({ ...LOW, default: 600, doc: SECONDS }),
  'replication.factor': int({ ...LOW, default: 2, doc: 'Of remote topics that are created.' }),
  'offset-syncs.topic.replication.factor': short({ ...LOW, default: 3, doc: "Of the offset syncs' topic." }),
  'offset.lag.max': long({
    ...LOW,
    default: 100,
    doc: 'After so many records of a partition an offset sync is written: so far may translated offsets of groups lie behind.',
  }),
  ...OFFSET_SYNCS_LOCATION,
  'emit.offset-syncs.enabled': boolean({
    ...LOW,
    default: true,
    doc: 'Whether offset syncs are written, by which MirrorCheckpointConnector translates offsets.',
  }),
  'heartbeats.replication.enabled': boolean({
    ...LOW,
    default: true,
    doc: "Whether topics of heartbeats are replicated though `topics` doesn't name them.",
  }),
  ...METRIC_NAMES_FORMATS,
} as const

export type SourceConfig = ConfigOf<typeof SETTINGS>

/** Read by `DefaultConfigPropertyFilter`, and declared by nobody. */
export const USE_DEFAULTS_FROM = {
  'use.defaults.from': string({ default: 'target', doc: 'Whose defaults remote topics have: source or target.' }),
} as const
