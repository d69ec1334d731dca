/** The consume stage: makes records of fetched bytes. */
import type { Budget } from '../connect/budget.ts'
import type { Converter } from '../connect/plugin.ts'
import { ConnectRecord, type Header, NO_HEADERS, type SinkOrigin } from '../connect/record.ts'
import type { Typed } from '../connect/value.ts'
import type { Fetched } from '../kafka/consumer.ts'
import { readHeaders } from '../kafka/record-batch-decoder.ts'
import type { Chain } from './chain.ts'
import type { Tallies } from './counters.ts'
import type { ErrorPolicy, Stage } from './errors.ts'

interface Unreadable {
  readonly stage: Stage
  readonly origin: SinkOrigin
  readonly error: unknown
  /** The bytes that the converter couldn't read; null where there are none. */
  readonly unread: Uint8Array | null
  readonly timestamp: number
}

/** A batch's buffer and where it lies in its memory, asked once a batch: to ask takes a third of the time of a view. */
interface Bytes {
  readonly buffer: Buffer
  readonly memory: ArrayBufferLike
  readonly base: number
}

export class ConsumeStage {
  readonly #chain: Chain
  readonly #errors: ErrorPolicy
  readonly #used: Set<string>

  /** `used` gets the topics that records come from. */
  constructor(chain: Chain, errors: ErrorPolicy, used: Set<string>) {
    this.#chain = chain
    this.#errors = errors
    this.#used = used
  }

  /** Whether the converters want to look something up before they read. */
  get prepares(): boolean {
    const { key, value } = this.#chain
    return key.plugin.prepare !== undefined || value.plugin.prepare !== undefined
  }

  /** Lets the converters look up what they need for these batches. */
  async prepare(fetched: readonly Fetched[], budget: Budget): Promise<void> {
    const { key, value } = this.#chain
    for (const [topic, batches] of Map.groupBy(fetched, (one) => one.topic)) {
      const keys: (Uint8Array | null)[] = []
      const values: (Uint8Array | null)[] = []
      for (const batch of batches) {
        const { buffer } = batch
        batch.forEach((_offset, _timestamp, keyStart, keyEnd, valueStart, valueEnd) => {
          keys.push(keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd))
          values.push(valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd))
        })
      }
      const keyLookUp = async () => key.plugin.prepare?.(topic, keys, budget)
      const valueLookUp = async () => value.plugin.prepare?.(topic, values, budget)
      await this.#errors.lookUp('KEY_CONVERTER', key.class, keyLookUp, budget)
      await this.#errors.lookUp('VALUE_CONVERTER', value.class, valueLookUp, budget)
    }
  }

  /** The records in order. Those that can't be read go the way of the error policy, which may throw. */
  consume(fetched: readonly Fetched[], tallies: Tallies): ConnectRecord[] {
    // Of its full length at once: to let it grow takes as long as to make the records.
    const records = new Array<ConnectRecord>(fetched.reduce((sum, { count }) => sum + count, 0))
    const unreadable: Unreadable[] = []
    let read = 0
    for (const batch of fetched) {
      this.#used.add(batch.topic)
      read = this.#read(batch, records, read, unreadable)
    }
    records.length = read
    for (const { stage, origin, error, unread, timestamp } of unreadable) {
      const failed = { stage, class: this.#class(stage), origin, record: null, error, unread, timestamp }
      this.#errors.reject(failed, tallies)
    }
    return records
  }

  /** Puts the records at `at` and after; answers where they end. */
  #read(batch: Fetched, records: ConnectRecord[], at: number, unreadable: Unreadable[]): number {
    const { topic, partition, buffer, timestampType } = batch
    const bytes: Bytes = { buffer, memory: buffer.buffer, base: buffer.byteOffset }
    const key: Converter = this.#chain.key.plugin
    const value: Converter = this.#chain.value.plugin
    let next = at
    batch.forEach((offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
      const origin: SinkOrigin = { kind: 'sink', topic, partition, offset, timestampType }
      let stage: Stage = 'HEADER_CONVERTER'
      try {
        const headers = headerCount === 0 ? NO_HEADERS : this.#headers(topic, buffer, headersStart, headerCount)
        stage = 'KEY_CONVERTER'
        const k = convert(key, topic, bytes, keyStart, keyEnd, headers)
        stage = 'VALUE_CONVERTER'
        const v = convert(value, topic, bytes, valueStart, valueEnd, headers)
        const time = timestamp < 0 ? null : timestamp
        records[next] = new ConnectRecord(topic, partition, k.schema, k.value, v.schema, v.value, time, headers, origin)
        next++
      } catch (error) {
        const [start, end] = stage === 'KEY_CONVERTER' ? [keyStart, keyEnd] : [valueStart, valueEnd]
        const unread = stage === 'HEADER_CONVERTER' || end < 0 ? null : buffer.subarray(start, end)
        unreadable.push({ stage, origin, error, unread, timestamp })
      }
    })
    return next
  }

  #headers(topic: string, buffer: Buffer, start: number, count: number): Header[] {
    const converter = this.#chain.header.plugin
    return readHeaders(buffer, start, count).map(({ key, value }) => {
      const typed = converter.toConnectHeader(topic, key, value)
      return { key, schema: typed.schema, value: typed.value }
    })
  }

  #class(stage: Stage): string {
    const { key, value, header } = this.#chain
    return stage === 'KEY_CONVERTER' ? key.class : stage === 'VALUE_CONVERTER' ? value.class : header.class
  }
}

/**
 * A range of the fetched bytes where the converter reads it in place: a view a record costs more than reading one. A plain
 * `Uint8Array` otherwise, which takes less than `Buffer.subarray`.
 */
function convert(
  converter: Converter,
  topic: string,
  { buffer, memory, base }: Bytes,
  start: number,
  end: number,
  headers: readonly Header[],
): Typed {
  if (end < 0) return converter.toConnect(topic, null, headers)
  if (converter.toConnectRange !== undefined) return converter.toConnectRange(topic, buffer, start, end)
  return converter.toConnect(topic, new Uint8Array(memory, base + start, end - start), headers)
}
