/** Building schemas with the checks of `SchemaBuilder`, and bounded caches of what was built. */
import { DataError } from '../connect/errors.ts'
import { type Field, Schema, type SchemaOptions } from '../connect/schema.ts'
import type { Value } from '../connect/value.ts'
import { schemaBuilderError } from './exception.ts'
import { validateValue } from './validate-value.ts'

/** A struct with the fields given. `SchemaBuilderException` for names that are empty or twice there. */
export function structOf(fields: readonly (readonly [string, Schema])[], options?: SchemaOptions): Schema {
  const names = new Set<string>()
  for (const [name] of fields) {
    if (name === '') throw schemaBuilderError('fieldName cannot be null.')
    if (names.has(name)) throw schemaBuilderError(`Cannot create field because of field name duplication ${name}`)
    names.add(name)
  }
  return new Schema('struct', options, { fields })
}

/** Name, version, doc and parameters (`SchemaUtil.copySchemaBasics`). */
export function basicsOf({ name, version, doc, parameters }: Schema): SchemaOptions {
  return { name, version, doc, parameters }
}

/** The schema with a default that is checked as a builder does. */
export function withDefault(schema: Schema, value: Value): Schema {
  try {
    validateValue(schema, value)
  } catch (error) {
    throw Object.assign(schemaBuilderError('Invalid default value'), { cause: error })
  }
  return copySchema(schema, { default: value })
}

/** The same schema with other options. */
export function copySchema(schema: Schema, options: SchemaOptions): Schema {
  const { type, optional, fields, keys, values, items } = schema
  const initial = schema.default === undefined ? {} : { default: schema.default }
  return new Schema(
    type,
    { optional, ...basicsOf(schema), ...initial, ...options },
    { fields: fields.map((field) => [field.name, field.schema] as const), keys, values, items },
  )
}

/** `ConnectSchema.fields()`. */
export function fieldsOf(schema: Schema): readonly Field[] {
  if (schema.type !== 'struct') throw new DataError('Cannot list fields on non-struct type')
  return schema.fields
}

/** `ConnectSchema.field(name)`. */
export function fieldOf(schema: Schema, name: string): Field | undefined {
  if (schema.type !== 'struct') throw new DataError('Cannot look up fields on non-struct type')
  return schema.field(name)
}

/** Built once per schema, by identity: a converter hands out the same object for the same schema. */
export function cached<T>(build: (schema: Schema) => T): (schema: Schema) => T {
  const entries = new Map<Schema, T>()
  let lastSchema: Schema | undefined
  let last: T
  return (schema) => {
    if (schema === lastSchema) return last
    let found = entries.get(schema)
    if (found === undefined) {
      found = build(schema)
      if (entries.size >= CACHE_SIZE) entries.delete(entries.keys().next().value as Schema)
      entries.set(schema, found)
    }
    lastSchema = schema
    last = found
    return found
  }
}

/** As Connect's own transforms keep. */
const CACHE_SIZE = 16
