/** What the elements of a parsed array or map have in common, and how they are made to fit (`Values`). */
import { DataError } from '../connect/errors.ts'
import { DATE_NAME, TIME_NAME, TIMESTAMP_NAME } from '../connect/logical.ts'
import type { Schema } from '../connect/schema.ts'
import { Boxed, Decimal, type Typed, type Value } from '../connect/value.ts'
import { valuesText } from './values-text.ts'

const NUMBERS = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']

/** The wider of two numeric types; of equal types the later. Null: nothing in common. */
export function mergeSchemas(previous: Schema, latest: Schema): Schema | null {
  if (previous.type === latest.type) {
    if (previous.optional === latest.optional) return previous.optional ? previous : latest
    return previous.equals(latest) ? previous : null
  }
  const a = NUMBERS.indexOf(previous.type)
  const b = NUMBERS.indexOf(latest.type)
  if (a < 0 || b < 0) return null
  return a > b ? previous : latest
}

/** A null is null, or a literal null, which has no schema. */
export type Parsed = Typed | null

export interface ParsedEntry {
  readonly key: Typed
  readonly value: Parsed
}

export function alignList(schema: Schema, items: readonly Parsed[]): Value[] {
  return items.map((item) => aligned(schema, item))
}

/** Values without a common schema stay as they are. */
export function alignMap(keys: Schema, values: Schema | null, entries: readonly ParsedEntry[]): Map<Value, Value> {
  return new Map(
    entries.map(({ key, value }) => [aligned(keys, key), values === null ? boxed(value) : aligned(values, value)]),
  )
}

export function boxedMap(entries: readonly ParsedEntry[]): Map<Value, Value> {
  return new Map(entries.map(({ key, value }) => [boxed(key), boxed(value)]))
}

function aligned(schema: Schema, item: Parsed): Value {
  // Arrays and maps are taken as they are, even where their own elements are of another type.
  const nested = schema.type === 'array' || schema.type === 'map'
  if (nested && item?.schema != null && !schema.equals(item.schema)) return boxed(item)
  return convertTo(schema, item?.value ?? null)
}

/** A value that its surroundings have no schema for: numbers carry their type. */
export function boxed(item: Parsed): Value {
  if (item === null) return null
  const { schema, value } = item
  if (schema === null) return value
  if (Array.isArray(value)) return value.map((each: Value) => boxed({ schema: schema.items, value: each }))
  if (value instanceof Map)
    return new Map(
      [...value].map(([key, each]) => [
        boxed({ schema: schema.keys, value: key }),
        boxed({ schema: schema.values, value: each }),
      ]),
    )
  return typeof value === 'number' && NUMBERS.includes(schema.type) && schema.type !== 'int64'
    ? new Boxed(schema.type as Boxed['type'], value)
    : value
}

/** `Values.convertTo` for what the parser makes. Throws `DataError`. */
function convertTo(schema: Schema, value: Value): Value {
  if (value === null) {
    if (schema.optional) return null
    throw new DataError('Unable to convert a null value to a schema that requires a value')
  }
  switch (schema.type) {
    case 'int32':
    case 'int64':
      return temporalOrNumber(schema, value)
    case 'float32':
      return Math.fround(Number(value))
    case 'float64':
      return Number(value)
    case 'string':
      return typeof value === 'string' ? value : valuesText(null, value)
    case 'bytes':
      return value instanceof Decimal ? value : unable(value)
    default:
      return value
  }
}

function temporalOrNumber(schema: Schema, value: Value): Value {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  switch (schema.name) {
    case DATE_NAME:
      return isNumber ? new Date(Number(value) * 86_400_000) : value
    case TIME_NAME:
    case TIMESTAMP_NAME:
      return isNumber ? new Date(Number(value)) : value
    default:
      return isNumber ? value : unable(value)
  }
}

function unable(value: Value): never {
  throw new DataError(`Unable to convert ${valuesText(null, value)} to a number`)
}
