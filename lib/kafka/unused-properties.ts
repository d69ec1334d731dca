/** What becomes of the client properties that aren't honoured: ignored without harm, refused with a reason, or unknown. */
import { ConfigError } from '../connect/errors.ts'

export type Role = 'producer' | 'consumer' | 'admin'

/** Properties that Kafka's clients know and that change nothing here. A name that ends in a dot stands for all under it. */
const HARMLESS: Readonly<Record<Role | 'common', readonly string[]>> = {
  common: [
    'auto.include.jmx.reporter',
    'client.dns.lookup',
    'config.providers',
    'config.providers.',
    'enable.metrics.push',
    'metadata.recovery.rebootstrap.trigger.ms',
    'metadata.recovery.strategy',
    'metrics.',
    'receive.buffer.bytes',
    'sasl.kerberos.',
    'sasl.login.connect.timeout.ms',
    'sasl.login.read.timeout.ms',
    'sasl.login.refresh.',
    'sasl.login.retry.',
    'sasl.oauthbearer.clock.skew.seconds',
    'sasl.oauthbearer.expected.',
    'sasl.oauthbearer.jwks.',
    'sasl.oauthbearer.jwt.validator.class',
    'sasl.oauthbearer.scope.claim.name',
    'sasl.oauthbearer.sub.claim.name',
    'send.buffer.bytes',
    'socket.connection.setup.timeout.max.ms',
    'ssl.keymanager.algorithm',
    'ssl.secure.random.implementation',
    'ssl.trustmanager.algorithm',
  ],
  producer: [
    'compression.lz4.level',
    'key.serializer',
    'value.serializer',
    'metadata.max.idle.ms',
    'partitioner.adaptive.partitioning.enable',
    'partitioner.availability.timeout.ms',
    'retries',
    'transactional.id',
  ],
  consumer: [
    'allow.auto.create.topics',
    'auto.commit.interval.ms',
    'enable.auto.commit',
    'exclude.internal.topics',
    'group.instance.id',
    'group.protocol',
    'group.remote.assignor',
    'heartbeat.interval.ms',
    'internal.throw.on.fetch.stable.offset.unsupported',
    'key.deserializer',
    'value.deserializer',
    'max.poll.interval.ms',
    'partition.assignment.strategy',
    'session.timeout.ms',
    'share.',
  ],
  admin: ['retries'],
}

const NO_JAVA = 'Java classes are not loaded here'

interface Refusal {
  readonly why: string
  /** Values that ask for nothing special. */
  readonly but?: readonly string[]
}

const REFUSED: Readonly<Record<string, Refusal>> = {
  'interceptor.classes': { why: NO_JAVA },
  'metric.reporters': { why: NO_JAVA, but: ['org.apache.kafka.common.metrics.JmxReporter'] },
  'partitioner.class': { why: `${NO_JAVA}; records are partitioned as Kafka's default partitioner does` },
  'partitioner.ignore.keys': { why: 'records with a key are partitioned by it', but: ['false'] },
  'sasl.login.class': { why: NO_JAVA },
  'sasl.oauthbearer.jwt.retriever.class': {
    why: `${NO_JAVA}; tokens come from sasl.oauthbearer.token.endpoint.url by client credentials, or from a file`,
    but: [
      'org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever',
      'org.apache.kafka.common.security.oauthbearer.ClientCredentialsJwtRetriever',
      'org.apache.kafka.common.security.oauthbearer.FileJwtRetriever',
    ],
  },
  'security.providers': { why: NO_JAVA },
  'ssl.engine.factory.class': { why: NO_JAVA },
  'ssl.provider': { why: 'TLS is that of OpenSSL' },
  'bootstrap.controllers': { why: 'controllers are not spoken to directly: use bootstrap.servers' },
  'transaction.two.phase.commit.enable': { why: 'two-phase commit is not supported', but: ['false'] },
}
const REFUSED_ASSERTION: Refusal = {
  why: 'tokens are had by client credentials, not by an assertion',
  but: ['RS256', 'false', '300', '60'],
}

/** Throws for a property whose wish can't be met, and says why. */
export function refuse(name: string, value: string): void {
  const refusal = name.startsWith('sasl.oauthbearer.assertion.') ? REFUSED_ASSERTION : REFUSED[name]
  if (refusal === undefined || value.trim() === '' || refusal.but?.includes(value.trim())) return
  throw new ConfigError(`The Kafka client property ${name} can't be honoured: ${refusal.why}. Remove it.`)
}

/** Whether Kafka knows the property of a client of this role. */
export function isHarmless(name: string, role: Role): boolean {
  if (name in REFUSED || name.startsWith('sasl.oauthbearer.assertion.')) return true
  const fits = (entry: string) => entry === name || (entry.endsWith('.') && name.startsWith(entry))
  return HARMLESS.common.some(fits) || HARMLESS[role].some(fits)
}
