/**
 * Values without a schema as Jackson writes them in JsonConverter: each one's own Java type decides. Where
 * `JSON.stringify` writes the same it does so in a third of the time; looking whether it does takes a sixth of its own.
 */
import { DataError } from '../connect/errors.ts'
import { Boxed, Decimal, isPlainObject, Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { escapeUnit, quote } from '../java/json-text.ts'
import { doubleText, floatText } from '../java/number-text.ts'

/** Objects inside of each other that are looked through, each from its start, for what can go by `JSON.stringify`. */
const MAX_LOOKS = 8

/** Throws `DataError` for what has no place in JSON without a schema. */
export function schemalessText(value: Value): string {
  return text(value, MAX_LOOKS)
}

/** The same one value after the other. */
export function schemalessTextExactly(value: Value): string {
  return text(value, 0)
}

export function jsonDouble(value: number): string {
  return Number.isFinite(value) ? doubleText(value) : `"${doubleText(value)}"`
}

export function jsonFloat(value: number): string {
  return Number.isFinite(value) ? floatText(value) : `"${floatText(value)}"`
}

export function jsonBytes(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`
}

function text(value: Value, looks: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return String(value)
    case 'number':
      return Number.isInteger(value) ? String(value === 0 ? 0 : value) : jsonDouble(value)
    default:
      return value === null ? 'null' : objectText(value, looks)
  }
}

function objectText(value: object & Value, looks: number): string {
  const plain = looks > 0 ? plainForm(value) : null
  if (plain !== null) return withEscapes(JSON.stringify(plain))
  const rest = looks - 1
  if (Array.isArray(value)) return `[${value.map((item: Value) => text(item, rest)).join(',')}]`
  if (value instanceof Map) return mapText(value, rest)
  if (value instanceof Boxed) return boxed(value)
  if (value instanceof Uint8Array) return jsonBytes(value)
  // A struct needs its schema, which is not the null that stands for it here.
  if (value instanceof Struct) throw new DataError('Mismatching schema.')
  if (value instanceof Date || value instanceof Decimal)
    throw new DataError(`Java class class ${className(value)} does not have corresponding schema type.`)
  let members = ''
  const object = value as { readonly [key: string]: Value }
  for (const key in object) members += (members === '' ? '' : ',') + name(key) + text(object[key] as Value, rest)
  return `{${members}}`
}

/**
 * What `JSON.stringify` writes as Jackson writes the value, but for the escapes in strings; null where there is no such
 * thing. Numbers that `Cast` and `InsertField` have put into an object are taken out of their boxes.
 */
function plainForm(value: object & Value): object | null {
  if (!isPlainObject(value)) return isPlain(value) ? value : null
  let copy: Record<string, Value> | null = null
  for (const key in value) {
    const item = value[key] as Value
    if (typeof item === 'string') continue
    if (typeof item === 'object') {
      if (item === null || isPlain(item)) continue
      if (!(item instanceof Boxed && item.type.startsWith('int'))) return null
      copy ??= { ...value }
      copy[key] = item.value as number
    } else if (typeof item === 'number') {
      if (!isPlainNumber(item)) return null
    } else if (typeof item !== 'boolean') return null
  }
  return copy ?? value
}

/** The same for what has no boxes. */
function isPlain(value: object & Value): boolean {
  return Array.isArray(value) ? isPlainArray(value) : isPlainObject(value) && isPlainMap(value)
}

function isPlainMap(value: { readonly [key: string]: Value }): boolean {
  for (const key in value) {
    const item = value[key] as Value
    if (typeof item === 'string') continue
    if (typeof item === 'object') {
      if (item !== null && !isPlain(item)) return false
    } else if (typeof item === 'number') {
      if (!isPlainNumber(item)) return false
    } else if (typeof item !== 'boolean') return false
  }
  return true
}

/** The same once more: a function of its own for an item makes the whole twice as slow. */
function isPlainArray(value: readonly Value[]): boolean {
  for (let i = 0; i < value.length; i++) {
    const item = value[i] as Value
    if (typeof item === 'string') continue
    if (typeof item === 'object') {
      if (item !== null && !isPlain(item)) return false
    } else if (typeof item === 'number') {
      if (!isPlainNumber(item)) return false
    } else if (typeof item !== 'boolean') return false
  }
  return true
}

/** Whether Java's text of the number, a Long or a Double, is JavaScript's. */
function isPlainNumber(value: number): boolean {
  if (Number.isInteger(value)) return true
  const magnitude = Math.abs(value)
  // Nearest to a decimal of 13 digits at most, where the two lay numbers out alike (see `doubleText`).
  if (magnitude >= 1e-3 && magnitude < 1e7 && Math.round(magnitude * 1e6) / 1e6 === magnitude) return true
  return Number.isFinite(value) && doubleText(value) === String(value)
}

const SURROGATE = /[\ud800-\udfff]/
const ESCAPE = /\\(?:u([0-9a-f]{4})|.)|[\ud800-\udfff]/g

/** Jackson writes hexadecimal digits in upper case, and surrogates as escapes. */
function withEscapes(json: string): string {
  if (!json.includes('\\u') && !SURROGATE.test(json)) return json
  return json.replace(ESCAPE, (found, hex: string | undefined) => {
    if (hex !== undefined) return `\\u${hex.toUpperCase()}`
    return found.length === 1 ? escapeUnit(found) : found
  })
}

/** Names come again with each record, so they are escaped once. */
const names = new Map<string, string>()

function name(key: string): string {
  let found = names.get(key)
  if (found === undefined) {
    found = `${quote(key)}:`
    if (names.size >= 10_000) names.clear()
    names.set(key, found)
  }
  return found
}

function mapText(value: ReadonlyMap<Value, Value>, looks: number): string {
  const entries = [...value]
  if (entries.every(([key]) => typeof key === 'string'))
    return `{${entries.map(([key, item]) => `${quote(key as string)}:${text(item, looks)}`).join(',')}}`
  return `[${entries.map(([key, item]) => `[${text(key, looks)},${text(item, looks)}]`).join(',')}]`
}

function boxed({ type, value }: Boxed): string {
  if (type === 'biginteger')
    throw new DataError('Java class class java.math.BigInteger does not have corresponding schema type.')
  if (type === 'float32') return jsonFloat(Number(value))
  return type === 'float64' ? jsonDouble(Number(value)) : String(value)
}
