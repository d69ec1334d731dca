/** `String.valueOf(Object)` of Connect's values: what StringConverter and the file sink write. */
import type { Schema } from '../connect/schema.ts'
import { Boxed, Decimal, Struct, type Value } from '../connect/value.ts'
import { fields } from './calendar.ts'
import { epochMs } from './epoch-ms.ts'
import { decimalText, doubleText, floatText } from './number-text.ts'

/** Numbers show their type (`1.0`), which the schema tells, or without one the value itself. */
export function javaString(value: Value, schema: Schema | null = null): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return numberString(value, schema?.type)
    default:
      return value === null ? 'null' : objectString(value, schema)
  }
}

function numberString(value: number, type: string | undefined): string {
  if (type === 'float32') return floatText(value)
  if (type === 'float64') return doubleText(value)
  return Number.isInteger(value) ? String(value === 0 ? 0 : value) : doubleText(value)
}

function objectString(value: object & Value, schema: Schema | null): string {
  if (value instanceof Struct) return structString(value)
  if (value instanceof Date) return dateString(value)
  if (value instanceof Decimal) return decimalText(value)
  if (value instanceof Boxed) return boxedString(value)
  if (value instanceof Uint8Array) return `[B@${identity(value)}`
  if (Array.isArray(value)) return `[${value.map((item: Value) => javaString(item, schema?.items)).join(', ')}]`
  const entries: Iterable<[Value, Value]> = value instanceof Map ? value : Object.entries(value)
  let text = ''
  for (const [key, item] of entries)
    text += `${text === '' ? '' : ', '}${javaString(key, schema?.keys)}=${javaString(item, schema?.values)}`
  return `{${text}}`
}

function structString({ schema, values }: Struct): string {
  let text = ''
  for (const { name, index, schema: field } of schema.fields) {
    const value = values[index] ?? null
    if (value !== null) text += `${text === '' ? '' : ','}${name}=${javaString(value, field)}`
  }
  return `Struct{${text}}`
}

function boxedString({ type, value }: Boxed): string {
  return typeof value === 'bigint' ? String(value) : numberString(value, type)
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `java.util.Date.toString()` in UTC: `Thu Jan 01 00:00:00 UTC 1970`. */
function dateString(date: Date): string {
  const at = fields(epochMs(date))
  const two = (n: number) => String(n).padStart(2, '0')
  const year = at.year > 0 ? at.year : 1 - at.year
  const day = `${DAYS[at.dayOfWeek - 1]} ${MONTHS[at.month - 1]} ${two(at.day)}`
  return `${day} ${two(at.hour)}:${two(at.minute)}:${two(at.second)} UTC ${year}`
}

/** In Java an identity hash; here of the content, so that two runs agree. */
function identity(bytes: Uint8Array): string {
  let hash = 1
  for (const byte of bytes) hash = (hash * 31 + ((byte << 24) >> 24)) | 0
  return (hash >>> 0).toString(16)
}
