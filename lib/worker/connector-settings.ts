/** A connector's config as the pipeline and the coordinator need it: parsed, with the worker's settings where it has none. */
import { ConfigError } from '../connect/errors.ts'
import { type ConfigOf, parse, type RawConfig, type Settings } from '../connect/settings.ts'
import { CONNECTOR_KEYS } from './connector-keys.ts'
import { PENSTOCK_KEYS } from './penstock-keys.ts'
import type { Worker } from './settings.ts'
import { SINK_KEYS } from './sink-keys.ts'
import { SOURCE_KEYS } from './source-keys.ts'
import { type TopicCreation, topicCreation } from './topic-creation.ts'

/** A plugin to be made: its class as the user wrote it, and its own settings with the prefix taken off. */
export interface PluginUse {
  readonly class: string
  readonly raw: RawConfig
}

export interface TransformUse extends PluginUse {
  readonly alias: string
  /** The transform applies where the predicate holds, or, negated, where it doesn't. */
  readonly predicate: (PluginUse & { readonly alias: string; readonly negate: boolean }) | null
}

export interface DeadLetters {
  readonly topic: string
  readonly replicationFactor: number
  readonly contextHeaders: boolean
}

export interface ConnectorSettings {
  readonly name: string
  readonly class: string
  readonly tasksMax: number
  readonly keyConverter: PluginUse
  readonly valueConverter: PluginUse
  readonly headerConverter: PluginUse
  readonly transforms: readonly TransformUse[]
  readonly errors: {
    /** 0: no retries; -1: without end. */
    readonly retryTimeoutMs: number
    readonly retryDelayMaxMs: number
    readonly tolerate: boolean
    readonly log: boolean
    readonly logRecords: boolean
    /** Of a sink by Connect's settings, of a source by Penstock's. Null: none are written. */
    readonly deadLetters: DeadLetters | null
  }
  /** Empty where `topicsRegex` is set, and for a source. */
  readonly topics: readonly string[]
  readonly topicsRegex: string | null
  /** Null: topics are left to the broker. */
  readonly topicCreation: TopicCreation | null
  readonly exactlyOnce: 'required' | 'requested'
  readonly transactionBoundary: 'poll' | 'interval' | 'connector'
  readonly transactionIntervalMs: number
  readonly offsetsTopic: string
  /** Kafka client settings of this connector alone, with the prefix taken off. */
  readonly producerOverrides: RawConfig
  readonly consumerOverrides: RawConfig
  readonly adminOverrides: RawConfig
  readonly sliceMs: number
  readonly idleMaxMs: number
  /** Per second of a task; -1 for no limit. */
  readonly rateLimit: { readonly records: number; readonly bytes: number }
  /** -1 for never. */
  readonly stallRestartMs: number
  /** Of a sink. */
  readonly keepsPositions: boolean
  readonly restart: { readonly maxAttempts: number; readonly delayMs: number; readonly delayMaxMs: number }
}

const KEYS = { ...CONNECTOR_KEYS, ...SOURCE_KEYS, ...SINK_KEYS, ...PENSTOCK_KEYS } as const satisfies Settings
type Keys = ConfigOf<typeof KEYS>

