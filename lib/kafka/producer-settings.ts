import { ConfigError } from '../connect/errors.ts'
import { boolean, int, long, parse, type RawConfig, type Settings, string } from '../connect/settings.ts'
import { atLeast, between, oneOf } from '../connect/validators.ts'
import type { CompressionType } from './compression.ts'

/** What a producer needs to know, from the settings of Kafka's own (`ProducerConfig`, Kafka 4.3). Times in ms, sizes in bytes. */
export interface ProducerSettings {
  /** -1: all replicas in sync. Never 0: what is acknowledged without an answer could be lost unseen. */
  readonly acks: -1 | 1
  /** Sequence numbers, so that a repeated request doubles nothing. Only with acks=all. */
  readonly idempotent: boolean
  readonly compression: CompressionType
  /** Undefined: the codec's own default. */
  readonly compressionLevel: number | undefined
  readonly lingerMs: number
  readonly batchSize: number
  readonly maxRequestSize: number
  /** No more than this is appended and not acknowledged, give or take one batch of the caller's. */
  readonly bufferMemory: number
  readonly maxInFlight: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** How long beginning and ending a transaction may take. */
  readonly maxBlockMs: number
  readonly transactionTimeoutMs: number
}

const MEMORY_LIMIT = 16 * 1024 * 1024

const PRODUCER_SETTINGS = {
  acks: string({
    doc: 'Acknowledgements that a batch needs: all or 1; 0 is taken as 1.',
    default: 'all',
    validator: oneOf('all', '-1', '0', '1'),
  }),
  'enable.idempotence': boolean({ doc: 'Whether a repeated request can double records.', default: null }),
  'compression.type': string({
    doc: 'Compression of batches.',
    default: 'none',
    validator: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
  }),
  'compression.gzip.level': int({ doc: 'Level of gzip; -1 for its default.', default: -1, validator: between(-1, 9) }),
  'compression.zstd.level': int({ doc: 'Level of zstd.', default: 3, validator: between(-131_072, 22) }),
  'linger.ms': long({ doc: 'How long a batch may wait for more records.', default: 5, validator: atLeast(0) }),
  'batch.size': int({ doc: 'Bytes with which a batch waits no longer.', default: 16_384, validator: atLeast(0) }),
  'max.request.size': int({
    doc: 'The largest record, and the largest request, in bytes.',
    default: 1_048_576,
    validator: atLeast(0),
  }),
  'buffer.memory': long({
    doc: 'Bytes that may wait for their acknowledgement; more than 16 MiB is taken as that.',
    default: 33_554_432,
    validator: atLeast(0),
  }),
  'max.in.flight.requests.per.connection': int({
    doc: 'Requests in flight to one broker.',
    default: 5,
    validator: atLeast(1),
  }),
  'request.timeout.ms': int({ doc: 'The longest wait for a response.', default: 30_000, validator: atLeast(0) }),
  'delivery.timeout.ms': int({
    doc: 'The longest time from a record to its acknowledgement.',
    default: 120_000,
    validator: atLeast(0),
  }),
  'retry.backoff.ms': long({ doc: 'The wait before a first retry.', default: 100, validator: atLeast(0) }),
  'retry.backoff.max.ms': long({ doc: 'The longest wait before a retry.', default: 1_000, validator: atLeast(0) }),
  'max.block.ms': long({
    doc: 'The longest time that beginning or ending a transaction may take.',
    default: 60_000,
    validator: atLeast(0),
  }),
  'transaction.timeout.ms': int({
    doc: 'When the broker aborts a transaction by itself.',
    default: 60_000,
    validator: atLeast(1),
  }),
} as const satisfies Settings

/** Reads a producer's settings by their Kafka names, without prefix. `ConfigError` as Kafka's producer throws it. */
export function producerSettings(raw: RawConfig = {}): ProducerSettings {
  const config = parse(PRODUCER_SETTINGS, raw)
  const acks = config.acks === '0' || config.acks === '1' ? 1 : -1
  const asked = config['enable.idempotence']
  const maxInFlight = config['max.in.flight.requests.per.connection']
  if (asked === true && acks !== -1) {
    throw new ConfigError(
      'Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.',
    )
  }
  if (asked === true && maxInFlight > 5) {
    throw new ConfigError('Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.')
  }
  const compression = config['compression.type'] as CompressionType
  const levels: Partial<Record<CompressionType, number>> = {
    gzip: config['compression.gzip.level'],
    zstd: config['compression.zstd.level'],
  }
  const needed = config['linger.ms'] + config['request.timeout.ms']
  if (raw['delivery.timeout.ms'] !== undefined && config['delivery.timeout.ms'] < needed) {
    throw new ConfigError('delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms')
  }
  return {
    acks,
    idempotent: acks === -1 && asked !== false,
    compression,
    compressionLevel: levels[compression],
    lingerMs: config['linger.ms'],
    batchSize: config['batch.size'],
    maxRequestSize: config['max.request.size'],
    bufferMemory: Math.min(config['buffer.memory'], MEMORY_LIMIT),
    maxInFlight: Math.min(maxInFlight, 5),
    requestTimeoutMs: config['request.timeout.ms'],
    deliveryTimeoutMs: Math.max(config['delivery.timeout.ms'], needed),
    retryBackoffMs: config['retry.backoff.ms'],
    retryBackoffMaxMs: config['retry.backoff.max.ms'],
    maxBlockMs: config['max.block.ms'],
    transactionTimeoutMs: config['transaction.timeout.ms'],
  }
}
