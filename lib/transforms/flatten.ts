/** Flattens nested structs or maps, joining the names of the fields. */
import { DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import type { Schema } from '../connect/schema.ts'
import { string } from '../connect/settings.ts'
import { Boxed, Decimal, Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { hashOrder } from '../java/hash-order.ts'
import { basicsOf, cached, copySchema, fieldsOf, structOf, withDefault } from '../java/schema-builder.ts'
import { nullUsed } from '../java/validate-value.ts'
import { entriesOf, isStringMap, requireMap, requireStruct, type StringMap } from './requirements.ts'

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.Flatten',
  version: '4.3.1',
  doc: "Flatten a nested data structure, generating names for each field by concatenating the field names at each level with a configurable delimiter character. Applies to Struct when schema present, or a Map in the case of schemaless data. Array fields and their contents are not modified. The default delimiter is '.'.",
  settings: {
    delimiter: string({
      doc: 'Delimiter to insert between field names from the input record when generating field names for the output record',
      default: '.',
    }),
  },
  create: ({ delimiter }, part) => flatten(delimiter, part),
})

const PURPOSE = 'flattening'

/** Where a field of the flat struct comes from: the places of the structs to go through, then its own. */
interface Leaf {
  readonly name: string
  readonly path: readonly number[]
  readonly index: number
  readonly source: Schema
  readonly schema: Schema
}

function flatten(delimiter: string, part: Part): Transform {
  const join = (prefix: string, name: string) => (prefix === '' ? name : prefix + delimiter + name)

  const flattenMap = (map: StringMap, prefix: string, into: Map<Value, Value>, entries = entriesOf) => {
    for (const [key, value] of entries(map)) {
      const name = join(prefix, key as string)
      if (isStringMap(value)) flattenMap(value, name, into, entries)
      else into.set(name, requireSupported(value, name))
    }
  }
  const flat = (map: StringMap): Map<Value, Value> => {
    const into = new Map<Value, Value>()
    try {
      flattenMap(map, '', into)
    } catch (error) {
      // Of several unsupported values the one that Connect comes upon first is named.
      flattenMap(map, '', into, hashedEntries)
      throw error
    }
    return into
  }

  const planOf = cached((schema) => {
    const leaves = leavesOf(schema, '', [], schema.optional, (schema.default ?? null) as Struct | null, join)
    const target = structOf(
      leaves.map((leaf) => [leaf.name, leaf.schema]),
      basicsOf(schema),
    )
    return { leaves, target }
  })

  return {
    apply(record) {
      const value = part.value(record)
      if (value === null) return record
      const schema = part.schema(record)
      if (schema === null) return part.replace(record, null, plain(flat(requireMap(value, PURPOSE))))
      const struct = requireStruct(value, PURPOSE, schema)
      const { leaves, target } = planOf(schema)
      return part.replace(
        record,
        target,
        new Struct(
          target,
          leaves.map((leaf) => leafValue(struct, leaf)),
        ),
      )
    },
  }
}

function hashedEntries(map: StringMap): Iterable<[Value, Value]> {
  const entries = [...entriesOf(map)]
  if (className(map as Value) !== 'java.util.HashMap') return entries
  const values = new Map(entries)
  return hashOrder(values.keys() as Iterable<string>, entries.length / 0.75 + 1).map((key) => [
    key,
    values.get(key) ?? null,
  ])
}

/** As an object, unless that would reorder its keys. Like Connect's it keeps their order. */
function plain(flat: ReadonlyMap<Value, Value>): Value {
  const object = Object.create(null) as Record<string, Value>
  for (const [key, value] of flat) {
    if (/^[0-9]+$/.test(key as string)) return flat
    object[key as string] = value
  }
  return object
}

function requireSupported(value: Value, name: string): Value {
  if (value instanceof Struct)
    throw new DataError(
      `Flatten transformation does not support class ${className(value)} for record without schemas (for field ${name}).`,
    )
  if (value instanceof Date || value instanceof Decimal || (value instanceof Boxed && value.type === 'biginteger'))
    throw new DataError(
      `Flatten transformation was passed a value of type class ${className(value)} which is not supported by Connect's data API`,
    )
  return value
}

function leavesOf(
  schema: Schema,
  prefix: string,
  path: readonly number[],
  optional: boolean,
  defaults: Struct | null,
  join: (prefix: string, name: string) => string,
): Leaf[] {
  return fieldsOf(schema).flatMap((field) => {
    const name = join(prefix, field.name)
    const fieldOptional = optional || field.schema.optional
    const initial = field.schema.default ?? (defaults === null ? null : defaults.get(field.name))
    switch (field.schema.type) {
      case 'struct':
        return leavesOf(field.schema, name, [...path, field.index], fieldOptional, initial as Struct | null, join)
      case 'map':
        throw new DataError(`Flatten transformation does not support MAP for record with schemas (for field ${name}).`)
      default: {
        const flat = flatSchema(field.schema, fieldOptional, initial)
        return [{ name, path, index: field.index, source: field.schema, schema: flat }]
      }
    }
  })
}

function flatSchema(schema: Schema, optional: boolean, initial: Value): Schema {
  const { keys, values, items, type } = schema
  const basics = { ...basicsOf(schema), optional }
  const plainSchema = copySchema(
    { ...schema, keys, values, items, type, default: undefined, fields: [] } as unknown as Schema,
    basics,
  )
  return initial === null ? plainSchema : withDefault(plainSchema, initial)
}

function leafValue(struct: Struct, { path, index, source, schema, name }: Leaf): Value {
  let current: Struct = struct
  for (const step of path) {
    const next = current.values[step] ?? null
    // A struct that isn't there leaves its fields unset.
    if (next === null) return null
    current = next as Struct
  }
  const value = current.values[index] ?? source.default ?? null
  if (value === null && !schema.optional) throw nullUsed(schema, `field: "${name}"`)
  return value
}
