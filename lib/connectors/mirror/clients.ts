/** The clients that the connectors have of their two clusters, from the properties of their configs. */
import { ConfigError } from '../../connect/errors.ts'
import type { ConfigOf, RawConfig } from '../../connect/settings.ts'
import { type ConsumerClient, clientSettings, type ProducerClient } from '../../kafka/client-settings.ts'
import { type Cluster, connect } from '../../kafka/cluster.ts'
import type { COMMON } from './settings.ts'

export type Side = 'source' | 'target'
type Role = 'producer' | 'consumer' | 'admin'

/** Where properties of clients stand in a config: `SIDE.cluster.` for all, then `ROLE.`, then `SIDE.ROLE.`. */
export const CLIENT_PREFIXES: readonly string[] = [
  ...['source.cluster.', 'target.cluster.'],
  ...['producer.', 'consumer.', 'admin.'],
  ...['source.', 'target.'].flatMap((side) => ['producer.', 'consumer.', 'admin.'].map((role) => side + role)),
]

/** Of the properties of a cluster only these are the clients' (`MirrorClientConfig.CLIENT_CONFIG_DEF`). */
const OF_A_CLUSTER = /^(bootstrap\.servers|security\.protocol|(ssl|sasl)\..+)$/

/** Kafka's own, where Connect has others for the producers of its tasks. */
const PRODUCER_DEFAULTS: RawConfig = { 'delivery.timeout.ms': '120000', 'max.block.ms': '60000' }

/** As `MirrorConnectorConfig` puts them together. */
export function clientProperties(raw: RawConfig, side: Side, role: Role): RawConfig {
  const cluster = Object.entries(under(raw, `${side}.cluster.`)).filter(([name]) => OF_A_CLUSTER.test(name))
  const own = { ...under(raw, `${role}.`), ...under(raw, `${side}.${role}.`) }
  const others = Object.entries(own).filter(([name]) => !name.startsWith('override.'))
  return Object.fromEntries([...cluster, ...others])
}

/** `what` the client is for is part of its name, which brokers' logs and quotas show. */
export function consumerOf(raw: RawConfig, side: Side, what: string): ConsumerClient {
  return named(side, () => clientSettings({}, 'consumer', withId(raw, clientProperties(raw, side, 'consumer'), what)))
}

export function producerOf(raw: RawConfig, side: Side, what: string): ProducerClient {
  const properties = { ...PRODUCER_DEFAULTS, ...clientProperties(raw, side, 'producer') }
  return named(side, () => clientSettings({}, 'producer', withId(raw, properties, what)))
}

/** Connects as an administrator. Retriable where no broker can be reached. */
export async function administer(raw: RawConfig, side: Side, what: string): Promise<Cluster> {
  const properties = withId(raw, clientProperties(raw, side, 'admin'), what)
  const { client } = named(side, () => clientSettings({}, 'admin', properties))
  return connect(client)
}

/** The cluster that the offset syncs are on, and their topic, which bears the other one's name. */
export function offsetSyncsPlace(
  config: ConfigOf<Pick<typeof COMMON, 'source.cluster.alias' | 'target.cluster.alias'>> & {
    readonly 'offset-syncs.topic.location': string
  },
  policy: { offsetSyncsTopic(alias: string): string },
): { readonly side: Side; readonly topic: string } {
  const side = config['offset-syncs.topic.location'] === 'source' ? 'source' : 'target'
  const other = side === 'source' ? config['target.cluster.alias'] : config['source.cluster.alias']
  return { side, topic: policy.offsetSyncsTopic(other) }
}

function under(raw: RawConfig, prefix: string): RawConfig {
  const found = Object.entries(raw).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]))
}

function withId(raw: RawConfig, properties: RawConfig, what: string): RawConfig {
  const task = raw['task.index'] === undefined ? '' : `-${raw['task.index']}`
  const own = `${raw['source.cluster.alias']}->${raw['target.cluster.alias'] ?? 'target'}|${raw['name']}${task}|${what}`
  const user = properties['client.id']
  return { ...properties, 'client.id': typeof user === 'string' ? `${user}|${own}` : own }
}

/** With the side in an error's text: the properties are called by their own names in it. */
function named<T>(side: Side, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`The ${side} cluster (properties under ${side}.cluster.): ${error.message}`, error)
  }
}
