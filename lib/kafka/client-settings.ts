/**
 * The settings of Kafka clients from Kafka's own property names, as a Connect worker and its connectors give them.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { ConfigError } from '../connect/errors.ts'
import { type ConfigOf, parse, type RawConfig } from '../connect/settings.ts'
import {
  COMMON_PROPERTIES,
  CONNECT_PRODUCER_DEFAULTS,
  CONSUMER_PROPERTIES,
  PRODUCER_PROPERTY_NAMES,
} from './client-properties.ts'
import { type ProducerSettings, producerSettings } from './producer-settings.ts'
import { type Login, saslSettings } from './sasl-settings.ts'
import { tlsSettings } from './tls-settings.ts'
import { isHarmless, type Role, refuse } from './unused-properties.ts'

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

/** How to reach and to be known to a cluster. Times in ms, none longer than a timer can wait. */
export interface ClientSettings {
  /** host:port each; IPv6 in brackets. */
  readonly bootstrapServers: readonly string[]
  readonly clientId: string
  readonly securityProtocol: SecurityProtocol
  /** Null for no TLS. */
  readonly tls: ConnectionOptions | null
  /** Null for no login. */
  readonly sasl: Login | null
  readonly requestTimeoutMs: number
  /** For a call that needs several requests: creating topics, finding offsets. */
  readonly apiTimeoutMs: number
  /** For TCP, TLS and SASL together, and for finding a first broker. */
  readonly connectTimeoutMs: number
  readonly maxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly metadataMaxAgeMs: number
  /** Tells connections with different settings apart, logins and certificates included. Of this process only. */
  readonly fingerprint: string
}

export interface ConsumerSettings {
  /** Null unless the user names a group of his own. */
  readonly groupId: string | null
  readonly fetchMinBytes: number
  readonly fetchMaxWaitMs: number
  readonly fetchMaxBytes: number
  readonly maxPartitionFetchBytes: number
  readonly maxPollRecords: number
  readonly isolationLevel: 'read_uncommitted' | 'read_committed'
  readonly autoOffsetReset: OffsetReset
  readonly checkCrcs: boolean
  readonly rack: string
}

export type OffsetReset = 'earliest' | 'latest' | 'none' | { readonly byDurationMs: number }

interface Common {
  readonly client: ClientSettings
  /** Properties that Kafka knows and that change nothing here. */
  readonly ignored: readonly string[]
  /** Properties that Kafka's clients don't know either: worth a warning. */
  readonly unknown: readonly string[]
}

export interface ProducerClient extends Common {
  readonly producer: ProducerSettings
}

export interface ConsumerClient extends Common {
  readonly consumer: ConsumerSettings
}

const ROLE_PROPERTIES: Readonly<Record<Role, readonly string[]>> = {
  producer: PRODUCER_PROPERTY_NAMES,
  consumer: Object.keys(CONSUMER_PROPERTIES),
  admin: [],
}
/** A timer can't wait longer: a later time would fire at once. */
const LONGEST_MS = 2_147_483_647
/** The worker's own settings that its clients get without a prefix. */
const INHERITED =
  /^(bootstrap\.servers|client\.id|security\.protocol|(sasl|ssl)\..+|(reconnect|retry)\.backoff\.(max\.)?ms|request\.timeout\.ms|connections\.max\.idle\.ms|metadata\.max\.age\.ms|socket\.connection\.setup\.timeout\.ms)$/

/**
 * The settings of a client: the worker's plain connection settings, then its `producer.`, `consumer.` or `admin.` ones,
 * then `overrides`: the connector's `producer.override.`, `consumer.override.` or `admin.override.` ones, with the prefix
 * taken off. A property that Kafka knows and that can't be honoured is a `ConfigError` that says why.
 */
