/** The worker's settings: Connect's names and defaults (`DistributedConfig`, Kafka 4.3), and Penstock's own. */
import { budget } from '../connect/budget.ts'
import {
  boolean,
  type ConfigOf,
  int,
  list,
  long,
  parse,
  password,
  type RawConfig,
  short,
  string,
} from '../connect/settings.ts'
import { atLeast, between, oneOfIgnoringCase } from '../connect/validators.ts'
import { type ConfigProviders, configProviders } from './config-providers.ts'
import { overridePolicy } from './override-policy.ts'
import { PRICE_SETTINGS } from './prices.ts'
import { headersConfig } from './response-headers.ts'
import { secretWorkerValues } from './secrets.ts'

/** The longest look-up of the worker's own references, in ms. */
const LOOK_UP_MS = 20_000

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
  'topic.creation.enable': boolean({
    doc: 'Whether the topic.creation.* settings of source connectors count (KIP-158); else missing topics are left to the broker.',
    importance: 'low',
    default: true,
  }),
  'topic.tracking.enable': boolean({
    doc: 'Whether the topics that a connector uses are kept for GET /connectors/NAME/topics.',
    importance: 'low',
    default: true,
  }),
  'topic.tracking.allow.reset': boolean({
    doc: 'Whether PUT /connectors/NAME/topics/reset may forget them.',
    importance: 'low',
    default: true,
  }),
  'offset.flush.interval.ms': long({
    doc: 'How often offsets are committed, in ms, where no transaction does it.',
    default: 60_000,
  }),
  'offset.flush.timeout.ms': long({ doc: 'The longest wait for records to be flushed, in ms.', default: 5_000 }),
  'config.providers': list({
    doc: 'Names of config providers. Each has config.providers.NAME.class and settings under config.providers.NAME.param.',
    importance: 'low',
    default: [],
  }),
  'connector.client.config.override.policy': string({
    doc: "Which client settings connectors may override: All, None, Principal or Allowlist, or the class of one of Kafka's policies.",
    default: 'All',
    validator: overridePolicy,
  }),
  'connector.client.config.override.allowlist': list({
    doc: 'The client settings that connectors may override by the policy Allowlist (KIP-1188).',
    default: [] as readonly string[],
  }),
  listeners: list({
    doc: 'Where the REST API listens, as http://host:port or https://host:port, on a machine of its own.',
    importance: 'low',
    default: ['http://localhost:8083'],
  }),
  'access.control.allow.origin': string({
    doc: 'Origins whose pages may use the REST API (CORS), separated by commas; * for any. Empty: none.',
    importance: 'low',
    default: '',
  }),
  'access.control.allow.methods': string({
    doc: 'Methods that such pages may use. Empty: GET, POST and HEAD.',
    importance: 'low',
    default: '',
  }),
  'response.http.headers.config': string({
    doc: 'Headers of every REST answer: [set|add|setDate|addDate] NAME: VALUE, separated by commas.',
    importance: 'low',
    default: '',
    validator: headersConfig,
  }),
  'penstock.rest.auth.token': password({
    doc: 'A token that REST requests have to carry, as Authorization: Bearer TOKEN. /health is open.',
    default: null,
  }),
  'penstock.rest.auth.basic': string({
    doc: 'A file of user:hash lines, as htpasswd -B writes it: REST requests have to carry a name and its password. /health is open.',
    default: null as string | null,
  }),
  'penstock.files.allow': list({
    doc: "Folders of this machine that connectors' configs may name: for files to read and write, keys, scripts, and the config providers of files. * for any. Empty: none.",
    default: [] as readonly string[],
  }),
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
  'penstock.rate.limit.bytes': long({
    doc: 'Bytes per second of a task, those of keys and values; -1 for no limit.',
    default: -1,
  }),
  'penstock.metrics.emf': boolean({
    doc: "Whether each slice prints its metrics for CloudWatch, in the embedded metric format, to the task function's log.",
    default: true,
  }),
  'penstock.stall.restart.ms': long({
    doc: 'After how long a task that moves nothing is ended and started again, in ms; -1 for never. As max.poll.interval.ms.',
    default: 300_000,
    validator: atLeast(-1),
  }),
  'penstock.restart.max.attempts': int({
    doc: 'Restarts of a failed task without progress between them, before a person has to act; -1 for no end.',
    default: 10,
  }),
  'penstock.restart.delay.ms': long({
    doc: 'Delay before the first restart of a failed task, in ms; doubles with each.',
    default: 1_000,
  }),
  'penstock.restart.delay.max.ms': long({ doc: 'The longest delay between restarts, in ms.', default: 60_000 }),
  ...PRICE_SETTINGS,
} as const

export type WorkerSettings = ConfigOf<typeof WORKER_SETTINGS>

export interface Worker {
  readonly settings: WorkerSettings
  /** As given, for the settings under a prefix: `producer.`, `key.converter.`, ... */
  readonly raw: RawConfig
  readonly topics: { readonly configs: string; readonly offsets: string; readonly status: string }
  /** Of `config.providers`, for the connectors' references. */
  readonly providers: ConfigProviders
  /** Values that no text may show. */
  readonly secrets: readonly string[]
}

/** With the worker's own references resolved. */
export async function openWorker(raw: RawConfig): Promise<Worker> {
  using time = budget(LOOK_UP_MS)
  const { configs, values } = await configProviders(raw).resolve([raw], { owner: 'The worker', budget: time })
  return worker(configs[0] ?? raw, values)
}

/** References stay as they are written. `lookedUp`: values that are secret. */
export function worker(raw: RawConfig, lookedUp: readonly string[] = []): Worker {
  const settings = parse(WORKER_SETTINGS, raw)
  const group = settings['group.id']
  const topics = {
    configs: settings['config.storage.topic'] ?? `${group}-configs`,
    offsets: settings['offset.storage.topic'] ?? `${group}-offsets`,
    status: settings['status.storage.topic'] ?? `${group}-status`,
  }
  const secrets = [...lookedUp, ...secretWorkerValues(raw)]
  return { settings, raw, topics, providers: configProviders(raw), secrets }
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
  listeners: 'http://127.0.0.1:8083',
  'penstock.files.allow': '*',
  'penstock.slice.ms': '60000',
  'penstock.idle.max.ms': '500',
  'penstock.progress.ms': '1000',
  'penstock.metrics.emf': 'false',
}
