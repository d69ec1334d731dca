/** Avro schemas in JSON, read into a tree that generation walks; each node with its Connect schema, as AvroData maps it. */
import { ConfigError } from '../../connect/errors.ts'
import { DATE_NAME, date, decimal, TIME_NAME, TIMESTAMP_NAME, time, timestamp } from '../../connect/logical.ts'
import {
  array,
  map,
  type PrimitiveType,
  primitive,
  type Schema,
  type SchemaOptions,
  STRING,
  struct,
} from '../../connect/schema.ts'
import { Decimal, Struct, type Value } from '../../connect/value.ts'

export type Json = Readonly<Record<string, unknown>>

const PRIMITIVES: Readonly<Record<string, PrimitiveType>> = {
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
}

export interface AvroNode {
  readonly type:
    | 'record'
    | 'array'
    | 'map'
    | 'enum'
    | 'fixed'
    | 'int'
    | 'long'
    | 'float'
    | 'double'
    | 'boolean'
    | 'string'
    | 'bytes'
  readonly schema: Schema
  /** `arg.properties`: of the type, else of the field. */
  readonly properties: Json
  /** Of a record, in order. */
  readonly fields: readonly AvroNode[]
  /** The items of an array, the values of a map. */
  readonly inner: AvroNode | null
  /** Of an enum. */
  readonly symbols: readonly string[]
  /** Bytes of a fixed. */
  readonly size: number
}

/** The text of a schema, comments allowed as in Avro's own parser. `ConfigError` where it is no Avro schema of a record. */
export function parseAvro(text: string): AvroNode {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    try {
      json = JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, quoted) => quoted ?? ''))
    } catch (error) {
      throw new ConfigError(`Unable to parse the provided schema: ${(error as Error).message}`, error)
    }
  }
  return readAvro(json)
}

/** A schema that is parsed JSON already. */
export function readAvro(json: unknown): AvroNode {
  const node = new Reader().read(json, '', {}, {})
  if (node.type !== 'record' || node.schema.optional)
    throw new ConfigError(`Unable to parse the provided schema: it must be a record, and is ${describe(json)}`)
  return node
}

class Reader {
  /** Named types, by full name; null while one is being read. */
  readonly #named = new Map<string, Json | null>()

  read(avro: unknown, namespace: string, options: SchemaOptions, fieldProperties: Json): AvroNode {
    if (Array.isArray(avro)) return this.#union(avro, namespace, options, fieldProperties)
    const json = this.#resolve(avro, namespace)
    if (typeof json['type'] === 'object' && json['type'] !== null)
      return this.read(json['type'], namespace, options, { ...fieldProperties, ...propertiesOf(json) })
    const type = String(json['type'])
    const own = propertiesOf(json)
    const node = {
      properties: Object.keys(own).length > 0 ? own : fieldProperties,
      fields: [],
      inner: null,
      symbols: [],
      size: 0,
    }
    const simple = PRIMITIVES[type]
    if (simple !== undefined) {
      const schema = logical(json, options) ?? primitive(simple, options)
      return { ...node, type: type as AvroNode['type'], schema }
    }
    switch (type) {
      case 'array':
      case 'map': {
        const inner = this.read(json[type === 'array' ? 'items' : 'values'], namespace, {}, {})
        const schema = type === 'array' ? array(inner.schema, options) : map(STRING, inner.schema, options)
        return { ...node, type, schema, inner }
      }
      case 'enum': {
        const name = fullName(json, namespace)
        const symbols = list(json, 'symbols').map(String)
        const key = 'io.confluent.connect.avro.Enum'
        const parameters = new Map([[key, name], ...symbols.map((s) => [`${key}.${s}`, s] as const)])
        this.#named.set(name, json)
        return { ...node, type, symbols, schema: primitive('string', { ...options, parameters }) }
      }
      case 'fixed': {
        const name = fullName(json, namespace)
        const size = Number(json['size'])
        const parameters = new Map([['connect.fixed.size', String(size)]])
        this.#named.set(name, json)
        return {
          ...node,
          type,
          size,
          schema: logical(json, options) ?? primitive('bytes', { ...options, name, parameters }),
        }
      }
      case 'record':
        return { ...node, type, ...this.#record(json, namespace, options) }
      default:
        throw new ConfigError(`Unable to parse the provided schema: unknown type ${describe(avro)}`)
    }
  }

  #record(json: Json, outer: string, options: SchemaOptions): Pick<AvroNode, 'schema' | 'fields'> {
    const name = fullName(json, outer)
    const namespace = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
    this.#named.set(name, null)
    const fields = list(json, 'fields').map((raw) => {
      const field = raw as Json
      if (typeof field?.['name'] !== 'string')
        throw new ConfigError(`Unable to parse the provided schema: a field of ${name} has no name`)
      const given = typeof field['doc'] === 'string' ? { doc: field['doc'] } : {}
      const node = this.read(field['type'], namespace, given, propertiesOf(field))
      if (field['default'] === undefined) return [field['name'], node] as const
      const value = avroValue(node.schema, field['default'])
      return [
        field['name'],
        this.read(field['type'], namespace, { ...given, default: value }, propertiesOf(field)),
      ] as const
    })
    this.#named.set(name, json)
    const doc = typeof json['doc'] === 'string' ? { doc: json['doc'] } : {}
    const schema = struct(
      fields.map(([field, node]) => [field, node.schema] as const),
      { ...doc, ...options, name },
    )
    return { schema, fields: fields.map(([, node]) => node) }
  }

