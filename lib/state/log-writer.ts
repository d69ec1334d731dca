/** Appends to a topic with an idempotent producer, made with the first append and anew after a failure. */
import type { Cluster } from '../kafka/cluster.ts'
import { createProducer, type Producer } from '../kafka/producer.ts'
import { producerSettings } from '../kafka/producer-settings.ts'
import type { EncodedRecord } from './config-records.ts'

/** Where a record is. */
export interface Written {
  readonly partition: number
  readonly position: number
}

export class LogWriter {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #deliveryMs: number
  #producer: Promise<Producer> | null = null
  /** One append after the other: its records are one batch of each partition. */
  #last: Promise<unknown> = Promise.resolve()

  /** `deliveryMs`: when an append that isn't acknowledged is given up. */
  constructor(cluster: Cluster, topic: string, deliveryMs: number) {
    this.#cluster = cluster
    this.#topic = topic
    this.#deliveryMs = deliveryMs
  }

  /** Connects, so that the first append is as quick as the others. */
  async open(): Promise<void> {
    await (await this.#opened()).prepare([this.#topic])
  }

  append(records: readonly EncodedRecord[]): Promise<Written[]> {
    const appended = this.#last.then(() => this.#append(records))
    this.#last = appended.catch(() => {})
    return appended
  }

  async close(): Promise<void> {
    await this.#last
    await (await this.#producer)?.close()
    this.#producer = null
  }

  #opened(): Promise<Producer> {
    if (this.#producer !== null) return this.#producer
    const opening = createProducer(this.#cluster, settings(this.#deliveryMs))
    this.#producer = opening
    opening.catch(() => {
      if (this.#producer === opening) this.#producer = null
    })
    return opening
  }

  async #append(records: readonly EncodedRecord[]): Promise<Written[]> {
    const opening = this.#opened()
    try {
      const producer = await opening
      await producer.prepare([this.#topic])
      const partitions = records.map(({ key, value }) => producer.append(this.#topic, null, key, value, null, []))
      await producer.flush()
      return positions(partitions, (partition) => producer.position(this.#topic, partition) ?? 0)
    } catch (error) {
      this.#producer = null
      await opening.then(
        (producer) => producer.close(),
        () => {},
      )
      throw error
    }
  }
}

/** The batch of a partition ends at its next offset. */
function positions(partitions: readonly number[], nextOffset: (partition: number) => number): Written[] {
  const next = new Map<number, number>()
  const fromLast = partitions.toReversed().map((partition): Written => {
    const position = (next.get(partition) ?? nextOffset(partition)) - 1
    next.set(partition, position)
    return { partition, position }
  })
  return fromLast.reverse()
}

function settings(deliveryMs: number) {
  return producerSettings({
    'linger.ms': '0',
    'batch.size': '1000000',
    'request.timeout.ms': String(Math.round(deliveryMs * 0.8)),
    'delivery.timeout.ms': String(deliveryMs),
  })
}
