/**
 * Records as JSON that tells every Java type apart: `{"schema", "payload"}` per key, value and header. The form of
 * the golden cases and of `penstock preview`.
 *
 * Without a schema integers are Longs and numbers with a point Doubles; what JSON lacks is `{"@type": T, "@value": V}`.
 * With a schema payloads are as JsonConverter writes them, with Decimals in base64.
 */
import { DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME } from '../connect/logical.ts'
import { ConnectRecord, type Header, NO_HEADERS, type Origin, type SinkOrigin } from '../connect/record.ts'
import type { Schema } from '../connect/schema.ts'
import { Boxed, Decimal, integer, NULL, Struct, type Typed, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { dateOf, epochMs } from '../java/epoch-ms.ts'
import { Fraction, type JsonNode, quote, readJson } from '../java/json-text.ts'
import { decimalOf, unscaledBytes } from '../java/logical-values.ts'
import { doubleText, floatText } from '../java/number-text.ts'
import { JsonReader } from './json-reader.ts'
import { schemaFromJson } from './json-schema.ts'
import { JsonWriter } from './json-writer.ts'

const READER = new JsonReader(false)
const WRITER = new JsonWriter({ numericDecimals: false, replaceNullWithDefault: false })

type Members = { readonly [key: string]: JsonNode | undefined }

export function recordFromJson(node: JsonNode): ConnectRecord {
  const record = members(node)
  const key = typedFromJson(record['key'])
  const value = typedFromJson(record['value'])
  const partition = record['partition'] as number | null | undefined
  const timestamp = record['timestamp']
  const headers = ((record['headers'] ?? []) as readonly JsonNode[]).map(headerFromJson)
  return new ConnectRecord(
    record['topic'] as string,
    partition ?? null,
    key.schema,
    key.value,
    value.schema,
    value.value,
    timestamp === undefined || timestamp === null ? null : Number(timestamp),
    headers.length === 0 ? NO_HEADERS : headers,
    originFromJson(record),
  )
}

function headerFromJson(node: JsonNode): Header {
  return { key: members(node)['key'] as string, ...typedFromJson(node) }
}

function originFromJson(record: Members): Origin {
  if (record['kind'] !== 'sink') return { kind: 'source', partition: { p: '0' }, offset: { o: 0 } }
  const timestampType = (record['timestampType'] ?? 'CreateTime') as SinkOrigin['timestampType']
  const partition = (record['partition'] ?? 0) as number
  const offset = (record['offset'] ?? 0) as number
  return { kind: 'sink', topic: record['topic'] as string, partition, offset, timestampType }
}

/** `{"schema", "payload"}`; null is null without a schema. */
export function typedFromJson(node: JsonNode | undefined): Typed {
  if (node === null || node === undefined) return NULL
  const { schema: schemaNode, payload } = members(node)
  const schema = schemaFromJson(schemaNode ?? null, READER)
  return { schema, value: schema === null ? untypedFromJson(payload) : typedValue(schema, payload) }
}

function typedValue(schema: Schema, node: JsonNode | undefined): Value {
  if (node === null || node === undefined) return null
  const tag = members(node)['@type']
  // A Long where the schema says int32: a bigint, so that it is no int32.
  if (tag === 'int64' && schema.type !== 'int64') return BigInt(members(node)['@value'] as number | bigint)
  if (tag !== undefined) return untypedFromJson(node)
  switch (schema.name) {
    case DECIMAL_NAME:
      return decimalOf(schema, Buffer.from(node as string, 'base64'))
    case DATE_NAME:
      return dateOf(Number(node) * 86_400_000)
    case TIME_NAME:
    case TIMESTAMP_NAME:
      return dateOf(node as number | bigint)
  }
  switch (schema.type) {
    case 'boolean':
      return node as Value
    case 'string':
      return node instanceof Fraction ? node.text : String(node)
    case 'bytes':
      return Buffer.from(node as string, 'base64')
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return READER.read(schema, node)
    case 'float32':
      return Math.fround(numberOf(node))
    case 'float64':
      return numberOf(node)
    case 'array':
      return (node as readonly JsonNode[]).map((item) => typedOrUntyped(schema.items, item))
    case 'map':
      return mapValue(schema, node)
    case 'struct': {
      const values = members(node)
      return new Struct(
        schema,
        schema.fields.map((field) => typedValue(field.schema, values[field.name])),
      )
    }
    default:
      return schema.type satisfies never
  }
}

function typedOrUntyped(schema: Schema | null, node: JsonNode | undefined): Value {
  return schema === null ? untypedFromJson(node) : typedValue(schema, node)
}

function mapValue(schema: Schema, node: JsonNode): Value {
  if (!Array.isArray(node))
    return new Map(entries(node).map(([key, item]) => [key as Value, typedOrUntyped(schema.values, item)]))
  return new Map(
    (node as [JsonNode, JsonNode][]).map(([key, item]) => [
      typedOrUntyped(schema.keys, key),
      typedOrUntyped(schema.values, item),
    ]),
  )
}

function untypedFromJson(node: JsonNode | undefined): Value {
  if (node === null || node === undefined) return null
  if (node instanceof Fraction) return double(Number(node.text))
  if (typeof node === 'bigint') return integer(node)
  if (typeof node !== 'object') return node
  if (Array.isArray(node)) return node.map(untypedFromJson)
  const { '@type': type, '@value': value, ...rest } = members(node)
  if (type !== undefined) return tagged(type as string, value as JsonNode, rest)
  if (node instanceof Map) return new Map([...node].map(([key, item]) => [key, untypedFromJson(item)]))
  // Without a prototype, as a map that keeps its order.
  const map = Object.create(null) as Record<string, Value>
  for (const [key, item] of entries(node)) map[key] = untypedFromJson(item)
  return map
}

function double(value: number): Value {
  return Number.isInteger(value) ? new Boxed('float64', value) : value
}

function tagged(type: string, value: JsonNode, rest: Members): Value {
  switch (type) {
    case 'int8':
    case 'int16':
    case 'int32':
      return new Boxed(type, value as number)
    case 'int64':
      return typeof value === 'bigint' ? integer(value) : (value as number)
    case 'float32':
      return new Boxed('float32', Math.fround(numberOf(value)))
    case 'float64':
      return double(numberOf(value))
    case 'bytes':
    case 'bytebuffer':
      return Buffer.from(value as string, 'base64')
    case 'decimal':
      return new Decimal(BigInt(value as string), rest['@scale'] as number)
    case 'biginteger':
      return new Boxed('biginteger', BigInt(value as string))
    case 'date':
      return dateOf(value as number | bigint)
    case 'struct':
      return typedValue(schemaFromJson(rest['@schema'], READER) as Schema, value)
    case 'map':
      return new Map((value as [JsonNode, JsonNode][]).map(([k, v]) => [untypedFromJson(k), untypedFromJson(v)]))
    default:
      throw new TypeError(`no such @type: ${type}`)
  }
}

function numberOf(node: JsonNode): number {
  return Number(node instanceof Fraction ? node.text : node)
}

export function recordToJson(record: ConnectRecord): JsonNode {
  const { origin, timestamp } = record
  const sink = origin.kind === 'sink'
  return {
    ...(sink ? { kind: 'sink' } : {}),
    topic: record.topic,
    partition: record.partition,
    key: typedToJson(record.keySchema, record.key),
    value: typedToJson(record.valueSchema, record.value),
    headers: record.headers.map(({ key, schema, value }) => ({
      key,
      schema: schemaToJson(schema),
      payload: payloadToJson(schema, value),
    })),
    timestamp,
    ...(sink ? { offset: origin.offset, timestampType: origin.timestampType } : {}),
  }
}

export function typedToJson(schema: Schema | null, value: Value): JsonNode {
  if (schema === null && value === null) return null
  return { schema: schemaToJson(schema), payload: payloadToJson(schema, value) }
}

function schemaToJson(schema: Schema | null): JsonNode {
  return readJson(WRITER.schema(schema)) ?? null
}

function payloadToJson(schema: Schema | null, value: Value): JsonNode {
  if (value === null) return null
  if (schema === null || value instanceof Boxed) return untypedToJson(value)
  if (value instanceof Decimal)
    return schema.name === DECIMAL_NAME && value.scale === Number(schema.parameters?.get('scale'))
      ? Buffer.from(unscaledBytes(value.unscaled)).toString('base64')
      : untypedToJson(value)
  if (value instanceof Date) return dateToJson(schema, value)
  switch (schema.type) {
    case 'float32':
      return typeof value === 'number' ? float(value) : untypedToJson(value)
    case 'float64':
      return typeof value === 'number' ? fraction(value) : untypedToJson(value)
    case 'bytes':
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : untypedToJson(value)
    case 'array':
      return Array.isArray(value) ? value.map((item: Value) => payloadToJson(schema.items, item)) : untypedToJson(value)
    case 'map':
      return isMap(value) ? mapToJson(schema, value) : untypedToJson(value)
    case 'struct':
      return value instanceof Struct
        ? object(value.schema.fields.map((f) => [f.name, payloadToJson(f.schema, value.values[f.index] ?? null)]))
        : untypedToJson(value)
    default:
      return typeof value === 'object' ? untypedToJson(value) : value
  }
}

function dateToJson(schema: Schema, value: Date): JsonNode {
  const ms = value.getTime()
  if (schema.name === DATE_NAME && ms % 86_400_000 === 0) return ms / 86_400_000 || 0
  return schema.name === TIME_NAME || schema.name === TIMESTAMP_NAME ? epochMs(value) : untypedToJson(value)
}

function mapToJson(schema: Schema, value: object): JsonNode {
  const items = mapEntries(value)
  if (schema.keys?.type === 'string' && items.every(([key]) => key !== null))
    return object(items.map(([key, item]) => [key as string, payloadToJson(schema.values, item)]))
  return items.map(([key, item]) => [payloadToJson(schema.keys, key), payloadToJson(schema.values, item)])
}

function untypedToJson(value: Value): JsonNode {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint')
    return value
  if (typeof value === 'number') return Number.isInteger(value) ? value : fractionOrTag(value)
  if (value instanceof Boxed) return boxedToJson(value)
  if (value instanceof Uint8Array) return { '@type': 'bytes', '@value': Buffer.from(value).toString('base64') }
  if (value instanceof Decimal) return { '@type': 'decimal', '@value': String(value.unscaled), '@scale': value.scale }
  if (value instanceof Date) return { '@type': 'date', '@value': epochMs(value) }
  if (value instanceof Struct)
    return { '@type': 'struct', '@value': payloadToJson(value.schema, value), '@schema': schemaToJson(value.schema) }
  if (Array.isArray(value)) return value.map(untypedToJson)
  const items = mapEntries(value)
  if (items.every(([key]) => typeof key === 'string' && key !== '@type'))
    return object(items.map(([key, item]) => [key as string, untypedToJson(item)]))
  return { '@type': 'map', '@value': items.map(([key, item]) => [untypedToJson(key), untypedToJson(item)]) }
}

function boxedToJson({ type, value }: Boxed): JsonNode {
  if (type === 'float64') return fractionOrTag(Number(value))
  if (type === 'float32') return { '@type': type, '@value': float(Number(value)) }
  return { '@type': type, '@value': type === 'biginteger' ? String(value) : value }
}

function fractionOrTag(value: number): JsonNode {
  const node = fraction(value)
  return typeof node === 'string' ? { '@type': 'float64', '@value': node } : node
}

function fraction(value: number): Fraction | string {
  return Number.isFinite(value) ? new Fraction(doubleText(value)) : doubleText(value)
}

function float(value: number): Fraction | string {
  return Number.isFinite(value) ? new Fraction(floatText(value)) : floatText(value)
}

function members(node: JsonNode): Members {
  if (node instanceof Map) return Object.fromEntries(node) as Members
  return typeof node === 'object' && node !== null && !Array.isArray(node) ? (node as Members) : {}
}

function entries(node: JsonNode): [string, JsonNode][] {
  return node instanceof Map ? [...node] : Object.entries(node as { readonly [key: string]: JsonNode })
}

function isMap(value: Value): value is Extract<Value, object> {
  return className(value).endsWith('HashMap')
}

function mapEntries(value: object): [Value, Value][] {
  return value instanceof Map ? [...value] : Object.entries(value)
}

function object(items: readonly (readonly [string, JsonNode])[]): JsonNode {
  return new Map(items)
}

/** The text of a node. */
export function jsonText(node: JsonNode): string {
  if (node instanceof Fraction) return node.text
  if (typeof node === 'string') return quote(node)
  if (typeof node !== 'object' || node === null) return String(node)
  if (Array.isArray(node)) return `[${node.map(jsonText).join(',')}]`
  return `{${entries(node)
    .map(([key, item]) => `${quote(key)}:${jsonText(item)}`)
    .join(',')}}`
}
