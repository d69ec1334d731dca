/** Where a JSON Path leads in Connect's values. */
import { isPlainObject, Struct, type Value } from '../connect/value.ts'

export type Condition = (current: Value, root: Value) => boolean

export type Selector =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly condition: Condition }

export interface JsonPath {
  /** It leads to one place at most. */
  readonly definite: boolean
  /**
   * What it leads to, in order. Undefined where the way there ends: a field before any wildcard or condition is
   * missing, or is no object.
   */
  read(root: Value): readonly Value[] | undefined
}

export function pathOf(selectors: readonly Selector[]): JsonPath {
  return { definite: selectors.every(isDefinite), read: (root) => read(selectors, root) }
}

function isDefinite(selector: Selector): boolean {
  switch (selector.kind) {
    case 'names':
      return selector.names.length === 1
    case 'indexes':
      return selector.indexes.length === 1
    case 'all':
    case 'filter':
      return false
    default:
      return selector satisfies never
  }
}

function read(selectors: readonly Selector[], root: Value): readonly Value[] | undefined {
  let found: Value[] = [root]
  let definite = true
  for (const selector of selectors) {
    const next: Value[] = []
    for (const value of found) if (!select(selector, value, root, next) && definite) return undefined
    definite &&= isDefinite(selector)
    found = next
  }
  return found
}

/** Adds what the selector finds; false where it can't be applied. */
function select(selector: Selector, value: Value, root: Value, into: Value[]): boolean {
  switch (selector.kind) {
    case 'names':
      return addAll(selector.names, (name) => child(value, name), into)
    case 'indexes':
      return Array.isArray(value) && addAll(selector.indexes, (index) => value.at(index), into)
    case 'all': {
      const items = children(value)
      for (const item of items ?? []) into.push(item)
      return items !== undefined
    }
    case 'filter': {
      // On an object it asks the object itself, on an array each element.
      const items = Array.isArray(value) ? value : isContainer(value) ? [value] : undefined
      for (const item of items ?? []) if (selector.condition(item, root)) into.push(item)
      return items !== undefined
    }
    default:
      return selector satisfies never
  }
}

function addAll<K>(keys: readonly K[], get: (key: K) => Value | undefined, into: Value[]): boolean {
  let any = false
  for (const key of keys) {
    const item = get(key)
    if (item === undefined) continue
    into.push(item)
    any = true
  }
  return any
}

function isContainer(value: Value): boolean {
  return value instanceof Struct || value instanceof Map || isPlainObject(value)
}

/** Undefined where there is no such field. */
function child(value: Value, name: string): Value | undefined {
  if (value instanceof Struct) return value.schema.field(name) === undefined ? undefined : value.get(name)
  if (value instanceof Map) return value.get(name)
  return isPlainObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function children(value: Value): Iterable<Value> | undefined {
  if (Array.isArray(value)) return value
  if (value instanceof Struct) return value.schema.fields.map((field) => value.get(field.name))
  if (value instanceof Map) return value.values()
  return isPlainObject(value) ? Object.values(value) : undefined
}
