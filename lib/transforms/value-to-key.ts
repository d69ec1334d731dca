/** Replaces the key by one made of fields of the value. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { distinctValues } from '../connect/list-validators.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import type { Schema } from '../connect/schema.ts'
import { type ConfigOf, list, type RawConfig } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { cached, copySchema, fieldOf, structOf } from '../java/schema-builder.ts'
import { nullUsed } from '../java/validate-value.ts'
import { FIELD_SYNTAX, fieldPath, isNested } from './field-path.ts'
import { splitPath } from './nested.ts'
import { copiedValue, REPLACE_NULL } from './replace-null.ts'
import { getKey, requireMap, requireStruct, withKeys } from './requirements.ts'

const SETTINGS = {
  fields: list({
    doc: 'Field names on the record value to extract as the record key.',
    importance: 'high',
    validator: distinctValues(false),
  }),
  ...REPLACE_NULL,
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.ValueToKey',
  version: '4.3.1',
  doc: 'Replace the record key with a new key formed from a subset of fields in the record value.',
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: valueToKey,
})

const PURPOSE = 'copying fields from value to key'

function valueToKey(config: ConfigOf<typeof SETTINGS>, raw: RawConfig): Transform {
  if (isNested(raw)) return nestedToKey(config)
  const names = config.fields
  const replaceNull = config['replace.null.with.default']
  const planOf = cached((schema) => {
    const fields = names.map((name) => {
      const field = schema.field(name)
      if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
      return field
    })
    return { fields, schema: structOf(fields.map((field) => [field.name, field.schema])) }
  })
  return {
    apply(record) {
      if (record.valueSchema === null) {
        const map = requireMap(record.value, PURPOSE)
        return record.withKey(null, withKeys({}, names, (name) => getKey(map, name)) as Value)
      }
      const struct = requireStruct(record.value, PURPOSE, record.valueSchema)
      const { fields, schema } = planOf(struct.schema)
      const values = new Array<Value>(fields.length)
      for (let i = 0; i < fields.length; i++)
        values[i] = copiedValue(struct, fields[i] as (typeof fields)[number], replaceNull)
      return record.withKey(schema, new Struct(schema, values))
    },
  }
}

/** Fields at any depth. In the key each has its own name, without those it was in. */
function nestedToKey(config: ConfigOf<typeof SETTINGS>): Transform {
  const paths = config.fields.map((text) => ({ text, ...splitPath(text), path: fieldPath(text, 'V2') }))
  const names = paths.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw ConfigError.invalid('fields', config.fields, `Two of them would have the name ${twice} in the key`)
  const replaceNull = config['replace.null.with.default']
  const schemaOf = cached((schema) =>
    structOf(
      paths.map(({ text, name, parents, path }) => {
        const field = path.field(schema)
        if (field === undefined) throw new DataError(`Field does not exist: ${text}`)
        return [name, optionalAsParents(field.schema, schema, parents)]
      }),
    ),
  )
  return {
    apply(record) {
      if (record.valueSchema === null) {
        const map = requireMap(record.value, PURPOSE)
        return record.withKey(null, withKeys({}, names, (_, i) => paths[i]?.path.inMap(map) ?? null) as Value)
      }
      const struct = requireStruct(record.value, PURPOSE, record.valueSchema)
      const schema = schemaOf(struct.schema)
      const values = paths.map(({ path }, i) => {
        const value = path.inStruct(struct, replaceNull)
        const field = schema.fields[i]
        if (value === null && field !== undefined && !field.schema.optional)
          throw nullUsed(field.schema, `field: "${field.name}"`)
        return value
      })
      return record.withKey(schema, new Struct(schema, values))
    },
  }
}

/** A field may be null in the key where what it was in may be. */
function optionalAsParents(field: Schema, root: Schema, parents: readonly string[]): Schema {
  let current: Schema | undefined = root
  for (const step of parents) {
    current = current && fieldOf(current, step)?.schema
    if (current?.optional && !field.optional) return copySchema(field, { optional: true })
  }
  return field
}
