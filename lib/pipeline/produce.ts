/** The produce stage: converts records and appends them to the producer, in order, without waiting for the broker. */
import type { Budget } from '../connect/budget.ts'
import { DataError } from '../connect/errors.ts'
import type { Converter, HeaderConverter, Payload } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { Producer, RecordHeader } from '../kafka/producer.ts'
import type { Chain } from './chain.ts'
import type { Tallies } from './counters.ts'
import { type ErrorPolicy, place, type Stage, StageError, text } from './errors.ts'
import type { SourceDeadLetters } from './source-dead-letters.ts'
import type { Topics } from './topics.ts'
import type { WrittenRecords } from './written-records.ts'

const NO_RECORD_HEADERS: readonly RecordHeader[] = Object.freeze([])
/** As Connect takes it: the time is set when the record is sent. */
const NO_TIMESTAMP = -1
const PRODUCER_CLASS = 'org.apache.kafka.clients.producer.KafkaProducer'

export class ProduceStage {
  readonly #chain: Chain
  readonly #producer: Producer
  readonly #topics: Topics
  readonly #errors: ErrorPolicy
  readonly #letters: SourceDeadLetters | null
  readonly #written: WrittenRecords | null
  /** Of the last record: where it failed, if it did. */
  #stage: Stage = 'KAFKA_PRODUCE'
  #error: unknown = null
  /** Where the last `#append` ended. */
  #stopped = 0
  /** What is converted of an origin with several records, until all of it is. */
  #held: Parameters<Producer['append']>[] | null = null
  readonly #oneToMany: boolean
  #bytes = 0
  /** Records of the source that were appended. */
  #origins = 0

  constructor(
    chain: Chain,
    producer: Producer,
    topics: Topics,
    errors: ErrorPolicy,
    letters: SourceDeadLetters | null = null,
    written: WrittenRecords | null = null,
  ) {
    this.#letters = letters
    this.#written = written
    this.#chain = chain
    this.#producer = producer
    this.#topics = topics
    this.#errors = errors
    this.#oneToMany = chain.transforms.some(({ plugin }) => 'oneToMany' in plugin)
  }

  /** Bytes of keys and values of what comes of a record, strings by their length, as a mean; 0 before the first. */
  get averageSize(): number {
    return this.#origins === 0 ? 0 : this.#bytes / this.#origins
  }

  /**
   * Answers how many records of the source were appended, each with all that came of it; those of which something can't be
   * converted go the way of the error policy. The batch's dead letters are appended last.
   */
  async produce(records: readonly ConnectRecord[], tallies: Tallies, budget: Budget): Promise<number> {
    const before = this.#origins
    let attempt = 1
    let since = 0
    for (let at = 0; at < records.length; ) {
      this.#error = null
      const reached = this.#oneToMany ? this.#appendWhole(records, at) : this.#append(records, at, records.length)
      if (reached > at || attempt === 1) {
        attempt = 1
        since = Date.now()
      }
      at = reached
      const record = records[at]
      if (record === undefined) break
      if (this.#error === null) {
        await this.#topics.prepare((records[this.#stopped] as ConnectRecord).topic)
        continue
      }
      if (await this.#again(record, attempt, since, budget)) attempt++
      else {
        const failed = { stage: this.#stage, class: this.#class(), origin: record.origin, record, error: this.#error }
        this.#errors.reject(failed, tallies)
        attempt = 1
        at = this.#oneToMany ? endOfOrigin(records, at) : at + 1
      }
    }
    await this.#letters?.append(tallies)
    return this.#origins - before
  }

  /** As `#append`, origin by origin: nothing of one goes to the producer before all that came of it is converted. */
  #appendWhole(records: readonly ConnectRecord[], at: number): number {
    for (let i = at; i < records.length; ) {
      const end = endOfOrigin(records, i)
      if (end === i + 1) {
        if (this.#append(records, i, end) === i) return i
      } else {
        this.#held = []
        const reached = this.#append(records, i, end)
        const held = this.#held
        this.#held = null
        this.#origins -= reached - i
        if (reached < end) return i
        try {
          let to = 0
          for (const one of held) to = this.#producer.append(...one)
          const last = held.at(-1)
          if (last !== undefined) this.#written?.appended(last[0], to, (records[i] as ConnectRecord).origin)
        } catch (error) {
          this.#error = error
          this.#stage = 'KAFKA_PRODUCE'
          return i
        }
        this.#origins++
      }
      i = end
    }
    return records.length
  }

  /** Converts and appends from `at` on; answers the index of the record that failed or whose topic isn't ready. */
  #append(records: readonly ConnectRecord[], at: number, end: number): number {
    const key: Converter = this.#chain.key.plugin
    const value: Converter = this.#chain.value.plugin
    const producer = this.#producer
    const held = this.#held
    const written = this.#written
    let topic: string | null = null
    let stage: Stage = 'HEADER_CONVERTER'
    let bytes = 0
    let i = at
    try {
      for (; i < end; i++) {
        const record = records[i] as ConnectRecord
        if (record.topic !== topic) {
          if (!this.#topics.use(record.topic)) break
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
        if (held === null) {
          const to = producer.append(topic, record.partition, keyPayload, valuePayload, timestamp, headers)
          if (written !== null) written.appended(topic, to, record.origin)
        } else held.push([topic, record.partition, keyPayload, valuePayload, timestamp, headers])
        bytes += size(keyPayload) + size(valuePayload)
      }
    } catch (error) {
      this.#error = error
      this.#stage = stage
    }
    this.#stopped = i
    this.#bytes += bytes
    this.#origins += i - at
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

/** The index after the last record that has the origin of the one at `at`. */
function endOfOrigin(records: readonly ConnectRecord[], at: number): number {
  const { origin } = records[at] as ConnectRecord
  let end = at + 1
  while (records[end]?.origin === origin) end++
  return end
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
