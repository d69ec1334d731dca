/**
 * The client properties of Kafka 4.3 (`ProducerConfig`, `ConsumerConfig`, `AdminClientConfig`) that are honoured, with
 * Kafka's defaults. What becomes of the others is in `unused-properties.ts`.
 */
import { fileURLToPath } from 'node:url'
import {
  aFile,
  boolean,
  className,
  int,
  list,
  long,
  type Password,
  password,
  type RawConfig,
  type Setting,
  string,
  type Validator,
} from '../connect/settings.ts'
import { atLeast, nonEmptyString, oneOf, oneOfIgnoringCase } from '../connect/validators.ts'
import { parseAddress } from './address.ts'

const addresses: Validator = {
  allowed: 'host:port,...',
  check(_name, value) {
    for (const text of value as readonly string[]) parseAddress(text)
  },
}

const optional = (doc: string, files?: Setting['files']): Setting<string | null> =>
  string({ doc, default: null, ...(files === undefined ? {} : { files }) })
const secret = (doc: string): Setting<Password | null> => password({ doc, default: null })
const ms = (doc: string, value: number): Setting<number> => long({ doc, default: value, validator: atLeast(0) })

function tokenFiles(url: string): readonly string[] {
  return url.startsWith('file:') && URL.canParse(url) ? [fileURLToPath(url)] : []
}

export const COMMON_PROPERTIES = {
  'bootstrap.servers': list({ doc: 'Brokers to begin with, as host:port.', importance: 'high', validator: addresses }),
  'client.id': string({ doc: 'The name the brokers know the client by.', default: '' }),
  'security.protocol': string({
    doc: 'How to speak to brokers.',
    default: 'PLAINTEXT',
    validator: oneOfIgnoringCase('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
  }),
  'request.timeout.ms': ms('The longest wait for an answer.', 30_000),
  'default.api.timeout.ms': ms('The longest time of a call that needs several requests.', 60_000),
  'socket.connection.setup.timeout.ms': ms('The longest time to connect, TLS and SASL included.', 10_000),
  'connections.max.idle.ms': long({ doc: 'After so long without use a connection is made anew.', default: 540_000 }),
  'reconnect.backoff.ms': ms('The wait before the next try to connect; doubles with each failure.', 50),
  'reconnect.backoff.max.ms': ms('The longest such wait.', 1_000),
  'retry.backoff.ms': ms('The wait before a failed request is sent again; doubles with each failure.', 100),
  'retry.backoff.max.ms': ms('The longest such wait.', 1_000),
  'metadata.max.age.ms': ms('How long the places of partitions are believed.', 300_000),
  'sasl.mechanism': string({
    doc: 'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM.',
    default: 'GSSAPI',
  }),
  'sasl.jaas.config': secret('The login, as a JAAS entry.'),
  'sasl.login.callback.handler.class': className({ doc: 'How an OAuth token is had.', default: null }),
  'sasl.client.callback.handler.class': className({ doc: 'Only those of AWS_MSK_IAM.', default: null }),
  'sasl.oauthbearer.token.endpoint.url': optional('Where tokens are had: https:, http: or file:.', tokenFiles),
  'sasl.oauthbearer.client.credentials.client.id': optional('The client id for the token endpoint.'),
  'sasl.oauthbearer.client.credentials.client.secret': secret('The client secret for the token endpoint.'),
  'sasl.oauthbearer.scope': optional('The scope to ask the token endpoint for.'),
  'sasl.oauthbearer.header.urlencode': boolean({ doc: 'URL-encode id and secret (RFC 6749, 2.3.1).', default: false }),
  'ssl.protocol': string({ doc: 'The newest TLS version.', default: 'TLSv1.3' }),
  'ssl.enabled.protocols': list({ doc: 'The TLS versions.', default: ['TLSv1.2', 'TLSv1.3'] }),
  'ssl.cipher.suites': list({ doc: 'The cipher suites.', default: [] }),
  'ssl.endpoint.identification.algorithm': string({
    doc: "https checks the broker's host name against its certificate; empty doesn't.",
    default: 'https',
  }),
  'ssl.truststore.type': optional('PEM; found out from the file if not given.'),
  'ssl.truststore.location': optional('A PEM file of certificates to trust.', aFile),
  'ssl.truststore.certificates': secret('Certificates to trust, as PEM text.'),
  'ssl.truststore.password': secret('Unused: PEM has none.'),
  'ssl.keystore.type': optional('PEM or PKCS12; found out from the file if not given.'),
  'ssl.keystore.location': optional("A file of the client's key and certificates: PEM or PKCS12.", aFile),
  'ssl.keystore.password': secret('The password of a PKCS12 file.'),
  'ssl.keystore.key': secret("The client's private key, as PEM text."),
  'ssl.keystore.certificate.chain': secret("The client's certificates, as PEM text."),
  'ssl.key.password': secret('The password of an encrypted private key.'),
} as const

/** What `producer-settings.ts` reads. */
export const PRODUCER_PROPERTY_NAMES: readonly string[] = [
  'acks',
  'batch.size',
  'buffer.memory',
  'compression.gzip.level',
  'compression.type',
  'compression.zstd.level',
  'delivery.timeout.ms',
  'enable.idempotence',
  'linger.ms',
  'max.block.ms',
  'max.in.flight.requests.per.connection',
  'max.request.size',
  'transaction.timeout.ms',
]

/**
 * Connect's defaults for the producers of its tasks (`Worker.baseProducerConfigs`). It turns idempotence off for the
 * sake of old brokers, and keeps one request in flight for the order; idempotence stays on here, which keeps the order
 * with five.
 */
export const CONNECT_PRODUCER_DEFAULTS: RawConfig = {
  acks: 'all',
  'delivery.timeout.ms': '2147483647',
  'max.block.ms': '2147483647',
}

export const CONSUMER_PROPERTIES = {
  'group.id': string({ doc: "The group of the offsets; Connect's is connect-NAME.", default: null }),
  'fetch.min.bytes': int({ doc: 'A broker waits for so many bytes,', default: 1, validator: atLeast(0) }),
  'fetch.max.wait.ms': int({ doc: 'but no longer than this.', default: 500, validator: atLeast(0) }),
  'fetch.max.bytes': int({ doc: 'The most bytes of an answer.', default: 52_428_800, validator: atLeast(0) }),
  'max.partition.fetch.bytes': int({
    doc: 'The most bytes of a partition in an answer.',
    default: 1_048_576,
    validator: atLeast(0),
  }),
  'max.poll.records': int({ doc: 'The most records handed on at once.', default: 500, validator: atLeast(1) }),
  'isolation.level': string({
    doc: 'Whether records of open and aborted transactions are read.',
    default: 'read_uncommitted',
    validator: oneOf('read_committed', 'read_uncommitted'),
  }),
  'auto.offset.reset': string({
    doc: "Where to begin without an offset: earliest, latest, none or by_duration:PnDTnHnMn.nS. Connect's sinks: earliest.",
    default: 'earliest',
    validator: nonEmptyString,
  }),
  'client.rack': string({ doc: 'The rack or zone to fetch from.', default: '' }),
  'check.crcs': boolean({ doc: 'Check the CRC of each batch.', default: true }),
} as const
