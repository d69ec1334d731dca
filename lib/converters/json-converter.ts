/**
 * JSON, each message with its schema (`{"schema":...,"payload":...}`), the default, or without
 * (`schemas.enable=false`: objects stay the plain objects of `JSON.parse`).
 */
import { DataError } from '../connect/errors.ts'
import { type Converter, converter, type Payload } from '../connect/plugin.ts'
import type { Schema } from '../connect/schema.ts'
import { boolean, type ConfigOf, int, string } from '../connect/settings.ts'
import { oneOfIgnoringCase } from '../connect/validators.ts'
import { NULL, type Typed, type Value } from '../connect/value.ts'
import { isExactForParse, isExactThroughout } from '../java/json-scan.ts'
import { Fraction, JsonError, type JsonNode, readJson, readWholeJson } from '../java/json-text.ts'
import { CONVERTER_TYPE, headersOf } from './converter-type.ts'
import { DigitsNeeded, JsonReader, MISSING, schemaless } from './json-reader.ts'
import { schemaFromJson } from './json-schema.ts'
import { JsonWriter } from './json-writer.ts'
import { TextWindow } from './text-window.ts'

const SETTINGS = {
  ...CONVERTER_TYPE,
  'schemas.enable': boolean({
    doc: 'Include schemas within each of the serialized values and keys.',
    importance: 'high',
    default: true,
    group: 'Schemas',
    width: 'MEDIUM',
    displayName: 'Enable Schemas',
  }),
  'schemas.cache.size': int({
    doc: 'The maximum number of schemas that can be cached in this converter instance.',
    importance: 'high',
    default: 1000,
    group: 'Schemas',
    width: 'MEDIUM',
    displayName: 'Schema Cache Size',
  }),
  'schema.content': string({
    doc: 'When set, this is used as the schema for all messages, and the schemas within each of the message will be ignored. Otherwise, the schema will be included in the content of each message. This configuration applies only if schemas.enable is true, and it exclusively affects the sink connector.',
    importance: 'high',
    default: null,
    group: 'Schemas',
    width: 'MEDIUM',
    displayName: 'Schema Content',
  }),
  'decimal.format': string({
    doc: "Controls which format this converter will serialize decimals in. This value is case insensitive and can be either 'BASE64' (default) or 'NUMERIC'",
    importance: 'low',
    default: 'BASE64',
    validator: oneOfIgnoringCase('NUMERIC', 'BASE64'),
    group: 'Serialization',
    width: 'MEDIUM',
    displayName: 'Decimal Format',
  }),
  'replace.null.with.default': boolean({
    doc: 'Whether to replace fields that have a default value and that are null to the default value. When set to true, the default value is used, otherwise null is used.',
    importance: 'low',
    default: true,
    group: 'Serialization',
    width: 'MEDIUM',
    displayName: 'Replace null with default',
  }),
} as const

type Config = ConfigOf<typeof SETTINGS>

export default converter({
  class: 'org.apache.kafka.connect.json.JsonConverter',
  version: '4.3.1',
  doc: 'JSON, with a schema in each message or without schemas.',
  settings: SETTINGS,
  create: jsonConverter,
  createHeader: (config) => headersOf(jsonConverter(config)),
})

export function jsonConverter(config: Config): Converter {
  const replaceNullWithDefault = config['replace.null.with.default']
  const numericDecimals = config['decimal.format'].toUpperCase() === 'NUMERIC'
  const writer = new JsonWriter({ numericDecimals, replaceNullWithDefault })
  const reader = new JsonReader(replaceNullWithDefault)
  const fixed = fixedSchema(config['schema.content'], reader)
  return config['schemas.enable']
    ? withSchemas(writer, reader, fixed, config['schemas.cache.size'])
    : withoutSchemas(writer)
}

function fixedSchema(content: string | null, reader: JsonReader): Schema | null {
  if (content === null || content.trim() === '') return null
  let node: JsonNode | undefined
  try {
    node = readJson(content)
  } catch (error) {
    throw new DataError('Failed to parse schema in converter config due to serialization error: ', error)
  }
  return schemaFromJson(node, reader)
}

function withoutSchemas(writer: JsonWriter): Converter {
  const read: Read = (text, isExact) => {
    if (isExact || isExactForParse(text)) {
      try {
        return { schema: null, value: JSON.parse(text) as Value }
      } catch {
        // Jackson takes more than JSON.parse does: the exact reader has the last word.
      }
    }
    return { schema: null, value: schemaless(exact(text)) }
  }
  return {
    ...readingOf(read),
    fromConnect: (_topic, schema, value): Payload => {
      if (value === null && schema === null) return null
      return writer.write(schema, value)
    },
  }
}

const ENVELOPE =
  'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.'

