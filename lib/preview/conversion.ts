/** A preview's converters: samples become records as the consume stage makes them, records payloads as the produce stage. */
import { isUtf8 } from 'node:buffer'
import type { Budget } from '../connect/budget.ts'
import { DataError } from '../connect/errors.ts'
import type { Payload } from '../connect/plugin.ts'
import { ConnectRecord, type Header, NO_HEADERS } from '../connect/record.ts'
import { STRING } from '../connect/schema.ts'
import { wellFormed } from '../connect/utf8.ts'
import { recordFromJson } from '../converters/record-text.ts'
import type { JsonNode } from '../java/json-text.ts'
import type { Chain } from '../pipeline/chain.ts'
import { text } from '../pipeline/errors.ts'
import { sniff } from '../pipeline/sniff.ts'
import { type FetchedSample, objectOf, type RecordSample, type Sample, type TextSample } from './sample.ts'

export type Place = 'key.converter' | 'value.converter' | 'header.converter' | 'record' | `transforms.${string}`

/** An error with its place, and what the bytes look like where a converter couldn't read them. */
export class PlacedError extends Error {
  readonly at: Place
  readonly hint: string | null

  constructor(at: Place, cause: unknown, bytes: Uint8Array | null = null) {
    super(`${at}: ${text(cause)}`, { cause })
    this.at = at
    this.hint = bytes === null ? null : sniff(bytes)
  }
}

export interface Where {
  readonly kind: 'source' | 'sink'
  /** Of texts. */
  readonly topic: string
}

/** Lets a sink's converters look up what they need for the samples. */
export async function prepareReading(
  chain: Chain,
  samples: readonly Sample[],
  { kind, topic }: Where,
  time: Budget,
): Promise<void> {
  if (kind === 'source') return
  const fetched = samples.flatMap((sample, i) => (sample.kind === 'record' ? [] : [fetchedOf(sample, topic, i)]))
  for (const [name, batch] of Map.groupBy(fetched, (one) => one.topic)) {
    const keys = batch.map(({ key }) => key)
    const values = batch.map(({ value }) => value)
    await placed('key.converter', async () => chain.key.plugin.prepare?.(name, keys, time))
    await placed('value.converter', async () => chain.value.plugin.prepare?.(name, values, time))
  }
}

async function placed(at: Place, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    throw new PlacedError(at, error)
  }
}

/** `index`: the sample's place, which is a text's offset. Throws `PlacedError`. */
export function readSample(chain: Chain, sample: Sample, { kind, topic }: Where, index: number): ConnectRecord {
  if (sample.kind === 'record') return fromGoldenForm(sample)
  if (kind === 'sink') return consumed(chain, fetchedOf(sample, topic, index))
  if (sample.kind === 'fetched') throw new TypeError('a source has no fetched records')
  const origin = { kind: 'source', partition: { p: '0' }, offset: { o: 0 } } as const
  return new ConnectRecord(topic, null, null, null, STRING, sample.text, null, NO_HEADERS, origin)
}

function fromGoldenForm({ node }: RecordSample): ConnectRecord {
  try {
    const { kind, partition } = objectOf(node) ?? {}
    const record = recordFromJson(node)
    return kind === 'sink' && partition === undefined ? atPartitionZero(record) : record
  } catch (error) {
    const why = `A payload doesn't fit its schema, or the schema is none: ${text(error)}`
    throw new PlacedError('record', new DataError(why, error))
  }
}

/** As of a text: a sink's record has a partition always. */
function atPartitionZero(record: ConnectRecord): ConnectRecord {
  const { topic, keySchema, key, valueSchema, value, timestamp, headers, origin } = record
  return new ConnectRecord(topic, 0, keySchema, key, valueSchema, value, timestamp, headers, origin)
}

function fetchedOf(sample: TextSample | FetchedSample, topic: string, offset: number): FetchedSample {
  if (sample.kind === 'fetched') return sample
  const value = Buffer.from(sample.text)
  const rest = { partition: 0, timestamp: null, timestampType: 'CreateTime', key: null, headers: [] } as const
  return { kind: 'fetched', topic, offset, value, ...rest }
}

function consumed({ key, value, header }: Chain, sample: FetchedSample): ConnectRecord {
  const { topic, partition, offset, timestamp, timestampType } = sample
  let at: Place = 'header.converter'
  let bytes: Uint8Array | null = null
  try {
    const headers = sample.headers.map((one): Header => {
      bytes = one.value
      return { key: one.key, ...header.plugin.toConnectHeader(topic, one.key, one.value) }
    })
    const all = headers.length === 0 ? NO_HEADERS : headers
    at = 'key.converter'
    bytes = sample.key
    const k = key.plugin.toConnect(topic, sample.key, all)
    at = 'value.converter'
    bytes = sample.value
    const v = value.plugin.toConnect(topic, sample.value, all)
    const origin = { kind: 'sink', topic, partition, offset, timestampType } as const
    return new ConnectRecord(topic, partition, k.schema, k.value, v.schema, v.value, timestamp, all, origin)
  } catch (error) {
    throw new PlacedError(at, error, bytes)
  }
}

/** What a source's record becomes in Kafka: UTF-8 as text, else `{"@type": "bytes", "@value": base64}`. */
export function writtenBy({ key, value, header }: Chain, record: ConnectRecord): JsonNode {
  const { topic } = record
  let at: Place = 'header.converter'
  try {
    const headers = record.headers.map((one) => ({
      key: one.key,
      value: payloadNode(header.plugin.fromConnectHeader(topic, one.key, one.schema, one.value)),
    }))
    at = 'key.converter'
    const k = payloadNode(key.plugin.fromConnect(topic, record.keySchema, record.key, record.headers))
    at = 'value.converter'
    const v = payloadNode(value.plugin.fromConnect(topic, record.valueSchema, record.value, record.headers))
    return { topic, key: k, value: v, headers }
  } catch (error) {
    throw new PlacedError(at, error)
  }
}

function payloadNode(payload: Payload): JsonNode {
  if (payload === null) return null
  if (typeof payload === 'string') return wellFormed(payload)
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return isUtf8(bytes) ? bytes.toString() : { '@type': 'bytes', '@value': bytes.toString('base64') }
}
