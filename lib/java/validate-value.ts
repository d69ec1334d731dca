/** `ConnectSchema.validateValue`: whether a value is of its schema, with Connect's texts. */
import { DataError } from '../connect/errors.ts'
import { DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME } from '../connect/logical.ts'
import type { Schema } from '../connect/schema.ts'
import { Decimal, isPlainObject, Struct, type Value } from '../connect/value.ts'
import { className } from './class-name.ts'

/** Throws `DataError`. `location` is `value` or `field: "name"`. */
export function validateValue(schema: Schema, value: Value, location = 'value'): void {
  if (value === null) {
    if (schema.optional) return
    throw nullUsed(schema, location)
  }
  if (!hasClass(schema, value)) {
    const name = schema.name === null ? '' : ` "${schema.name}"`
    const type = schema.type.toUpperCase()
    throw new DataError(
      `Invalid Java object for schema${name} with type ${type}: class ${className(value, classSchema(schema, value))} for ${location}`,
    )
  }
  if (schema.type === 'struct') validateStruct(schema, value as Struct)
  else if (schema.type === 'array') validateArray(schema, value as readonly Value[], location)
  else if (schema.type === 'map') validateMap(schema, value as ReadonlyMap<Value, Value>, location)
}

export function nullUsed(schema: Schema, location: string): DataError {
  return new DataError(`Invalid value: null used for required ${location}, schema type: ${schema.type.toUpperCase()}`)
}

/** A number belongs to the schema's type only where the schema is of numbers. */
function classSchema(schema: Schema, value: Value): Schema | null {
  return typeof value === 'number' && (schema.name === null || !LOGICAL.has(schema.name)) ? schema : null
}

const LOGICAL = new Set([DECIMAL_NAME, DATE_NAME, TIME_NAME, TIMESTAMP_NAME])

function hasClass(schema: Schema, value: Value): boolean {
  switch (schema.name) {
    case DECIMAL_NAME:
      return value instanceof Decimal
    case DATE_NAME:
    case TIME_NAME:
    case TIMESTAMP_NAME:
      return value instanceof Date
  }
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'float32':
    case 'float64':
      return typeof value === 'number'
    case 'int64':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
      return typeof value === 'string'
    case 'bytes':
      return value instanceof Uint8Array
    case 'array':
      return Array.isArray(value)
    case 'map':
      return value instanceof Map || isPlainObject(value)
    case 'struct':
      return value instanceof Struct
    default:
      return schema.type satisfies never
  }
}

function validateStruct(schema: Schema, value: Struct): void {
  if (!value.schema.equals(schema)) throw new DataError('Struct schemas do not match.')
  for (const field of value.schema.fields) {
    const item = value.values[field.index] ?? null
    if (item === null && (field.schema.optional || field.schema.default !== undefined)) continue
    validateValue(field.schema, item, `field: "${field.name}"`)
  }
}

function validateArray(schema: Schema, value: readonly Value[], location: string): void {
  const at = `element of array ${location}`
  if (schema.items === null) throw new DataError(`No schema defined for ${at}`)
  for (const item of value) validateValue(schema.items, item, at)
}

function validateMap(schema: Schema, value: ReadonlyMap<Value, Value> | object, location: string): void {
  const { keys, values } = schema
  if (keys === null) throw new DataError(`No schema defined for key of map ${location}`)
  if (values === null) throw new DataError(`No schema defined for value of map ${location}`)
  const entries: Iterable<[Value, Value]> = value instanceof Map ? value : Object.entries(value)
  for (const [key, item] of entries) {
    validateValue(keys, key, `key of map ${location}`)
    validateValue(values, item, `value of map ${location}`)
  }
}
