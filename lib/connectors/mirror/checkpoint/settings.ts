/** The settings of MirrorCheckpointConnector (`MirrorCheckpointConfig`). */
import { distinctValues } from '../../../connect/list-validators.ts'
import { boolean, type ConfigOf, list, long, short } from '../../../connect/settings.ts'
import {
  COMMON,
  GROUP_FILTER,
  METRIC_NAMES_FORMATS,
  OFFSET_SYNCS_LOCATION,
  POLL_TIMEOUT,
  TOPIC_FILTER,
} from '../settings.ts'

const LOW = { importance: 'low' } as const
const SECONDS = 'The time between two of them, in seconds.'

export const SETTINGS = {
  ...COMMON,
  ...POLL_TIMEOUT,
  groups: list({
    default: ['.*'],
    importance: 'high',
    validator: distinctValues(true),
    doc: 'The consumer groups to replicate: names and regular expressions, with commas between them.',
  }),
  'groups.exclude': list({
    default: ['console-consumer-.*', 'connect-.*', '__.*'],
    importance: 'high',
    validator: distinctValues(true),
    doc: 'Groups that are not, though `groups` names them: names and regular expressions.',
  }),
  ...GROUP_FILTER,
  'refresh.groups.enabled': boolean({ ...LOW, default: true, doc: 'Whether new groups are looked for.' }),
  'refresh.groups.interval.seconds': long({ ...LOW, default: 600, doc: SECONDS }),
  'emit.checkpoints.enabled': boolean({ ...LOW, default: true, doc: 'Whether checkpoints are written.' }),
  'emit.checkpoints.interval.seconds': long({
    ...LOW,
    default: 60,
    doc: 'The time between two looks at the groups, in seconds.',
  }),
  'sync.group.offsets.enabled': boolean({
    ...LOW,
    default: false,
    doc: 'Whether translated offsets are committed on the target cluster, for groups that nobody is a member of there.',
  }),
  'sync.group.offsets.interval.seconds': long({ ...LOW, default: 60, doc: SECONDS }),
  'checkpoints.topic.replication.factor': short({ ...LOW, default: 3, doc: "Of the checkpoints' topic." }),
  ...OFFSET_SYNCS_LOCATION,
  ...TOPIC_FILTER,
  ...METRIC_NAMES_FORMATS,
} as const

export type CheckpointConfig = ConfigOf<typeof SETTINGS>
