/** One value cast as Java casts it: integers keep their low bits, floating point numbers saturate. */
import { DataError } from '../connect/errors.ts'
import { DATE_NAME, TIME_NAME, TIMESTAMP_NAME } from '../connect/logical.ts'
import type { Schema, SchemaType } from '../connect/schema.ts'
import { Boxed, Decimal, integer, isPlainObject, Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { epochMs } from '../java/epoch-ms.ts'
import { dateDays, timeMs } from '../java/logical-values.ts'
import {
  decimalToDouble,
  decimalToFloat,
  decimalToLong,
  longToFloat,
  NumberFormatError,
  parseDouble,
  parseFloat32,
  parseInteger,
} from '../java/number-parse.ts'
import { javaString } from '../java/to-string.ts'
import { isoText } from '../java/values-text.ts'
import type { CastType } from './cast-spec.ts'

const INPUTS = 'INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, BYTES'

/** `schema` null: the result carries its Java type (`Boxed`) where the value alone doesn't tell. Throws `DataError`. */
export function castValue(schema: Schema | null, value: Value, target: CastType): Value {
  if (value === null) return null
  const type = schema?.type ?? inferredType(value)
  if (type === null)
    throw new DataError(
      `Cast transformation was passed a value of type class ${className(value)} which is not supported by Connect's data API`,
    )
  if (type === 'array' || type === 'map' || type === 'struct')
    throw new DataError(
      `Cast transformation does not support casting from ${type.toUpperCase()}; supported types are [${INPUTS}]`,
    )
  if (target === 'string') return text(value, schema)
  const encoded = schema === null || schema.name === null ? value : encodeLogical(schema.name, value)
  const result = castTo(encoded, type, target)
  return schema === null ? boxed(result, target) : result
}

function inferredType(value: Value): SchemaType | null {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (value instanceof Boxed) return value.type === 'biginteger' ? null : value.type
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Struct) return 'struct'
  if (Array.isArray(value)) return 'array'
  return value instanceof Map || isPlainObject(value) ? 'map' : null
}

function encodeLogical(name: string, value: Value): Value {
  if (!(value instanceof Date)) return value
  switch (name) {
    case DATE_NAME:
      return dateDays(value)
    case TIME_NAME:
      return timeMs(value)
    case TIMESTAMP_NAME:
      return epochMs(value)
    default:
      return value
  }
}

function castTo(value: Value, type: SchemaType, target: Exclude<CastType, 'string'>): Value {
  if (typeof value === 'string') return castString(value, target)
  if (typeof value === 'boolean') return target === 'boolean' ? value : value ? 1 : 0
  const number = value instanceof Boxed ? value.value : value
  if (typeof number === 'bigint') return castInteger(number, target)
  if (typeof number === 'number') {
    const floating = value instanceof Boxed ? value.type.startsWith('float') : type === 'float32' || type === 'float64'
    return floating ? castFloating(number, target) : castInteger(number, target)
  }
  if (number instanceof Decimal) return castDecimal(number, target)
  throw new DataError(`Unexpected type in Cast transformation: class ${className(value)}`)
}

function castString(value: string, target: Exclude<CastType, 'string'>): Value {
  try {
    switch (target) {
      case 'boolean':
        return value.toLowerCase() === 'true'
      case 'float32':
        return parseFloat32(value)
      case 'float64':
        return parseDouble(value)
      default:
        return parseInteger(value, target)
    }
  } catch (error) {
    if (!(error instanceof NumberFormatError)) throw error
    throw new DataError(`Value (${value}) was out of range for requested data type`, error)
  }
}

function castInteger(value: number | bigint, target: Exclude<CastType, 'string'>): Value {
  switch (target) {
    case 'int8':
      return (low32(value) << 24) >> 24
    case 'int16':
      return (low32(value) << 16) >> 16
    case 'int32':
      return low32(value)
    case 'int64':
      return value
    case 'float32':
      return longToFloat(value)
    case 'float64':
      return Number(value)
    case 'boolean':
      return BigInt(value) !== 0n
    default:
      return target satisfies never
  }
}

/** `|` takes a safe integer modulo 2^32, as Java's narrowing does. */
function low32(value: number | bigint): number {
  return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value))
}

function castFloating(value: number, target: Exclude<CastType, 'string'>): Value {
  switch (target) {
    case 'int8':
      return (saturate32(value) << 24) >> 24
    case 'int16':
      return (saturate32(value) << 16) >> 16
    case 'int32':
      return saturate32(value)
    case 'int64':
      return saturate64(value)
    case 'float32':
      return Math.fround(value)
    case 'float64':
      return value
    case 'boolean':
      return saturate64(value) !== 0
    default:
      return target satisfies never
  }
}

function saturate32(value: number): number {
  if (Number.isNaN(value)) return 0
  return Math.max(-2147483648, Math.min(2147483647, Math.trunc(value))) | 0
}

function saturate64(value: number): number | bigint {
  if (Number.isNaN(value)) return 0
  if (Number.isSafeInteger(Math.trunc(value))) return Math.trunc(value) || 0
  if (value >= 2 ** 63) return 9223372036854775807n
  if (value <= -(2 ** 63)) return -9223372036854775808n
  return integer(BigInt(Math.trunc(value)))
}

function castDecimal(value: Decimal, target: Exclude<CastType, 'string'>): Value {
  if (target === 'float32') return decimalToFloat(value)
  if (target === 'float64') return decimalToDouble(value)
  return castInteger(decimalToLong(value), target)
}

/** Without a schema an integral number is a Long, so the other types need a box. */
function boxed(value: Value, target: CastType): Value {
  switch (target) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'float32':
      return new Boxed(target, value as number)
    case 'float64':
      return Number.isInteger(value) ? new Boxed('float64', value as number) : value
    default:
      return value
  }
}

function text(value: Value, schema: Schema | null): string {
  if (value instanceof Date) return isoText(value)
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
  return javaString(value, schema)
}
