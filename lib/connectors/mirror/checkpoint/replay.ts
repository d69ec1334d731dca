/** A topic of one partition that is read from its beginning, and then what comes. */
import { listOffsets } from '../../../kafka/admin.ts'
import type { ConsumerSettings } from '../../../kafka/client-settings.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { createConsumer, OffsetOutOfRange } from '../../../kafka/consumer.ts'
import type { KeyAndValue } from '../records.ts'

/** How long one fetch waits, in ms. */
const POLL_MS = 100

export class Replay {
  readonly #topic: string
  readonly #visit: (record: KeyAndValue) => void
  /** The next offset; null before the first read. */
  #position: number | null = null

  /** `visit` gets the records with key and value, in order; after `restart`, from the first one again. */
  constructor(topic: string, visit: (record: KeyAndValue) => void) {
    this.#topic = topic
    this.#visit = visit
  }

  /** Up to where the topic ends now. Rejects where it isn't there, or may not be read. */
  async read(cluster: Cluster, settings: ConsumerSettings): Promise<void> {
    const place = [{ topic: this.#topic, partition: 0 }]
    const [end] = await listOffsets(cluster, place, 'latest', settings.isolationLevel)
    const to = end?.offset ?? 0
    if (this.#position === null || this.#position > to) {
      const [first] = await listOffsets(cluster, place, 'earliest')
      this.#position = first?.offset ?? 0
    }
    if (this.#position >= to) return
    const consumer = createConsumer(cluster, settings)
    consumer.assign(new Map([[this.#topic, new Map([[0, this.#position]])]]))
    try {
      while (consumer.position(this.#topic, 0) < to) {
        for (const batch of await consumer.poll(POLL_MS)) {
          const { buffer } = batch
          batch.forEach((_offset, _timestamp, keyStart, keyEnd, valueStart, valueEnd) => {
            if (keyEnd < 0 || valueEnd < 0) return
            this.#visit({ key: buffer.subarray(keyStart, keyEnd), value: buffer.subarray(valueStart, valueEnd) })
          })
        }
        this.#position = consumer.position(this.#topic, 0)
      }
    } catch (error) {
      // The topic was made anew: from its beginning, the next time.
      if (error instanceof OffsetOutOfRange) this.#position = null
      throw error
    } finally {
      await consumer.close()
    }
  }
}
