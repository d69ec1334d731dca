/** What transforms ask of keys and values (`util.Requirements`), and how they look into maps without a schema. */
import { DataError } from '../connect/errors.ts'
import type { Schema } from '../connect/schema.ts'
import { isPlainObject, Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { needsMap } from '../java/json-text.ts'

/** A map with strings for keys: what `JSON.parse` gives, or a `Map`. */
export type StringMap = { readonly [key: string]: Value } | ReadonlyMap<Value, Value>

export function requireMap(value: Value, purpose: string): StringMap {
  if (isStringMap(value)) return value
  throw notMap(value, purpose)
}

export function notMap(value: Value, purpose: string): DataError {
  return new DataError(`Only Map objects supported in absence of schema for [${purpose}], found: ${className(value)}`)
}

/** The schema tells the class of a number, for the error. */
export function requireStruct(value: Value, purpose: string, schema: Schema | null = null): Struct {
  if (value instanceof Struct) return value
  throw new DataError(`Only Struct objects supported for [${purpose}], found: ${className(value, schema)}`)
}

export function isStringMap(value: Value): value is StringMap {
  return isPlainObject(value) || value instanceof Map
}

/** Null where the key is missing. */
export function getKey(map: StringMap, key: string): Value {
  if (map instanceof Map) return map.get(key) ?? null
  const value = (map as { readonly [key: string]: Value })[key]
  // What an object inherits is no entry of the map.
  if (value === undefined || typeof value === 'function' || key === '__proto__') return null
  return value
}

export function entriesOf(map: StringMap): Iterable<[Value, Value]> {
  return map instanceof Map ? map : Object.entries(map)
}

export type MapCopy = Record<string, Value> | Map<Value, Value>

/** A copy to set these keys in. A key that an object would put elsewhere makes it a `Map`. */
export function copyFor(map: StringMap, keys: readonly string[]): MapCopy {
  if (map instanceof Map) return new Map(map)
  for (let i = 0; i < keys.length; i++) if (needsMap(keys[i] as string)) return new Map(entriesOf(map))
  return { ...(map as { readonly [key: string]: Value }) }
}

export function setKey(copy: MapCopy, key: string, value: Value): void {
  if (copy instanceof Map) copy.set(key, value)
  else copy[key] = value
}

/** A copy with entries set, in order. */
export function withKeys(map: StringMap, keys: readonly string[], value: (key: string, i: number) => Value): StringMap {
  const copy = copyFor(map, keys)
  for (const [i, key] of keys.entries()) setKey(copy, key, value(key, i))
  return copy
}

/** A map of the entries given. */
export function mapOf(entries: readonly (readonly [Value, Value])[]): StringMap {
  if (entries.some(([key]) => typeof key !== 'string' || needsMap(key))) return new Map(entries)
  const map: Record<string, Value> = {}
  for (const [key, value] of entries) map[key as string] = value
  return map
}
