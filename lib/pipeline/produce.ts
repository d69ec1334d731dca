/** The produce stage: converts records and appends them to the producer, in order, without waiting for the broker. */
import type { Budget } from '../connect/budget.ts'
import { DataError } from '../connect/errors.ts'
import type { Converter, HeaderConverter, Payload } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { Producer, RecordHeader } from '../kafka/producer.ts'
import type { Chain } from './chain.ts'
import type { Tallies } from './counters.ts'
import { type ErrorPolicy, place, type Stage, StageError, text } from './errors.ts'
import type { Topics } from './topics.ts'

const NO_RECORD_HEADERS: readonly RecordHeader[] = Object.freeze([])
/** As Connect takes it: the time is set when the record is sent. */
const NO_TIMESTAMP = -1
const PRODUCER_CLASS = 'org.apache.kafka.clients.producer.KafkaProducer'

export class ProduceStage {
  readonly #chain: Chain
  readonly #producer: Producer
  readonly #topics: Topics
  readonly #errors: ErrorPolicy
  /** Of the last record: where it failed, if it did. */
  #topic: string | null = null
  #stage: Stage = 'KAFKA_PRODUCE'
  #error: unknown = null
  #bytes = 0
  #records = 0

  constructor(chain: Chain, producer: Producer, topics: Topics, errors: ErrorPolicy) {
    this.#chain = chain
    this.#producer = producer
    this.#topics = topics
    this.#errors = errors
  }

  /** Bytes of key and value of a record, strings by their length, as a mean; 0 before the first. */
  get averageSize(): number {
    return this.#records === 0 ? 0 : this.#bytes / this.#records
  }

  /** Answers how many records were appended; those that can't be converted go the way of the error policy. */
  async produce(records: readonly ConnectRecord[], tallies: Tallies, budget: Budget): Promise<number> {
    const before = this.#producer.appended
    let attempt = 1
    let since = 0
    for (let at = 0; at < records.length; ) {
      this.#error = null
      const reached = this.#append(records, at)
      if (reached > at || attempt === 1) {
        attempt = 1
        since = Date.now()
      }
      at = reached
      const record = records[at]
      if (record === undefined) break
      if (this.#error === null) {
        await this.#topics.prepare(record.topic)
        continue
      }
      if (await this.#again(record, attempt, since, budget)) attempt++
      else {
        const failed = { stage: this.#stage, class: this.#class(), origin: record.origin, record, error: this.#error }
        this.#errors.reject(failed, tallies.of(record.origin))
        attempt = 1
        at++
      }
    }
    return this.#producer.appended - before
  }

  /** Converts and appends from `at` on; answers the index of the record that failed or whose topic isn't ready. */
  #append(records: readonly ConnectRecord[], at: number): number {
    const key: Converter = this.#chain.key.plugin
    const value: Converter = this.#chain.value.plugin
    const producer = this.#producer
    const end = records.length
    let topic = this.#topic
    let stage: Stage = 'HEADER_CONVERTER'
    let bytes = 0
    let i = at
    try {
      for (; i < end; i++) {
        const record = records[i] as ConnectRecord
        if (record.topic !== topic) {
          if (!this.#topics.has(record.topic)) break
          topic = record.topic
        }
        stage = 'HEADER_CONVERTER'
        const headers = record.headers.length === 0 ? NO_RECORD_HEADERS : toHeaders(this.#chain.header.plugin, record)
        stage = 'KEY_CONVERTER'
        const keyPayload = key.fromConnect(topic, record.keySchema, record.key, record.headers)
        stage = 'VALUE_CONVERTER'
        const valuePayload = value.fromConnect(topic, record.valueSchema, record.value, record.headers)
        stage = 'KAFKA_PRODUCE'
        const timestamp = record.timestamp === NO_TIMESTAMP ? null : record.timestamp
        if (timestamp !== null && timestamp < 0) throw invalidTimestamp(record)
        producer.append(topic, record.partition, keyPayload, valuePayload, timestamp, headers)
        bytes += size(keyPayload) + size(valuePayload)
      }
    } catch (error) {
      this.#error = error
      this.#stage = stage
    }
    this.#topic = topic
    this.#bytes += bytes
    this.#records += i - at
    return i
  }

  /** A broken producer ends the task; records that it refuses are like those that no converter takes. */
  #again(record: ConnectRecord, attempt: number, since: number, budget: Budget): Promise<boolean> {
    const error = this.#error
    if (this.#stage !== 'KAFKA_PRODUCE') return this.#errors.again(error, attempt, since, budget)
    if (error instanceof DataError) return Promise.resolve(false)
    const message = `KAFKA_PRODUCE failed at the record ${place(record.origin)} for topic ${record.topic}: ${text(error)}`
    throw new StageError('KAFKA_PRODUCE', message, error)
  }

  #class(): string {
    const { key, value, header } = this.#chain
    switch (this.#stage) {
      case 'KEY_CONVERTER':
        return key.class
      case 'VALUE_CONVERTER':
        return value.class
      case 'HEADER_CONVERTER':
        return header.class
      default:
        return PRODUCER_CLASS
    }
  }
}

function toHeaders(converter: HeaderConverter, { topic, headers }: ConnectRecord): RecordHeader[] {
  return headers.map(({ key, schema, value }) => ({
    key,
    value: converter.fromConnectHeader(topic, key, schema, value),
  }))
}

function size(payload: Payload): number {
  return payload === null ? 0 : payload.length
}

function invalidTimestamp({ timestamp }: ConnectRecord): DataError {
  return new DataError(`Invalid record timestamp ${timestamp}: it must not be negative`)
}