function withSchemas(writer: JsonWriter, reader: JsonReader, fixed: Schema | null, cacheSize: number): Converter {
  /** What the last message held before its payload, and the schema that this says. */
  let head = ''
  let headSchema: Schema | null = null

  const payload = (
    schema: Schema | null,
    text: string,
    isExact: boolean,
    exactly: (text: string) => JsonNode | typeof MISSING,
  ): Typed => {
    if (isExact || isExactForParse(text)) {
      try {
        return { schema, value: reader.read(schema, JSON.parse(text)) }
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof DigitsNeeded)) throw error
      }
    }
    return { schema, value: reader.read(schema, exactly(text)) }
  }

  /** Messages of one producer differ in the payload only: then the schema needn't be read again. */
  const quick = (text: string, isExact: boolean): Typed | undefined => {
    if (head === '' || !text.startsWith(head) || !text.endsWith('}')) return undefined
    try {
      return payload(headSchema, text.slice(head.length, -1), isExact, readWholeJson)
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
      return undefined
    }
  }

  const remember = (text: string, schema: Schema | null) => {
    const at = text.indexOf(',"payload":')
    if (!text.startsWith('{"schema":') || at < 0 || cacheSize <= 0) return
    try {
      // The first place may lie inside the schema's own texts: only what is a schema as a whole will do.
      JSON.parse(text.slice('{"schema":'.length, at))
    } catch {
      return
    }
    head = text.slice(0, at + ',"payload":'.length)
    headSchema = schema
  }

  const schemas = new Map<string, Schema | null>()
  const schemaOf = (node: JsonNode): Schema | null => {
    const key = canonical(node)
    let schema = schemas.get(key)
    if (schema === undefined) {
      schema = schemaFromJson(node, reader)
      if (schemas.size >= cacheSize) schemas.clear()
      if (cacheSize > 0) schemas.set(key, schema)
    }
    return schema
  }

  const read: Read = (text, isExact) => {
    if (fixed !== null) return payload(fixed, text, isExact, exactOrMissing)
    const found = quick(text, isExact)
    if (found !== undefined) return found
    const node = exact(text)
    const members = envelope(node)
    if (members === undefined) throw new DataError(ENVELOPE)
    const schema = schemaOf(members.schema)
    remember(text, schema)
    return { schema, value: reader.read(schema, members.payload) }
  }

  return {
    ...readingOf(read),
    fromConnect: (_topic, schema, value): Payload => {
      if (value === null && schema === null) return null
      return `{"schema":${writer.schema(schema)},"payload":${writer.write(schema, value)}}`
    },
  }
}

function envelope(node: JsonNode | undefined): { schema: JsonNode; payload: JsonNode } | undefined {
  if (typeof node !== 'object' || node === null || Array.isArray(node) || node instanceof Map) return undefined
  const { schema, payload } = node as { readonly [key: string]: JsonNode | undefined }
  if (schema === undefined || payload === undefined || Object.keys(node).length !== 2) return undefined
  return { schema, payload }
}

function canonical(node: JsonNode): string {
  return JSON.stringify(node, (_key, value) => {
    if (typeof value === 'bigint') return `${value}n`
    if (value instanceof Map) return { map: [...value] }
    return value instanceof Fraction ? { fraction: value.text } : value
  })
}

function exact(text: string): JsonNode {
  const node = exactOrMissing(text)
  return node === MISSING ? null : node
}

function exactOrMissing(text: string): JsonNode | typeof MISSING {
  try {
    const node = readJson(text)
    return node === undefined ? MISSING : node
  } catch (error) {
    throw new DataError('Converting byte[] to Kafka Connect data failed due to serialization error: ', error)
  }
}

/** `isExact`: it is known that `JSON.parse` reads the text, and each value in it, as Jackson does. */
type Read = (text: string, isExact: boolean) => Typed

const BRACE = 123
const BRACKET = 91
/** In bytes: longer messages are as quick by themselves. */
const SHORT = 2048

/** Short messages that stand in one buffer are looked at many at once. */
function readingOf(read: Read): Pick<Converter, 'toConnect' | 'toConnectRange'> {
  const window = new TextWindow(SHORT, isExactThroughout)
  return {
    toConnect: (_topic, payload) => (payload === null ? NULL : read(textOf(payload), false)),
    toConnectRange(_topic, buffer, start, end) {
      const first = buffer[start]
      const nested = (first === BRACE || first === BRACKET) && !isWide(buffer, start, end)
      const text = nested ? window.cut(buffer, start, end) : null
      // What has to be read digit by digit is slower to read in what was cut out.
      if (text !== null && window.passed) return read(text, true)
      return read(rangeText(buffer, start, end), false)
    },
  }
}

function textOf(payload: Uint8Array): string {
  return rangeText(
    Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length),
    0,
    payload.length,
  )
}

/** The byte order marks of UTF-16. */
const BIG_ENDIAN = 0xfeff
const LITTLE_ENDIAN = 0xfffe

/** UTF-8, or what Jackson takes for UTF-16 or UTF-32. Bytes that are no text fail as Jackson's reader does. */
function rangeText(buffer: Buffer, start: number, end: number): string {
  if (isWide(buffer, start, end)) return wideText(buffer.subarray(start, end))
  const text = buffer.toString('utf8', start, end)
  if (!text.includes('\ufffd')) return text
  const mark = end - start >= 4 ? buffer.readUInt16BE(start) : 0
  if (mark === BIG_ENDIAN || mark === LITTLE_ENDIAN) return wideText(buffer.subarray(start, end))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer.subarray(start, end))
  } catch (error) {
    throw new DataError('Converting byte[] to Kafka Connect data failed due to serialization error: ', error)
  }
}

function isWide(buffer: Buffer, start: number, end: number): boolean {
  return end - start > 1 && (buffer[start] === 0 || buffer[start + 1] === 0)
}

/** With its mark, where it has one: JSON is read from behind it. */
function wideText(bytes: Buffer): string {
  const isBig = bytes[0] === 0 || bytes.readUInt16BE(0) === BIG_ENDIAN
  return new TextDecoder(isBig ? 'utf-16be' : 'utf-16le', { ignoreBOM: true }).decode(bytes)
}
