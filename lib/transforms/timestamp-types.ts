/** The five forms that TimestampConverter knows, and the ways between them. */
import { DataError } from '../connect/errors.ts'
import { DATE_NAME, date, TIME_NAME, TIMESTAMP_NAME, time, timestamp } from '../connect/logical.ts'
import { OPTIONAL_STRING, primitive, type Schema, STRING } from '../connect/schema.ts'
import { integer, type Value } from '../connect/value.ts'
import { DAY_MS, floorMod } from '../java/calendar.ts'
import { className } from '../java/class-name.ts'
import { dateOf, epochMs } from '../java/epoch-ms.ts'
import { connectError, nullPointer } from '../java/exception.ts'
import type { SimpleDateFormat } from '../java/simple-date-format.ts'

export type TimestampType = 'string' | 'unix' | 'Date' | 'Time' | 'Timestamp'
export type Precision = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds'

export interface Conversion {
  readonly type: TimestampType
  readonly format: SimpleDateFormat | null
  readonly precision: Precision
}

const OPTIONAL = { optional: true }
const SCHEMAS: Readonly<Record<TimestampType, readonly [required: Schema, optional: Schema]>> = {
  string: [STRING, OPTIONAL_STRING],
  unix: [primitive('int64'), primitive('int64', OPTIONAL)],
  Date: [date(), date(OPTIONAL)],
  Time: [time(), time(OPTIONAL)],
  Timestamp: [timestamp(), timestamp(OPTIONAL)],
}

export function typeSchema(type: TimestampType, optional: boolean): Schema {
  return SCHEMAS[type][optional ? 1 : 0]
}

export function typeOfSchema(schema: Schema): TimestampType {
  if (schema.name === TIMESTAMP_NAME) return 'Timestamp'
  if (schema.name === DATE_NAME) return 'Date'
  if (schema.name === TIME_NAME) return 'Time'
  if (schema.type === 'string') return 'string'
  if (schema.type === 'int64') return 'unix'
  const name = schema.name === null ? '' : `${schema.name}:`
  throw connectError(
    `Schema Schema{${name}${schema.type.toUpperCase()}} does not correspond to a known timestamp type format`,
  )
}

/** Of a value without a schema. */
export function inferType(value: Value): TimestampType {
  if (value instanceof Date) return 'Timestamp'
  if (className(value) === 'java.lang.Long') return 'unix'
  if (typeof value === 'string') return 'string'
  throw new DataError(`TimestampConverter does not support class ${className(value)} objects as timestamps`)
}

/** Epoch ms: a number, as Java's longs may lie beyond what a `Date` holds. */
export function toRaw(
  conversion: Conversion,
  type: TimestampType,
  value: Value,
  schema: Schema | null,
): number | bigint {
  const found = () => className(value, schema)
  switch (type) {
    case 'string': {
      if (typeof value !== 'string')
        throw new DataError(`Expected string timestamp to be a String, but found class ${found()}`)
      const { format } = conversion
      if (format === null)
        throw nullPointer('Cannot invoke "java.text.SimpleDateFormat.parse(String)" because "config.format" is null')
      const ms = format.parse(value)
      if (ms === undefined)
        throw new DataError(`Could not parse timestamp: value (${value}) does not match pattern (${format.pattern})`)
      return ms
    }
    case 'unix':
      if (typeof value !== 'number' && typeof value !== 'bigint')
        throw new DataError(`Expected Unix timestamp to be a Long, but found class ${found()}`)
      return unixToMs(value, conversion.precision)
    case 'Date':
    case 'Time':
    case 'Timestamp':
      if (!(value instanceof Date))
        throw new DataError(`Expected ${type} to be a java.util.Date, but found class ${found()}`)
      return epochMs(value)
    default:
      return type satisfies never
  }
}

export function toType({ type, format, precision }: Conversion, ms: number | bigint): Value {
  switch (type) {
    case 'string':
      return (format as SimpleDateFormat).format(ms)
    case 'unix':
      return msToUnix(ms, precision)
    case 'Date':
      return dateOf(typeof ms === 'number' ? Math.floor(ms / DAY_MS) * DAY_MS : floorDay(ms))
    case 'Time':
      return new Date(typeof ms === 'number' ? floorMod(ms, DAY_MS) : Number(BigInt.asIntN(64, ms - floorDay(ms))))
    case 'Timestamp':
      return dateOf(ms)
    default:
      return type satisfies never
  }
}

function floorDay(ms: bigint): bigint {
  const rest = ms % BigInt(DAY_MS)
  return BigInt.asIntN(64, ms - (rest < 0n ? rest + BigInt(DAY_MS) : rest))
}

const MAX = 9223372036854775807n
const PER_MS = { microseconds: 1_000n, nanoseconds: 1_000_000n } as const

/** `TimeUnit.toMillis`: cut towards zero, saturated. */
function unixToMs(value: number | bigint, precision: Precision): number | bigint {
  switch (precision) {
    case 'milliseconds':
      return value
    case 'seconds':
      return saturated(BigInt(value) * 1000n)
    case 'microseconds':
    case 'nanoseconds':
      return integer(BigInt(value) / PER_MS[precision])
    default:
      return precision satisfies never
  }
}

function msToUnix(ms: number | bigint, precision: Precision): number | bigint {
  switch (precision) {
    case 'milliseconds':
      return ms
    case 'seconds':
      return typeof ms === 'number' ? Math.trunc(ms / 1000) || 0 : integer(ms / 1000n)
    case 'microseconds':
    case 'nanoseconds':
      return saturated(BigInt(ms) * PER_MS[precision])
    default:
      return precision satisfies never
  }
}

function saturated(value: bigint): number | bigint {
  if (value > MAX) return MAX
  return integer(value < -MAX - 1n ? -MAX - 1n : value)
}