/** The first `ConfigError` in the order of Connect's settings where one is wrong. Plugins are not looked up. */
export function connectorSettings(raw: RawConfig, worker: Worker): ConnectorSettings {
  const keys = parse(KEYS, raw)
  const own = worker.settings
  return {
    name: keys.name,
    class: keys['connector.class'],
    tasksMax: keys['tasks.max'],
    keyConverter: converterUse('key.converter', keys, raw, worker),
    valueConverter: converterUse('value.converter', keys, raw, worker),
    headerConverter: converterUse('header.converter', keys, raw, worker),
    transforms: keys.transforms.map((alias) => transformUse(alias, raw)),
    errors: errorSettings(keys),
    topics: keys.topics.filter((topic) => topic !== ''),
    topicsRegex: keys['topics.regex'] === '' ? null : keys['topics.regex'],
    topicCreation: own['topic.creation.enable'] ? topicCreation(keys['topic.creation.groups'], raw) : null,
    exactlyOnce: lower(keys['exactly.once.support']) === 'required' ? 'required' : 'requested',
    transactionBoundary: boundary(lower(keys['transaction.boundary'])),
    transactionIntervalMs: keys['transaction.boundary.interval.ms'] ?? own['offset.flush.interval.ms'],
    offsetsTopic: keys['offsets.storage.topic'] ?? worker.topics.offsets,
    producerOverrides: under('producer.override.', raw),
    consumerOverrides: under('consumer.override.', raw),
    adminOverrides: under('admin.override.', raw),
    sliceMs: keys['penstock.slice.ms'] ?? own['penstock.slice.ms'],
    idleMaxMs: keys['penstock.idle.max.ms'] ?? own['penstock.idle.max.ms'],
    rateLimit: {
      records: keys['penstock.rate.limit'] ?? own['penstock.rate.limit'],
      bytes: keys['penstock.rate.limit.bytes'] ?? own['penstock.rate.limit.bytes'],
    },
    stallRestartMs: keys['penstock.stall.restart.ms'] ?? own['penstock.stall.restart.ms'],
    keepsPositions: keys['penstock.sink.exactly.once'],
    restart: {
      maxAttempts: keys['penstock.restart.max.attempts'] ?? own['penstock.restart.max.attempts'],
      delayMs: keys['penstock.restart.delay.ms'] ?? own['penstock.restart.delay.ms'],
      delayMaxMs: keys['penstock.restart.delay.max.ms'] ?? own['penstock.restart.delay.max.ms'],
    },
  }
}

/** The settings that begin with `prefix`, without it. */
export function under(prefix: string, raw: RawConfig): RawConfig {
  const entries = Object.entries(raw).filter(([key]) => key.startsWith(prefix) && key.length > prefix.length)
  return Object.fromEntries(entries.map(([key, value]) => [key.slice(prefix.length), value]))
}

/** As Connect: a connector that names its converter gets nothing of the worker's settings for it, and else all of them. */
function converterUse(
  key: 'key.converter' | 'value.converter' | 'header.converter',
  keys: Keys,
  raw: RawConfig,
  worker: Worker,
): PluginUse {
  const type = key.slice(0, key.indexOf('.'))
  const named = keys[key]
  const use = named === null ? worker.raw : raw
  return { class: named ?? worker.settings[key], raw: { ...under(`${key}.`, use), 'converter.type': type } }
}

function transformUse(alias: string, raw: RawConfig): TransformUse {
  const { type, predicate, negate, ...own } = under(`transforms.${alias}.`, raw)
  if (type === undefined || type === null)
    throw new ConfigError(`Missing required configuration "transforms.${alias}.type" which has no default value.`)
  if (predicate === undefined || predicate === null || predicate === '')
    return { alias, class: type, raw: own, predicate: null }
  const { type: test, ...settings } = under(`predicates.${predicate}.`, raw)
  if (test === undefined || test === null)
    throw new ConfigError(
      `Transform '${alias}' refers to predicate '${predicate}', which has no predicates.${predicate}.type`,
    )
  const uses = { alias: predicate, class: test, raw: settings, negate: lower(negate ?? 'false').trim() === 'true' }
  return { alias, class: type, raw: own, predicate: uses }
}

function errorSettings(keys: Keys): ConnectorSettings['errors'] {
  return {
    retryTimeoutMs: keys['errors.retry.timeout'],
    retryDelayMaxMs: keys['errors.retry.delay.max.ms'],
    tolerate: keys['errors.tolerance'] === 'all',
    log: keys['errors.log.enable'],
    logRecords: keys['errors.log.include.messages'],
    deadLetters: deadLetters(keys, '') ?? deadLetters(keys, 'penstock.'),
  }
}

function deadLetters(keys: Keys, prefix: '' | 'penstock.'): DeadLetters | null {
  const topic = keys[`${prefix}errors.deadletterqueue.topic.name`]
  if (topic === '') return null
  return {
    topic,
    replicationFactor: keys[`${prefix}errors.deadletterqueue.topic.replication.factor`],
    contextHeaders: keys[`${prefix}errors.deadletterqueue.context.headers.enable`],
  }
}

function boundary(text: string): ConnectorSettings['transactionBoundary'] {
  return text === 'interval' || text === 'connector' ? text : 'poll'
}

function lower(text: string): string {
  return text.toLowerCase()
}
