/**
 * Writes which offset of a partition's copy stands for which of its own (`OffsetSyncWriter`): at the first record, where
 * upstream offsets leave some out, each `offset.lag.max` records, and the last one with each commit.
 */
import { pause } from '../../../connect/budget.ts'
import type { PluginLog } from '../../../connect/plugin.ts'
import type { RawConfig } from '../../../connect/settings.ts'
import { type Cluster, connect } from '../../../kafka/cluster.ts'
import { CODES, KafkaError } from '../../../kafka/codes.ts'
import { createProducer, type Producer } from '../../../kafka/producer.ts'
import { offsetSyncsPlace, producerOf } from '../clients.ts'
import { ensureCompactedTopic } from '../internal-topics.ts'
import { encodeOffsetSync, type OffsetSync } from '../records.ts'
import type { ReplicationPolicy } from '../replication-policy.ts'
import { nameOf } from './positions.ts'
import type { SourceConfig } from './settings.ts'

/** While so many bytes wait to be written, later syncs of a partition take the place of earlier ones. */
const MOST_BYTES = 64 * 1024
const CLOSE_MS = 5_000

/** Of a partition in this life of the task. */
interface Seen {
  upstream: number
  downstream: number
  syncedDownstream: number
}

export class OffsetSyncWriter {
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #topic: string
  readonly #maxLag: number
  readonly #log: PluginLog
  readonly #seen = new Map<string, Seen>()
  /** To be written at once, and with the next commit, by `nameOf`. */
  readonly #pending = new Map<string, OffsetSync>()
  readonly #delayed = new Map<string, OffsetSync>()
  #failed = false

  private constructor(cluster: Cluster, producer: Producer, topic: string, maxLag: number, log: PluginLog) {
    this.#cluster = cluster
    this.#producer = producer
    this.#topic = topic
    this.#maxLag = maxLag
    this.#log = log
  }

  static async open(
    config: SourceConfig,
    raw: RawConfig,
    policy: ReplicationPolicy,
    log: PluginLog,
  ): Promise<OffsetSyncWriter> {
    const { side, topic } = offsetSyncsPlace(config, policy)
    const settings = producerOf(raw, side, `offset-syncs-${side}-producer`)
    const cluster = await connect(settings.client)
    try {
      const producer = await createProducer(cluster, settings.producer)
      const ready = producer.prepare([topic])
      await ready.catch(async (error: unknown) => {
        if (!(error instanceof KafkaError) || error.code !== CODES.UNKNOWN_TOPIC_OR_PARTITION) throw error
        await ensureCompactedTopic(cluster, topic, config['offset-syncs.topic.replication.factor'], log)
        await producer.prepare([topic])
      })
      return new OffsetSyncWriter(cluster, producer, topic, config['offset.lag.max'], log)
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  /** The record at `upstreamOffset` is written to its copy. In the order of each partition. */
  written(sync: OffsetSync): void {
    const name = nameOf(sync)
    if (this.#isDue(name, sync)) {
      this.#delayed.delete(name)
      this.#pending.set(name, sync)
      this.#fire()
    } else this.#delayed.set(name, sync)
  }

  /** Source offsets were committed: what waits is written too, so that the end of a slow topic has a sync. */
  committed(): void {
    for (const [name, sync] of this.#delayed) this.#pending.set(name, sync)
    this.#delayed.clear()
    this.#fire()
  }

  /** What isn't written within some seconds is given up: syncs are not needed for the records' sake. */
  async close(): Promise<void> {
    this.#fire()
    await Promise.race([this.#producer.flush().catch((error: unknown) => this.#fail(error)), pause(CLOSE_MS)])
    await this.#producer.close()
    await this.#cluster.close()
  }

  #isDue(name: string, { upstreamOffset, downstreamOffset }: OffsetSync): boolean {
    const seen = this.#seen.get(name)
    if (seen === undefined) {
      const first = { upstream: upstreamOffset, downstream: downstreamOffset, syncedDownstream: downstreamOffset }
      this.#seen.set(name, first)
      return true
    }
    const isStale = downstreamOffset - (seen.syncedDownstream + 1) >= this.#maxLag
    const isDue = isStale || upstreamOffset !== seen.upstream + 1 || downstreamOffset < seen.downstream
    seen.upstream = upstreamOffset
    seen.downstream = downstreamOffset
    if (isDue) seen.syncedDownstream = downstreamOffset
    return isDue
  }

  #fire(): void {
    if (this.#failed) return
    try {
      for (const [name, sync] of this.#pending) {
        if (this.#producer.buffered >= MOST_BYTES) return
        const { key, value } = encodeOffsetSync(sync)
        this.#producer.append(this.#topic, 0, key, value, null, [])
        this.#pending.delete(name)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The records go on without: the next slice tries again. */
  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#log.error(`offset syncs can't be written to topic ${this.#topic}`, { error: (error as Error).message })
  }
}
