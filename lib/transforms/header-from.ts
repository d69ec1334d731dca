/** Moves or copies fields of the key or value into headers. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import { nonEmptyList } from '../connect/list-validators.ts'
import type { Transform } from '../connect/plugin.ts'
import type { Header } from '../connect/record.ts'
import type { Schema } from '../connect/schema.ts'
import { type ConfigOf, list, type RawConfig, string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import { Struct, type Value } from '../connect/value.ts'
import { nullPointer } from '../java/exception.ts'
import { basicsOf, cached, copySchema, fieldOf, fieldsOf, structOf } from '../java/schema-builder.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { type FieldTransform, partOf, splitPath, within } from './nested.ts'
import { copiedValue, fieldValue, REPLACE_NULL } from './replace-null.ts'
import { entriesOf, getKey, mapOf, requireMap, requireStruct } from './requirements.ts'

const SETTINGS = {
  fields: list({
    doc: 'Field names in the record whose values are to be copied or moved to headers.',
    importance: 'high',
    validator: nonEmptyList,
  }),
  headers: list({
    doc: 'Header names, in the same order as the field names listed in the fields configuration property.',
    importance: 'high',
    validator: nonEmptyList,
  }),
  operation: string({
    doc: 'Either move if the fields are to be moved to the headers (removed from the key/value), or copy if the fields are to be copied to the headers (retained in the key/value).',
    importance: 'high',
    validator: oneOf('move', 'copy'),
  }),
  ...REPLACE_NULL,
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.HeaderFrom',
  version: '4.3.1',
  doc: "Moves or copies fields in the key/value of a record into that record's headers. Corresponding elements of fields and headers together identify a field and the header it should be moved or copied to.",
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: headerFrom,
})

function headerFrom(config: ConfigOf<typeof SETTINGS>, part: Part, raw: RawConfig): Transform {
  const { fields, headers } = config
  if (headers.length !== fields.length)
    throw new ConfigError("'fields' config must have the same number of elements as 'headers' config.")
  if (!isNested(raw)) return headersFrom(part, fields, headers, config)
  const steps = fields.map((path, i) => headerFromPath(part, path, headers[i] as string, config))
  return { apply: (record) => steps.reduce((current, step) => step.apply(current), record) }
}

function headersFrom(
  part: Part,
  names: readonly string[],
  keys: readonly string[],
  config: ConfigOf<typeof SETTINGS>,
): FieldTransform {
  const { operation } = config
  const move = operation === 'move'
  const purpose = `header ${operation}`
  const replaceNull = config['replace.null.with.default']

  const planOf = cached((schema) => {
    const kept = fieldsOf(schema).filter((field) => !move || !names.includes(field.name))
    const target = move
      ? structOf(
          kept.map((field) => [field.name, field.schema]),
          basicsOf(schema),
        )
      : schema
    return { kept, target, taken: names.map((name) => schema.field(name)) }
  })

  const header = (i: number, schema: Header['schema'], value: Value): Header => ({
    key: keys[i] as string,
    schema,
    value,
  })

  return {
    schemaOf: (schema) => planOf(schema).target,
    apply(record) {
      const schema = part.schema(record)
      const value = part.value(record)
      if (schema === null) {
        const map = requireMap(value, purpose)
        const added = names.map((name, i) => header(i, null, getKey(map, name)))
        const rest = move ? [...entriesOf(map)].filter(([key]) => !names.includes(key as string)) : [...entriesOf(map)]
        return part.replace(record, null, mapOf(rest) as Value).withHeaders([...record.headers, ...added])
      }
      const struct = requireStruct(value, purpose, schema)
      const { kept, target, taken } = planOf(schema)
      const added = taken.map((field, i) => {
        if (field === undefined)
          throw nullPointer(
            'Cannot invoke "org.apache.kafka.connect.data.Field.schema()" because the return value of "org.apache.kafka.connect.data.Schema.field(String)" is null',
          )
        return header(i, field.schema, fieldValue(struct, field, replaceNull))
      })
      const left = move
        ? new Struct(
            target,
            kept.map((field) => copiedValue(struct, field, replaceNull)),
          )
        : struct
      return part.replace(record, target, left).withHeaders([...record.headers, ...added])
    },
  }
}

/** One field at any depth. Where what it is in is missing or null, the header is there with null, as it is for a field. */
function headerFromPath(
  part: Part,
  path: string,
  key: string,
  config: ConfigOf<typeof SETTINGS>,
): Pick<FieldTransform, 'apply'> {
  const { parents, name } = splitPath(path)
  if (parents.length === 0) return headersFrom(part, [name], [key], config)
  const around = parents.reduce<Part>(partOf, part)
  const move = within(part, parents, (inner) => headersFrom(inner, [name], [key], config))
  return {
    apply(record) {
      if (around.value(record) !== null) return move.apply(record)
      const schema = around.schema(record)
      const field = schema === null ? undefined : fieldOf(schema, name)
      if (part.schema(record) !== null && field === undefined) throw new DataError(`Field does not exist: ${path}`)
      const header: Header = { key, schema: field === undefined ? null : optional(field.schema), value: null }
      return move.apply(record).withHeaders([...record.headers, header])
    },
  }
}

function optional(schema: Schema): Schema {
  return schema.optional ? schema : copySchema(schema, { optional: true })
}
