/** The offset syncs as their topic has them, kept up to date. */
import type { RawConfig } from '../../../connect/settings.ts'
import { connect } from '../../../kafka/cluster.ts'
import { CODES, KafkaError } from '../../../kafka/codes.ts'
import { consumerOf, offsetSyncsPlace } from '../clients.ts'
import { decodeOffsetSync } from '../records.ts'
import type { ReplicationPolicy } from '../replication-policy.ts'
import { OffsetSyncStore } from './offset-sync-store.ts'
import { Replay } from './replay.ts'
import type { CheckpointConfig } from './settings.ts'

export interface OffsetSyncs extends AsyncDisposable {
  readonly topic: string
  readonly store: OffsetSyncStore
  /** Whether the topic was there at the last `read`. */
  readonly isThere: boolean
  /** Up to where the topic ends now. */
  read(): Promise<void>
}

interface Known {
  readonly store: OffsetSyncStore
  readonly replay: Replay
}

/** What a warm instance has read, of the tasks that it ran last: it goes on from there. */
const warm = new Map<string, Known>()
const MOST_WARM = 8

/** `whole`: the checkpoints are known, so that early syncs lead no group back. */
export async function openOffsetSyncs(
  config: CheckpointConfig,
  raw: RawConfig,
  policy: ReplicationPolicy,
  whole: boolean,
): Promise<OffsetSyncs> {
  const { side, topic } = offsetSyncsPlace(config, policy)
  const { client, consumer } = consumerOf(raw, side, `offset-syncs-${side}-consumer`)
  const cluster = await connect(client)
  const { store, replay } = whole ? keptFor(`${client.fingerprint} ${topic}`, topic) : begin(topic, true)
  let isThere = true
  return {
    topic,
    store,
    get isThere() {
      return isThere
    },
    async read() {
      try {
        await replay.read(cluster, consumer)
        store.readToEnd()
        isThere = true
      } catch (error) {
        if (!(error instanceof KafkaError) || error.code !== CODES.UNKNOWN_TOPIC_OR_PARTITION) throw error
        isThere = false
      }
    },
    [Symbol.asyncDispose]: () => cluster.close(),
  }
}

function keptFor(key: string, topic: string): Known {
  const known = warm.get(key) ?? begin(topic, false)
  warm.delete(key)
  warm.set(key, known)
  const [oldest] = warm.keys()
  if (warm.size > MOST_WARM && oldest !== undefined) warm.delete(oldest)
  return known
}

function begin(topic: string, onlyLast: boolean): Known {
  const store = new OffsetSyncStore(onlyLast)
  const replay = new Replay(topic, (record) => {
    const sync = decodeOffsetSync(record)
    if (sync !== null) store.add(sync)
  })
  return { store, replay }
}