export function clientSettings(worker: RawConfig, role: 'producer', overrides?: RawConfig): ProducerClient
export function clientSettings(worker: RawConfig, role: 'consumer', overrides?: RawConfig): ConsumerClient
export function clientSettings(worker: RawConfig, role: 'admin', overrides?: RawConfig): Common
export function clientSettings(
  worker: RawConfig,
  role: Role,
  overrides: RawConfig = {},
): Common & Partial<ProducerClient> & Partial<ConsumerClient> {
  const plain = Object.fromEntries(Object.entries(worker).filter(([name]) => INHERITED.test(name)))
  const own = { ...withPrefix(worker, `${role}.`), ...overrides }
  const raw = { ...plain, ...own }
  for (const [name, value] of Object.entries(raw)) refuse(name, value ?? '')
  const known = new Set([...Object.keys(COMMON_PROPERTIES), ...ROLE_PROPERTIES[role]])
  const unused = Object.keys(own).filter((name) => !known.has(name))
  const common = {
    client: client(raw),
    ignored: unused.filter((name) => isHarmless(name, role)),
    unknown: unused.filter((name) => !isHarmless(name, role)),
  }
  switch (role) {
    case 'producer':
      return { ...common, producer: producerSettings({ ...CONNECT_PRODUCER_DEFAULTS, ...raw }) }
    case 'consumer':
      return { ...common, consumer: consumer(raw) }
    case 'admin':
      return common
    default:
      return role satisfies never
  }
}

function withPrefix(config: RawConfig, prefix: string): RawConfig {
  const found = Object.entries(config).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]))
}

const PROCESS_KEY = randomBytes(32)

function fingerprint(raw: RawConfig): string {
  const connection = Object.keys(raw)
    .filter((name) => name in COMMON_PROPERTIES)
    .sort()
  const hash = createHmac('sha256', PROCESS_KEY)
  return hash.update(JSON.stringify(connection.map((name) => [name, raw[name]]))).digest('base64url')
}

const time = (ms: number) => Math.min(ms, LONGEST_MS)

function client(raw: RawConfig): ClientSettings {
  const config: ConfigOf<typeof COMMON_PROPERTIES> = parse(COMMON_PROPERTIES, raw)
  if (config['bootstrap.servers'].length === 0)
    throw new ConfigError('No resolvable bootstrap urls given in bootstrap.servers')
  const securityProtocol = config['security.protocol'].toUpperCase() as SecurityProtocol
  const idle = config['connections.max.idle.ms']
  return {
    bootstrapServers: config['bootstrap.servers'],
    clientId: config['client.id'],
    securityProtocol,
    tls: securityProtocol.endsWith('SSL') ? tlsSettings(config) : null,
    sasl: securityProtocol.startsWith('SASL') ? saslSettings(config) : null,
    requestTimeoutMs: time(config['request.timeout.ms']),
    apiTimeoutMs: time(config['default.api.timeout.ms']),
    connectTimeoutMs: time(config['socket.connection.setup.timeout.ms']),
    maxIdleMs: idle < 0 ? LONGEST_MS : time(idle),
    reconnectBackoffMs: time(config['reconnect.backoff.ms']),
    reconnectBackoffMaxMs: time(Math.max(config['reconnect.backoff.max.ms'], config['reconnect.backoff.ms'])),
    retryBackoffMs: time(config['retry.backoff.ms']),
    retryBackoffMaxMs: time(Math.max(config['retry.backoff.max.ms'], config['retry.backoff.ms'])),
    metadataMaxAgeMs: time(config['metadata.max.age.ms']),
    fingerprint: fingerprint(raw),
  }
}

function consumer(raw: RawConfig): ConsumerSettings {
  const config = parse(CONSUMER_PROPERTIES, raw)
  return {
    groupId: config['group.id'],
    fetchMinBytes: config['fetch.min.bytes'],
    fetchMaxWaitMs: config['fetch.max.wait.ms'],
    fetchMaxBytes: config['fetch.max.bytes'],
    maxPartitionFetchBytes: config['max.partition.fetch.bytes'],
    maxPollRecords: config['max.poll.records'],
    isolationLevel: config['isolation.level'] as ConsumerSettings['isolationLevel'],
    autoOffsetReset: offsetReset(config['auto.offset.reset']),
    checkCrcs: config['check.crcs'],
    rack: config['client.rack'],
  }
}

/** `by_duration:` takes an ISO 8601 duration of days, hours, minutes and seconds, as Java's `Duration` (KIP-1106). */
function offsetReset(text: string): OffsetReset {
  const name = text.toLowerCase()
  if (name === 'earliest' || name === 'latest' || name === 'none') return name
  const [, days, clock, hours, minutes, seconds] =
    /^by_duration:P(?:(\d+)D)?(T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$/i.exec(text) ?? []
  if (days === undefined && (clock === undefined || clock.length === 1))
    throw ConfigError.invalid('auto.offset.reset', text, 'Expected latest, earliest, none or by_duration:PnDTnHnMn.nS')
  const inSeconds =
    Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
  return { byDurationMs: Math.round(inSeconds * 1000) }
}
