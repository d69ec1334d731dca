/** JSON as JsonConverter reads it against a schema: narrowed rather than checked, as Jackson's accessors do. */
import { DataError } from '../connect/errors.ts'
import { DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME } from '../connect/logical.ts'
import type { Schema } from '../connect/schema.ts'
import { Boxed, type Decimal, integer, Struct, type Value } from '../connect/value.ts'
import { dateOf } from '../java/epoch-ms.ts'
import { Fraction, type JsonNode } from '../java/json-text.ts'
import { decimalOf, timeOf } from '../java/logical-values.ts'
import { decimalToFloat, decimalToLong, longToFloat, parseDecimal } from '../java/number-parse.ts'
import { nullUsed, validateValue } from '../java/validate-value.ts'

/** What Jackson has for an empty text: not null, and none of the types. */
export const MISSING = Symbol('MISSING')

type Node = JsonNode | typeof MISSING
type Read = (node: Node | undefined) => Value

export class JsonReader {
  readonly #replaceNullWithDefault: boolean
  readonly #readers = new WeakMap<Schema, Read>()

  constructor(replaceNullWithDefault: boolean) {
    this.#replaceNullWithDefault = replaceNullWithDefault
  }

  /** Throws `DataError`. */
  read(schema: Schema | null, node: Node | undefined): Value {
    if (schema === null) return node === MISSING ? null : schemaless(node)
    let read = this.#readers.get(schema)
    if (read === undefined) {
      read = this.#compile(schema)
      this.#readers.set(schema, read)
    }
    return read(node)
  }

