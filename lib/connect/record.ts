/**
 * One record on its way through the pipeline: immutable, changed by `with...` only.
 *
 * `origin` is apart from the envelope: a transform may send a record to another topic, yet what is committed
 * is where it came from.
 */
import type { Schema } from './schema.ts'
import type { Typed, Value } from './value.ts'

export interface Header extends Typed {
  readonly key: string
}

/** A source partition or a source offset: JSON-like, flat by custom. */
export type Position = Readonly<Record<string, Value>>

/** Where a source record was read. `partition` and `offset` are what Connect's offsets topic stores. */
export interface SourceOrigin {
  readonly kind: 'source'
  readonly partition: Position
  readonly offset: Position
}

/** Where a sink record was read. Offsets are numbers: a partition would need centuries to pass 2^53. */
export interface SinkOrigin {
  readonly kind: 'sink'
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
}

export type Origin = SourceOrigin | SinkOrigin

export const NO_HEADERS: readonly Header[] = Object.freeze([])

export class ConnectRecord {
  readonly topic: string
  /** A source may leave it to the partitioner: null. */
  readonly partition: number | null
  readonly keySchema: Schema | null
  readonly key: Value
  readonly valueSchema: Schema | null
  readonly value: Value
  /** Epoch ms. */
  readonly timestamp: number | null
  readonly headers: readonly Header[]
  readonly origin: Origin

  constructor(
    topic: string,
    partition: number | null,
    keySchema: Schema | null,
    key: Value,
    valueSchema: Schema | null,
    value: Value,
    timestamp: number | null,
    headers: readonly Header[],
    origin: Origin,
  ) {
    this.topic = topic
    this.partition = partition
    this.keySchema = keySchema
    this.key = key
    this.valueSchema = valueSchema
    this.value = value
    this.timestamp = timestamp
    this.headers = headers
    this.origin = origin
  }

  withTopic(topic: string): ConnectRecord {
    return new ConnectRecord(
      topic,
      this.partition,
      this.keySchema,
      this.key,
      this.valueSchema,
      this.value,
      this.timestamp,
      this.headers,
      this.origin,
    )
  }

  withKey(schema: Schema | null, key: Value): ConnectRecord {
    return new ConnectRecord(
      this.topic,
      this.partition,
      schema,
      key,
      this.valueSchema,
      this.value,
      this.timestamp,
      this.headers,
      this.origin,
    )
  }

  withValue(schema: Schema | null, value: Value): ConnectRecord {
    return new ConnectRecord(
      this.topic,
      this.partition,
      this.keySchema,
      this.key,
      schema,
      value,
      this.timestamp,
      this.headers,
      this.origin,
    )
  }

  withTimestamp(timestamp: number | null): ConnectRecord {
    return new ConnectRecord(
      this.topic,
      this.partition,
      this.keySchema,
      this.key,
      this.valueSchema,
      this.value,
      timestamp,
      this.headers,
      this.origin,
    )
  }

  withHeaders(headers: readonly Header[]): ConnectRecord {
    return new ConnectRecord(
      this.topic,
      this.partition,
      this.keySchema,
      this.key,
      this.valueSchema,
      this.value,
      this.timestamp,
      headers,
      this.origin,
    )
  }
}
