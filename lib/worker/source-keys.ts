/** The settings that every source connector has besides (`SourceConnectorConfig`, Kafka 4.3). */
import { list, long, string } from '../connect/settings.ts'
import { atLeast, nonEmptyString, oneOfIgnoringCase } from '../connect/validators.ts'
import { optional, uniqueAliases } from './connector-keys.ts'

const EXACTLY_ONCE = { group: 'Exactly Once Support' } as const

export const SOURCE_KEYS = {
  'topic.creation.groups': list({
    doc: 'Groups of configurations for topics created by source connectors.',
    importance: 'low',
    default: [],
    validator: uniqueAliases('topic creation group'),
    group: 'Topic Creation',
    order: 1,
    width: 'LONG',
    displayName: 'Topic Creation Groups',
  }),
  'exactly.once.support': string({
    doc: "'required': refuse a connector that can't deliver exactly once; 'requested': don't look.",
    default: 'requested',
    validator: oneOfIgnoringCase('required', 'requested'),
    ...EXACTLY_ONCE,
    order: 2,
    width: 'SHORT',
    displayName: 'Exactly once support',
  }),
  'transaction.boundary': string({
    doc: 'When a transaction ends: with each poll, by interval, or as the connector says.',
    default: 'poll',
    validator: oneOfIgnoringCase('interval', 'poll', 'connector'),
    ...EXACTLY_ONCE,
    order: 3,
    width: 'SHORT',
    displayName: 'Transaction Boundary',
  }),
  'transaction.boundary.interval.ms': long({
    doc: "The interval in ms for transaction.boundary=interval. Default: the worker's offset.flush.interval.ms.",
    importance: 'low',
    default: null as number | null,
    validator: optional(atLeast(0)),
    ...EXACTLY_ONCE,
    order: 4,
    width: 'SHORT',
    displayName: 'Transaction boundary interval',
  }),
  'offsets.storage.topic': string({
    doc: "The offsets topic of this connector. Default: the worker's.",
    importance: 'low',
    default: null as string | null,
    validator: nonEmptyString,
    group: 'offsets.topic',
    order: 1,
    width: 'LONG',
    displayName: 'Offsets topic',
  }),
} as const
