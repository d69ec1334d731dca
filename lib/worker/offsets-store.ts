/**
 * Where a source connector's offsets are: in the worker's offsets topic, or in one of its own (KIP-618):
 * `offsets.storage.topic`, or the same name in the Kafka that its producer is told to write to.
 */
import type { PluginLog } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { type OffsetsTopic, openOffsetsTopic } from '../state/offsets-topic.ts'
import type { SourceOffsetsStore } from '../state/source-offsets.ts'
import { ensureOffsetsTopic } from '../state/topics.ts'
import { cluster } from './clusters.ts'
import { under } from './connector-settings.ts'
import type { Worker } from './settings.ts'

const BOOTSTRAP = 'bootstrap.servers'

/** The own topic, and the Kafka that has it where that is not the worker's; null: the worker's topic. */
export function ownOffsetsTopic(
  worker: Worker,
  config: RawConfig,
): { readonly topic: string; readonly bootstrap: string | null } | null {
  const topic = config['offsets.storage.topic'] ?? worker.topics.offsets
  const bootstrap = config[`producer.override.${BOOTSTRAP}`] ?? null
  return topic === worker.topics.offsets && bootstrap === null ? null : { topic, bootstrap }
}

const opened = new WeakMap<SourceOffsetsStore, Map<string, SourceOffsetsStore>>()

/** `shared`: of the worker's topic. `config` with its references resolved. A topic that isn't there is made. */
export async function offsetsStore(
  worker: Worker,
  shared: SourceOffsetsStore,
  config: RawConfig,
  log: Pick<PluginLog, 'warn'>,
): Promise<SourceOffsetsStore> {
  const own = ownOffsetsTopic(worker, config)
  if (own === null) return shared
  const { topic, bootstrap } = own
  const elsewhere = bootstrap === null ? {} : { [BOOTSTRAP]: bootstrap }
  const overrides = (kind: string) => ({ ...elsewhere, ...under(`${kind}.override.`, config) })
  const clients = {
    producer: clientSettings(worker.raw, 'producer', overrides('producer')).client,
    consumer: clientSettings(worker.raw, 'consumer', overrides('consumer')).client,
    admin: clientSettings(worker.raw, 'admin', overrides('admin')).client,
  }
  const key = [topic, ...Object.values(clients).map(({ fingerprint }) => fingerprint)].join('\n')
  const stores = opened.get(shared) ?? new Map<string, SourceOffsetsStore>()
  opened.set(shared, stores)
  const known = stores.get(key)
  if (known !== undefined) return known
  const [reads, writes, admin] = await Promise.all([
    cluster(clients.consumer),
    cluster(clients.producer),
    cluster(clients.admin),
  ])
  const ensured = ensuring(openOffsetsTopic(reads, topic, writes), () => ensureOffsetsTopic(admin, worker, topic))
  const store = shared.withOwn(ensured, bootstrap === null ? topic : `${bootstrap}/${topic}`, log)
  stores.set(key, store)
  return store
}

/** The topic is there before it is first used. */
function ensuring(topic: OffsetsTopic, ensure: () => Promise<void>): OffsetsTopic {
  let made: Promise<void> | null = null
  const there = async () => {
    made ??= ensure()
    try {
      await made
    } catch (error) {
      made = null
      throw error
    }
  }
  return {
    ...topic,
    async ends() {
      await there()
      return await topic.ends()
    },
    async append(records) {
      await there()
      await topic.append(records)
    },
  }
}
