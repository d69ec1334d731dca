/** `Values.convertToString`: the text of a value in a header, JSON-like inside of arrays and maps. */
import type { Schema } from '../connect/schema.ts'
import { Boxed, Decimal, Struct, type Value } from '../connect/value.ts'
import { DAY_MS } from './calendar.ts'
import { epochMs } from './epoch-ms.ts'
import { SimpleDateFormat } from './simple-date-format.ts'
import { javaString } from './to-string.ts'

/** `value` isn't null. The schema tells what numbers are. */
export function valuesText(schema: Schema | null, value: Value): string {
  return append(schema, value, false)
}

function append(schema: Schema | null, value: Value, embedded: boolean): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return embedded ? `"${escaped(value)}"` : value
  if (typeof value !== 'object' || value instanceof Boxed || value instanceof Decimal) return javaString(value, schema)
  if (value instanceof Date) return isoText(value)
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    return embedded ? `"${text}"` : text
  }
  if (value instanceof Struct) {
    const fields = value.schema.fields.map(
      (field) => `"${escaped(field.name)}":${append(field.schema, value.get(field.name), true)}`,
    )
    return `{${fields.join(',')}}`
  }
  if (Array.isArray(value))
    return `[${value.map((item: Value) => append(schema?.items ?? null, item, true)).join(',')}]`
  const entries: Iterable<[Value, Value]> = value instanceof Map ? value : Object.entries(value)
  const texts = Array.from(
    entries,
    ([key, item]) => `${append(schema?.keys ?? null, key, true)}:${append(schema?.values ?? null, item, true)}`,
  )
  return `{${texts.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

const TIME = new SimpleDateFormat("HH:mm:ss.SSS'Z'")
const DATE = new SimpleDateFormat('yyyy-MM-dd')
const TIMESTAMP = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")

function isWholeDay(ms: number | bigint): boolean {
  return typeof ms === 'number' ? ms % DAY_MS === 0 : ms % BigInt(DAY_MS) === 0n
}

/** `Values.dateFormatFor`: the first day shows its time, whole days the date, all else both. */
export function isoText(value: Date): string {
  const ms = epochMs(value)
  return (ms < DAY_MS ? TIME : isWholeDay(ms) ? DATE : TIMESTAMP).format(ms)
}