  #compile(schema: Schema): Read {
    const read = logical(schema) ?? this.#base(schema)
    const initial = this.#replaceNullWithDefault ? (schema.default ?? null) : null
    return (node) => {
      if (node !== null && node !== undefined) return read(node)
      if (initial !== null || schema.optional) return initial
      throw new DataError(`Invalid null value for required ${schema.type.toUpperCase()} field`)
    }
  }

  #base(schema: Schema): (node: NonNullable<Node>) => Value {
    switch (schema.type) {
      case 'int8':
        return (node) => (intOf(node) << 24) >> 24
      case 'int16':
        return (node) => (intOf(node) << 16) >> 16
      case 'int32':
        return intOf
      case 'int64':
        return longOf
      case 'float32':
        return floatOf
      case 'float64':
        return doubleOf
      case 'boolean':
        return (node) => node === true
      case 'string':
        return (node) => (typeof node === 'string' ? node : null)
      case 'bytes':
        return bytesOf
      case 'array':
        return (node) => itemsOf(node).map((item) => this.read(schema.items, item))
      case 'map':
        return (node) => this.#map(schema, node)
      case 'struct':
        return this.#struct(schema)
      default:
        return schema.type satisfies never
    }
  }

  #map(schema: Schema, node: NonNullable<Node>): Value {
    const { keys, values } = schema
    if (keys?.type === 'string') {
      if (!isObject(node))
        throw new DataError(`Maps with string fields should be encoded as JSON objects, but found ${nodeType(node)}`)
      if (node instanceof Map) return new Map([...node].map(([key, item]) => [key, this.read(values, item)]))
      const object = node as { readonly [key: string]: JsonNode }
      const result: Record<string, Value> = {}
      for (const key in object) result[key] = this.read(values, object[key])
      return result
    }
    if (!Array.isArray(node))
      throw new DataError(
        `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(node)}`,
      )
    const result = new Map<Value, Value>()
    for (const entry of node as readonly JsonNode[]) {
      if (!Array.isArray(entry))
        throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(entry)}`)
      if (entry.length !== 2)
        throw new DataError(`Found invalid map entry, expected length 2 but found :${entry.length}`)
      result.set(this.read(keys, entry[0]), this.read(values, entry[1]))
    }
    return result
  }

  #struct(schema: Schema): (node: NonNullable<Node>) => Value {
    const fields = schema.fields.map((field) => ({ ...field, read: this.#compile(field.schema) }))
    return (node) => {
      if (!isObject(node)) throw new DataError(`Structs should be encoded as JSON objects, but found ${nodeType(node)}`)
      const values = new Array<Value>(fields.length)
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i] as (typeof fields)[number]
        const value = field.read(member(node, field.name))
        if (value === null) {
          if (!field.schema.optional) throw nullUsed(field.schema, `field: "${field.name}"`)
        } else if (typeof value === 'object') validateValue(field.schema, value, `field: "${field.name}"`)
        values[i] = value
      }
      return new Struct(schema, values)
    }
  }
}

/** The text has to be read by `readJson`, which keeps the digits of numbers. */
export class DigitsNeeded extends Error {
  override readonly name = 'DigitsNeeded'
}

function logical(schema: Schema): ((node: NonNullable<Node>) => Value) | undefined {
  switch (schema.name) {
    case DECIMAL_NAME:
      return (node) => decimalNode(schema, node)
    case DATE_NAME:
      return (node) => new Date(int32(node, 'Date') * 86_400_000)
    case TIME_NAME:
      return (node) => timeOf(int32(node, 'Time'))
    case TIMESTAMP_NAME:
      return (node) => {
        if (typeof node !== 'number' && typeof node !== 'bigint')
          throw new DataError(
            `Invalid type for Timestamp, underlying representation should be integral but was ${nodeType(node)}`,
          )
        return dateOf(longOf(node))
      }
    default:
      return undefined
  }
}

function decimalNode(schema: Schema, node: NonNullable<Node>): Decimal {
  // A fraction that JSON.parse has read: its scale is lost.
  if (typeof node === 'number' && !Number.isInteger(node)) throw new DigitsNeeded()
  if (typeof node === 'number' || typeof node === 'bigint') return parseDecimal(String(node))
  if (node instanceof Fraction) return parseDecimal(node.text)
  if (typeof node === 'string') {
    try {
      return decimalOf(schema, bytesOf(node) as Uint8Array)
    } catch (error) {
      throw new DataError('Invalid bytes for Decimal field', error)
    }
  }
  throw new DataError(
    `Invalid type for Decimal, underlying representation should be numeric or bytes but was ${nodeType(node)}`,
  )
}

function int32(node: Node, type: string): number {
  if (typeof node === 'number' && node === (node | 0)) return node
  throw new DataError(`Invalid type for ${type}, underlying representation should be integer but was ${nodeType(node)}`)
}

function intOf(node: Node): number {
  if (typeof node === 'number') return Number.isSafeInteger(node) ? wrap(node) : wrap(Math.trunc(node))
  const long = longOf(node)
  return typeof long === 'bigint' ? Number(BigInt.asIntN(32, long)) : wrap(long)
}

/** The low 32 bits: `|` alone is right for every safe integer. */
const wrap = (value: number) => value | 0

function longOf(node: Node): number | bigint {
  if (typeof node === 'number') return Math.trunc(node) || 0
  if (typeof node === 'bigint') return integer(BigInt.asIntN(64, node))
  return node instanceof Fraction ? decimalToLong(parseDecimal(node.text)) : 0
}

function floatOf(node: Node): number {
  if (typeof node === 'number')
    return Number.isInteger(node) ? Math.fround(positiveZero(node)) : decimalToFloat(parseDecimal(String(node)))
  if (typeof node === 'bigint') return longToFloat(node)
  return node instanceof Fraction ? decimalToFloat(parseDecimal(node.text)) : 0
}

function doubleOf(node: Node): number {
  if (typeof node === 'number' || typeof node === 'bigint') return positiveZero(Number(node))
  return node instanceof Fraction ? positiveZero(Number(node.text)) : 0
}

/** Jackson reads into a BigDecimal, which has no -0. */
function positiveZero(value: number): number {
  return value === 0 ? 0 : value
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function bytesOf(node: Node): Uint8Array | null {
  if (typeof node !== 'string') return null
  if (!BASE64.test(node)) throw new DataError('Invalid bytes field')
  return Buffer.from(node, 'base64')
}

function isObject(node: Node): node is ReadonlyMap<string, JsonNode> | { readonly [key: string]: JsonNode } {
  return typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof Fraction)
}

function member(node: object, name: string): JsonNode | undefined {
  if (node instanceof Map) return node.get(name)
  return Object.hasOwn(node, name) ? (node as Record<string, JsonNode>)[name] : undefined
}

/** What iterating over a node gives: an object its values, a scalar nothing. */
function itemsOf(node: Node): readonly JsonNode[] {
  if (Array.isArray(node)) return node
  if (!isObject(node)) return []
  return node instanceof Map ? [...node.values()] : Object.values(node)
}

function nodeType(node: Node): string {
  if (node === MISSING) return 'MISSING'
  if (node === null) return 'NULL'
  if (typeof node === 'string') return 'STRING'
  if (typeof node === 'boolean') return 'BOOLEAN'
  if (typeof node === 'number' || typeof node === 'bigint' || node instanceof Fraction) return 'NUMBER'
  return Array.isArray(node) ? 'ARRAY' : 'OBJECT'
}

/** Without a schema: integers are Longs, cut to 64 bits, all other numbers Doubles. */
export function schemaless(node: JsonNode | undefined): Value {
  if (node === null || node === undefined) return null
  if (typeof node === 'bigint') return integer(BigInt.asIntN(64, node))
  if (typeof node !== 'object') return node
  if (node instanceof Fraction) {
    const value = positiveZero(Number(node.text))
    return Number.isInteger(value) ? new Boxed('float64', value) : value
  }
  if (Array.isArray(node)) return node.map(schemaless)
  if (node instanceof Map) return new Map([...node].map(([key, item]) => [key, schemaless(item)]))
  const result: Record<string, Value> = {}
  const object = node as { readonly [key: string]: JsonNode }
  for (const key in object) result[key] = schemaless(object[key])
  return result
}
