/** Casts fields, or the whole key or value, to another type, with Java's narrowing. */

import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import { primitive, type Schema } from '../connect/schema.ts'
import { type ConfigOf, list, type RawConfig } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { hashOrder } from '../java/hash-order.ts'
import { basicsOf, cached, fieldsOf, structOf, withDefault } from '../java/schema-builder.ts'
import { type CastType, parseSpec } from './cast-spec.ts'
import { castValue } from './cast-value.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { MapEdits } from './map-edits.ts'
import { type FieldTransform, siblings, transformNested } from './nested.ts'
import { copiedValue, fieldValue, REPLACE_NULL } from './replace-null.ts'
import { getKey, type MapCopy, notMap, requireStruct, setKey } from './requirements.ts'

const SETTINGS = {
  spec: list({
    doc: 'List of fields and the type to cast them to of the form field1:type,field2:type to cast fields of Maps or Structs. A single type to cast the entire value. Valid types are int8, int16, int32, int64, float32, float64, boolean, and string. Note that binary fields can only be cast to string.',
    importance: 'high',
    validator: {
      allowed: 'list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>',
      check(_name, value) {
        if (value === null || (value as readonly string[]).length === 0)
          throw new ConfigError('Must specify at least one field to cast.')
        parseSpec(value as readonly string[])
      },
    },
  }),
  ...REPLACE_NULL,
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.Cast',
  version: '4.3.1',
  doc: 'Cast fields or the entire key or value to a specific type, e.g. to force an integer field to a smaller width. Cast from integers, floats, boolean and string to any other type, and cast binary to string (base64 encoded).',
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: cast,
})

const PURPOSE = 'cast types'

function cast(config: ConfigOf<typeof SETTINGS>, part: Part, raw: RawConfig): Transform {
  const { whole, fields } = parseSpec(config.spec)
  const replaceNull = config['replace.null.with.default']
  if (whole !== null) return { apply: castWhole(part, whole) }
  if (!isNested(raw)) return castFields(part, fields, replaceNull)
  return transformNested(part, siblings([...fields].map(([path, type]) => [path, { type }])), (inner, casts) =>
    castFields(inner, new Map([...casts].map(([name, { type }]) => [name, type])), replaceNull),
  )
}

function castWhole(part: Part, type: CastType): (record: ConnectRecord) => ConnectRecord {
  const schemaOf = cached((schema) => castSchema(schema, type, basicsOf(schema)))
  return (record) => {
    const value = part.value(record)
    if (value === null) return record
    const schema = part.schema(record)
    if (schema === null) return part.replace(record, null, castValue(null, value, type))
    return part.replace(record, schemaOf(schema), castValue(schema, value, type))
  }
}

function castFields(part: Part, casts: ReadonlyMap<string, CastType>, replaceNull: boolean): FieldTransform {
  const names = hashOrder(casts.keys())
  const types = names.map((name) => casts.get(name))
  const schemaOf = cached((schema) => structSchema(schema, casts))
  const planOf = cached((schema) => fieldsOf(schema).map((field) => ({ field, type: casts.get(field.name) })))
  const edit = (copy: MapCopy) => {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      setKey(copy, name, castValue(null, getKey(copy, name), types[i] as CastType))
    }
  }
  const apply = (record: ConnectRecord): ConnectRecord => {
    const value = part.value(record)
    if (value === null) return record
    const schema = part.schema(record)
    if (schema === null) throw notMap(value, PURPOSE)
    const target = schemaOf(schema)
    const struct = requireStruct(value, PURPOSE, schema)
    const plan = planOf(struct.schema)
    const values = new Array<Value>(plan.length)
    for (let i = 0; i < plan.length; i++) {
      const { field, type } = plan[i] as (typeof plan)[number]
      values[i] =
        type === undefined
          ? copiedValue(struct, field, replaceNull)
          : required(target, i, castValue(field.schema, fieldValue(struct, field, replaceNull), type))
    }
    return part.replace(record, target, new Struct(target, values))
  }
  return new MapEdits({ part, keys: names, edits: [edit], schemaOf, apply })
}

function required(schema: Schema, index: number, value: Value): Value {
  if (value !== null) return value
  const field = schema.fields[index]
  if (field === undefined || field.schema.optional) return value
  throw new DataError(
    `Invalid value: null used for required field: "${field.name}", schema type: ${field.schema.type.toUpperCase()}`,
  )
}

/** Of a field the new type keeps neither name nor doc; of the whole it does. */
function castSchema(from: Schema, type: CastType, basics: ReturnType<typeof basicsOf> = {}): Schema {
  const schema = primitive(type, { ...basics, optional: from.optional })
  const initial = from.default ?? null
  return initial === null ? schema : withDefault(schema, castValue(from, initial, type))
}

function structSchema(schema: Schema, casts: ReadonlyMap<string, CastType>): Schema {
  const fields = fieldsOf(schema).map((field) => {
    const type = casts.get(field.name)
    return [field.name, type === undefined ? field.schema : castSchema(field.schema, type)] as const
  })
  const target = structOf(fields, { ...basicsOf(schema), optional: schema.optional })
  // A struct as default can't be cast, and Connect says so.
  if (schema.default !== undefined && schema.default !== null) castValue(schema, schema.default, 'boolean')
  return target
}
