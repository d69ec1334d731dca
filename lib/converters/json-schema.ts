/** Schemas in JsonConverter's own form (`{"type":"int32","optional":true}`), as a message's envelope carries them. */
import { DataError } from '../connect/errors.ts'
import { type PrimitiveType, Schema, type SchemaOptions } from '../connect/schema.ts'
import { schemaBuilderError } from '../java/exception.ts'
import { Fraction, type JsonNode } from '../java/json-text.ts'
import { validateValue } from '../java/validate-value.ts'
import type { JsonReader } from './json-reader.ts'

const PRIMITIVES: Readonly<Record<string, PrimitiveType>> = {
  boolean: 'boolean',
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float: 'float32',
  double: 'float64',
  bytes: 'bytes',
  string: 'string',
}

/** Throws `DataError` where it is none. Null is no schema. */
export function schemaFromJson(node: JsonNode | undefined, reader: JsonReader): Schema | null {
  if (node === null) return null
  const type = get(node, 'type')
  if (typeof type !== 'string') throw new DataError("Schema must contain 'type' field")
  const build = builder(node, type, reader)
  const options = optionsOf(node)
  const initial = get(node, 'default')
  const plain = build(options)
  if (initial === undefined) return plain
  const value = reader.read(plain, initial)
  try {
    validateValue(plain, value)
  } catch (error) {
    throw Object.assign(schemaBuilderError('Invalid default value'), { cause: error })
  }
  return value === null ? plain : build({ ...options, default: value })
}

function builder(node: JsonNode | undefined, type: string, reader: JsonReader): (options: SchemaOptions) => Schema {
  const simple = PRIMITIVES[type]
  if (simple !== undefined && Object.hasOwn(PRIMITIVES, type)) return (options) => new Schema(simple, options)
  switch (type) {
    case 'array': {
      const items = get(node, 'items')
      if (items === undefined || items === null) throw new DataError('Array schema did not specify the element type')
      const inner = { items: schemaFromJson(items, reader) }
      return (options) => new Schema('array', options, inner)
    }
    case 'map': {
      const keys = get(node, 'keys')
      if (keys === undefined) throw new DataError('Map schema did not specify the key type')
      const values = get(node, 'values')
      if (values === undefined) throw new DataError('Map schema did not specify the value type')
      const inner = { keys: schemaFromJson(keys, reader), values: schemaFromJson(values, reader) }
      if (inner.keys === null) throw schemaBuilderError('keySchema cannot be null.')
      if (inner.values === null) throw schemaBuilderError('valueSchema cannot be null.')
      return (options) => new Schema('map', options, inner)
    }
    case 'struct': {
      const fields = fieldsOf(node, reader)
      return (options) => new Schema('struct', options, { fields })
    }
    default:
      throw new DataError(`Unknown schema type: ${type}`)
  }
}

function fieldsOf(node: JsonNode | undefined, reader: JsonReader): (readonly [string, Schema])[] {
  const nodes = get(node, 'fields')
  if (!Array.isArray(nodes)) throw new DataError('Struct schema\'s "fields" argument is not an array.')
  const names = new Set<string>()
  return nodes.map((field: JsonNode) => {
    const name = get(field, 'field')
    if (typeof name !== 'string') throw new DataError("Struct schema's field name not specified properly")
    const schema = schemaFromJson(field, reader)
    if (name === '') throw schemaBuilderError('fieldName cannot be null.')
    if (schema === null) throw schemaBuilderError(`fieldSchema for field ${name} cannot be null.`)
    if (names.has(name)) throw schemaBuilderError(`Cannot create field because of field name duplication ${name}`)
    names.add(name)
    return [name, schema] as const
  })
}

function optionsOf(node: JsonNode | undefined): SchemaOptions {
  const name = get(node, 'name')
  const version = get(node, 'version')
  const doc = get(node, 'doc')
  const parameters = get(node, 'parameters')
  return {
    optional: get(node, 'optional') === true,
    name: typeof name === 'string' ? name : null,
    version:
      typeof version === 'number' || typeof version === 'bigint' ? Number(BigInt.asIntN(32, BigInt(version))) : null,
    doc: typeof doc === 'string' ? doc : null,
    parameters: isObject(parameters) ? parametersOf(parameters) : null,
  }
}

function parametersOf(node: object): ReadonlyMap<string, string> | null {
  const entries: [string, JsonNode][] = node instanceof Map ? [...node] : Object.entries(node)
  for (const [, value] of entries)
    if (typeof value !== 'string') throw new DataError('Schema parameters must have string values.')
  return entries.length === 0 ? null : new Map(entries as [string, string][])
}

function isObject(node: JsonNode | undefined): node is Exclude<JsonNode, null | string | number | bigint | boolean> {
  return typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof Fraction)
}

function get(node: JsonNode | undefined, name: string): JsonNode | undefined {
  if (!isObject(node)) return undefined
  if (node instanceof Map) return node.get(name)
  return Object.hasOwn(node, name) ? (node as { readonly [key: string]: JsonNode })[name] : undefined
}
