import type { Polled, SourceTask } from '../../../connect/plugin.ts'
import { ConnectRecord, NO_HEADERS } from '../../../connect/record.ts'
import { BYTES } from '../../../connect/schema.ts'
import { heartbeat } from '../records.ts'
import type { HeartbeatConfig } from './settings.ts'

/** A heartbeat at its start and after each interval. Where the interval is long the slice ends until the next one. */
export class HeartbeatTask implements SourceTask {
  readonly #source: string
  readonly #target: string
  readonly #topic: string
  readonly #intervalMs: number
  /** Epoch ms. */
  #due = 0

  constructor(config: HeartbeatConfig, topic: string) {
    this.#source = config['source.cluster.alias']
    this.#target = config['target.cluster.alias']
    this.#intervalMs = config['emit.heartbeats.interval.seconds'] * 1_000
    this.#topic = topic
  }

  async poll(): Promise<Polled> {
    const now = Date.now()
    if (now < this.#due) return { records: [], idleMs: this.#due - now, certain: true }
    const isLate = now >= this.#due + this.#intervalMs
    this.#due = (isLate ? now : this.#due) + this.#intervalMs
    const { key, value } = heartbeat(this.#source, this.#target, now)
    const partition = { sourceClusterAlias: this.#source, targetClusterAlias: this.#target }
    const origin = { kind: 'source', partition, offset: { offset: 0 } } as const
    return { records: [new ConnectRecord(this.#topic, 0, BYTES, key, BYTES, value, now, NO_HEADERS, origin)] }
  }

  async stop(): Promise<void> {}
}