  #union(branches: readonly unknown[], namespace: string, options: SchemaOptions, fieldProperties: Json): AvroNode {
    const others = branches.filter((branch) => branch !== 'null')
    if (others.length !== 1)
      throw new ConfigError(
        `Unable to parse the provided schema: a union may be of null and one other type, and one is ${describe(branches)}`,
      )
    return this.read(
      others[0],
      namespace,
      others.length < branches.length ? { ...options, optional: true } : options,
      fieldProperties,
    )
  }

  #resolve(avro: unknown, namespace: string): Json {
    if (avro !== null && typeof avro === 'object') return avro as Json
    if (typeof avro !== 'string')
      throw new ConfigError(`Unable to parse the provided schema: ${describe(avro)} is no type`)
    if (PRIMITIVES[avro] !== undefined) return { type: avro }
    const named = this.#named.get(`${namespace}.${avro}`) ?? this.#named.get(avro)
    if (named === undefined)
      throw new ConfigError(`Unable to parse the provided schema: the type ${avro} is not defined`)
    if (named === null) throw new ConfigError(`Unable to parse the provided schema: the type ${avro} contains itself`)
    return named
  }
}

function logical(json: Json, options: SchemaOptions): Schema | null {
  switch (json['logicalType']) {
    case 'decimal': {
      const precision = String(json['precision'] ?? 64)
      const parameters = new Map([['connect.decimal.precision', precision]])
      return decimal(Number(json['scale'] ?? 0), { ...options, parameters })
    }
    case 'date':
      return date(options)
    case 'time-millis':
      return time(options)
    case 'timestamp-millis':
      return timestamp(options)
    default:
      return null
  }
}

/** A JSON value, of an option or a default, as the schema has it in memory. `ConfigError` where it doesn't fit. */
export function avroValue(schema: Schema, json: unknown): Value {
  if (json === null && schema.optional) return null
  if (typeof json === 'number') {
    const scale = schema.parameters?.get('scale')
    if (schema.type === 'bytes' && scale !== undefined)
      return new Decimal(BigInt(Math.round(json * 10 ** Number(scale))), Number(scale))
    if (schema.name === DATE_NAME) return new Date(json * 86_400_000)
    if (schema.name === TIME_NAME || schema.name === TIMESTAMP_NAME) return new Date(json)
    if (/^int/.test(schema.type) && Number.isInteger(json)) return json
    if (schema.type === 'float32') return Math.fround(json)
    if (schema.type === 'float64') return json
  }
  if (typeof json === 'string' && schema.type === 'string') return json
  if (typeof json === 'string' && schema.type === 'bytes') return Buffer.from(json, 'utf8')
  if (typeof json === 'boolean' && schema.type === 'boolean') return json
  if (Array.isArray(json) && schema.type === 'array') return json.map((item) => avroValue(schema.items ?? STRING, item))
  if (json !== null && typeof json === 'object' && !Array.isArray(json)) {
    if (schema.type === 'map')
      return new Map(Object.entries(json).map(([key, value]) => [key, avroValue(schema.values ?? STRING, value)]))
    if (schema.type === 'struct')
      return new Struct(
        schema,
        schema.fields.map((f) => avroValue(f.schema, (json as Json)[f.name] ?? f.schema.default ?? null)),
      )
  }
  throw new ConfigError(`Invalid option for a schema of type ${schema.type}: ${describe(json)}`)
}

export function describe(json: unknown): string {
  const text = JSON.stringify(json) ?? String(json)
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}

function propertiesOf(json: Json): Json {
  return (json['arg.properties'] ?? {}) as Json
}

function fullName(json: Json, outer: string): string {
  if (typeof json['name'] !== 'string')
    throw new ConfigError(`Unable to parse the provided schema: no name in ${describe(json)}`)
  const namespace = json['namespace'] ?? outer
  return json['name'].includes('.') || namespace === '' ? json['name'] : `${namespace}.${json['name']}`
}

function list(json: Json, key: string): readonly unknown[] {
  const value = json[key]
  if (!Array.isArray(value) || value.length === 0)
    throw new ConfigError(`Unable to parse the provided schema: no ${key} in ${describe(json)}`)
  return value
}
