/** The settings that every sink connector has besides (`SinkConnectorConfig`, Kafka 4.3). */
import { boolean, list, short, string } from '../connect/settings.ts'
import { distinctValues } from '../connect/validators.ts'
import { validRegex } from '../java/regex-validator.ts'

const COMMON = { group: 'Common' } as const
const ERRORS = { group: 'Error Handling' } as const

export const SINK_KEYS = {
  topics: list({
    doc: 'List of topics to consume, separated by commas.',
    importance: 'high',
    default: [],
    validator: distinctValues,
    ...COMMON,
    order: 4,
    width: 'LONG',
    displayName: 'Topics',
  }),
  'topics.regex': string({
    doc: 'Regular expression giving topics to consume. Only one of topics and topics.regex may be set.',
    importance: 'high',
    default: '',
    validator: validRegex,
    ...COMMON,
    order: 4,
    width: 'LONG',
    displayName: 'Topics regex',
  }),
  'errors.deadletterqueue.topic.name': string({
    doc: 'Topic of the dead letters; blank: none are written.',
    default: '',
    ...ERRORS,
    order: 6,
    width: 'MEDIUM',
    displayName: 'Dead Letter Queue Topic Name',
  }),
  'errors.deadletterqueue.topic.replication.factor': short({
    doc: "Replication factor of the dead letters' topic, where it is created.",
    default: 3,
    ...ERRORS,
    order: 7,
    width: 'MEDIUM',
    displayName: 'Dead Letter Queue Topic Replication Factor',
  }),
  'errors.deadletterqueue.context.headers.enable': boolean({
    doc: 'Whether dead letters carry headers (`__connect.errors.`) that tell the error.',
    default: false,
    ...ERRORS,
    order: 8,
    width: 'MEDIUM',
    displayName: 'Enable Error Context Headers',
  }),
} as const
