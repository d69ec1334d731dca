/** The worker's settings: Connect's names and defaults (`DistributedConfig`, Kafka 4.3), and Penstock's own. */
import { type ConfigOf, int, list, long, parse, type RawConfig, short, string } from '../connect/settings.ts'
import { atLeast, between, oneOfIgnoringCase } from '../connect/validators.ts'

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'

export const WORKER_SETTINGS = {
  'bootstrap.servers': list({
    doc: 'Kafka brokers to begin with, as host:port.',
    importance: 'high',
    default: ['localhost:9092'],
  }),
  'group.id': string({
    doc: "The Connect cluster's name; sets off its topics and transactional ids.",
    importance: 'high',
    default: 'penstock',
  }),
  'config.storage.topic': string({ doc: 'Topic of the connector configs. Default: GROUP-configs.', default: null }),
  'config.storage.replication.factor': short({
    doc: 'Its replication factor; -1 for the default of the broker.',
    default: 3,
  }),
  'offset.storage.topic': string({ doc: 'Topic of the source offsets. Default: GROUP-offsets.', default: null }),
  'offset.storage.replication.factor': short({
    doc: 'Its replication factor; -1 for the default of the broker.',
    default: 3,
  }),
  'offset.storage.partitions': int({ doc: 'Its partitions; -1 for the default of the broker.', default: 25 }),
  'status.storage.topic': string({ doc: 'Topic of the statuses. Default: GROUP-status.', default: null }),
  'status.storage.replication.factor': short({
    doc: 'Its replication factor; -1 for the default of the broker.',
    default: 3,
  }),
  'status.storage.partitions': int({ doc: 'Its partitions; -1 for the default of the broker.', default: 5 }),
  'key.converter': string({ doc: 'Default key converter.', default: JSON_CONVERTER }),
  'value.converter': string({ doc: 'Default value converter.', default: JSON_CONVERTER }),
  'header.converter': string({
    doc: 'Default header converter.',
    default: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  }),
  'exactly.once.source.support': string({
    doc: 'Exactly-once for source connectors whose offsets allow it (KIP-618).',
    default: 'enabled',
    validator: oneOfIgnoringCase('disabled', 'preparing', 'enabled'),
  }),
  'offset.flush.interval.ms': long({
    doc: 'How often offsets are committed, in ms, where no transaction does it.',
    default: 60_000,
  }),
  'offset.flush.timeout.ms': long({ doc: 'The longest wait for records to be flushed, in ms.', default: 5_000 }),
  'penstock.slice.ms': long({
    doc: 'The length of a slice, in ms.',
    default: 300_000,
    validator: between(1_000, 840_000),
  }),
  'penstock.idle.max.ms': long({
    doc: 'How seldom an idle task looks, in ms.',
    default: 60_000,
    validator: atLeast(10),
  }),
  'penstock.idle.after.ms': long({
    doc: 'How long a task with nothing to do waits inside its slice before it ends it, in ms.',
    default: 1_000,
  }),
  'penstock.progress.ms': long({
    doc: 'How often a running slice writes its counters to the table, in ms.',
    default: 15_000,
    validator: atLeast(100),
  }),
  'penstock.rate.limit': long({ doc: 'Records per second of a task; -1 for no limit.', default: -1 }),
  'penstock.restart.max.attempts': int({
    doc: 'Restarts of a failed task without progress between them, before a person has to act; -1 for no end.',
    default: 10,
  }),
  'penstock.restart.delay.ms': long({
    doc: 'Delay before the first restart of a failed task, in ms; doubles with each.',
    default: 1_000,
  }),
  'penstock.restart.delay.max.ms': long({ doc: 'The longest delay between restarts, in ms.', default: 60_000 }),
} as const

export type WorkerSettings = ConfigOf<typeof WORKER_SETTINGS>

export interface Worker {
  readonly settings: WorkerSettings
  /** As given, for the settings under a prefix: `producer.`, `key.converter.`, ... */
  readonly raw: RawConfig
  readonly topics: { readonly configs: string; readonly offsets: string; readonly status: string }
}

export function worker(raw: RawConfig): Worker {
  const settings = parse(WORKER_SETTINGS, raw)
  const group = settings['group.id']
  const topics = {
    configs: settings['config.storage.topic'] ?? `${group}-configs`,
    offsets: settings['offset.storage.topic'] ?? `${group}-offsets`,
    status: settings['status.storage.topic'] ?? `${group}-status`,
  }
  return { settings, raw, topics }
}

/** JsonConverter as Penstock's default goes without schemas, as the quick starts of Connect set it. */
export const LOCAL_DEFAULTS: RawConfig = {
  'key.converter': JSON_CONVERTER,
  'key.converter.schemas.enable': 'false',
  'value.converter': JSON_CONVERTER,
  'value.converter.schemas.enable': 'false',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'penstock.slice.ms': '60000',
  'penstock.idle.max.ms': '500',
  'penstock.progress.ms': '1000',
}
