/**
 * JSON without a schema, in the bytes of Connect's JsonConverter: members in the order given, Java's texts of numbers.
 * Read back so that each number keeps its Java type.
 */
import { Boxed, integer } from '../connect/value.ts'
import { Fraction, JsonError, type JsonNode, quote, readJson } from '../java/json-text.ts'
import { doubleText, floatText } from '../java/number-text.ts'

/** What the internal topics hold. `Boxed` for a number whose Java type its value doesn't tell. */
export type Json = null | boolean | number | bigint | string | Boxed | Uint8Array | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** A number is a Long where it is integral, a Double else. */
export function jsonText(value: Json): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value).toString() : real(doubleText(value))
    default:
      if (value instanceof Boxed) return boxed(value)
      if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
      if (isList(value)) return `[${value.map(jsonText).join()}]`
      return `{${Object.entries(value)
        .map(([key, member]) => `${quote(key)}:${jsonText(member)}`)
        .join()}}`
  }
}

/** The same for equal contents, whatever the order of members. */
export function canonicalText(value: Json): string {
  return jsonText(sorted(value))
}

/** Undefined for text that Jackson couldn't read. A Long beyond 2^53 is a bigint, `1.0` a boxed Double. */
export function tryParseJson(text: string): Json | undefined {
  try {
    const node = readJson(text)
    return node === undefined ? undefined : fromNode(node)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  if (value === null || typeof value !== 'object') return false
  return !(value instanceof Boxed || value instanceof Uint8Array || isList(value))
}

function fromNode(node: JsonNode): Json {
  if (typeof node === 'bigint') return integer(BigInt.asIntN(64, node))
  if (node === null || typeof node !== 'object') return node
  if (node instanceof Fraction) {
    const value = Number(node.text)
    return Number.isInteger(value) ? new Boxed('float64', value) : value
  }
  if (isNodes(node)) return node.map(fromNode)
  const entries = node instanceof Map ? [...node] : Object.entries(node)
  return Object.fromEntries(entries.map(([key, member]) => [key, fromNode(member as JsonNode)]))
}

function sorted(value: Json): Json {
  if (value !== null && typeof value === 'object' && isList(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]))
}

function boxed({ type, value }: Boxed): string {
  switch (type) {
    case 'float32':
      return real(floatText(Number(value)))
    case 'float64':
      return real(doubleText(Number(value)))
    case 'int8':
    case 'int16':
    case 'int32':
    case 'biginteger':
      return value.toString()
    default:
      return type satisfies never
  }
}

/** Jackson quotes what JSON has no number for: NaN and the infinities. */
function real(text: string): string {
  return /[a-z]/.test(text) ? `"${text}"` : text
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value)
}

function isNodes(value: object): value is readonly JsonNode[] {
  return Array.isArray(value)
}
