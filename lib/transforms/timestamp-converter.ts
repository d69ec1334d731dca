/** Converts timestamps between strings, Unix times and Connect's Date, Time and Timestamp. */
import { ConfigError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { Field, Schema } from '../connect/schema.ts'
import { type ConfigOf, type RawConfig, string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import { Struct, type Value } from '../connect/value.ts'
import { PatternError } from '../java/date-pattern.ts'
import { basicsOf, cached, copySchema, fieldsOf, structOf } from '../java/schema-builder.ts'
import { SimpleDateFormat } from '../java/simple-date-format.ts'
import { nullUsed } from '../java/validate-value.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { type FieldTransform, splitPath, within } from './nested.ts'
import { copiedValue, fieldValue, REPLACE_NULL } from './replace-null.ts'
import { getKey, requireMap, requireStruct, withKeys } from './requirements.ts'
import {
  type Conversion,
  inferType,
  type Precision,
  type TimestampType,
  toRaw,
  toType,
  typeOfSchema,
  typeSchema,
} from './timestamp-types.ts'

const SETTINGS = {
  field: string({
    doc: 'The field containing the timestamp, or empty if the entire value is a timestamp',
    importance: 'high',
    default: '',
  }),
  'target.type': string({
    doc: 'The desired timestamp representation: string, unix, Date, Time, or Timestamp',
    importance: 'high',
    validator: oneOf('string', 'unix', 'Date', 'Time', 'Timestamp'),
  }),
  format: string({
    doc: 'A SimpleDateFormat-compatible format for the timestamp. Used to generate the output when type=string or used to parse the input if the input is a string.',
    default: '',
  }),
  'unix.precision': string({
    doc: 'The desired Unix precision for the timestamp: seconds, milliseconds, microseconds, or nanoseconds. Used to generate the output when type=unix or used to parse the input if the input is a Long. Note: This SMT will cause precision loss during conversions from, and to, values with sub-millisecond components.',
    importance: 'low',
    default: 'milliseconds',
    validator: oneOf('nanoseconds', 'microseconds', 'milliseconds', 'seconds'),
  }),
  ...REPLACE_NULL,
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.TimestampConverter',
  version: '4.3.1',
  doc: 'Convert timestamps between different formats such as Unix epoch, strings, and Connect Date/Timestamp types. Applies to individual fields or to the entire value.',
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: timestampConverter,
})

const PURPOSE = 'converting timestamp formats'

function timestampConverter(config: ConfigOf<typeof SETTINGS>, part: Part, raw: RawConfig): Transform {
  const conversion: Conversion = {
    type: config['target.type'] as TimestampType,
    format: formatOf(config['target.type'], config.format),
    precision: config['unix.precision'] as Precision,
  }
  const convert = (value: Value, from: TimestampType | null, schema: Schema | null): Value => {
    if (value === null) return null
    return toType(conversion, toRaw(conversion, from ?? inferType(value), value, schema))
  }
  if (config.field === null || config.field === '') {
    return {
      apply(record) {
        const value = part.value(record)
        const schema = part.schema(record)
        if (schema === null) return part.replace(record, null, convert(value, null, null))
        const target = typeSchema(conversion.type, schema.optional)
        return part.replace(record, target, convert(value, typeOfSchema(schema), schema))
      },
    }
  }
  const ofField = (inner: Part, name: string) =>
    fieldConverter(inner, name, config['replace.null.with.default'], conversion.type, convert)
  if (!isNested(raw)) return ofField(part, config.field)
  const { parents, name } = splitPath(config.field)
  return within(part, parents, (inner) => ofField(inner, name))
}

function fieldConverter(
  part: Part,
  name: string,
  replaceNull: boolean,
  type: TimestampType,
  convert: (value: Value, from: TimestampType | null, schema: Schema | null) => Value,
): FieldTransform {
  const convertStruct = (struct: Struct, target: Schema): Struct =>
    new Struct(
      target,
      struct.schema.fields.map((field) => {
        if (field.name !== name) return copiedValue(struct, field, replaceNull)
        const value = convert(fieldValue(struct, field, replaceNull), typeOfSchema(field.schema), field.schema)
        if (value === null && !field.schema.optional) throw nullUsed(fieldIn(target, field), `field: "${name}"`)
        return value
      }),
    )
  const schemaOf = cached((schema) => {
    const fields = fieldsOf(schema).map((field) => {
      const target = field.name === name ? typeSchema(type, field.schema.optional) : field.schema
      return [field.name, target] as const
    })
    const target = structOf(fields, { ...basicsOf(schema), optional: schema.optional })
    if (!(schema.default instanceof Struct)) return target
    return copySchema(target, { default: convertStruct(schema.default, target) })
  })
  const names = [name]
  const apply = (record: ConnectRecord): ConnectRecord => {
    const value = part.value(record)
    const schema = part.schema(record)
    if (schema === null) {
      if (value === null) return part.replace(record, null, null)
      const map = requireMap(value, PURPOSE)
      return part.replace(record, null, withKeys(map, names, (key) => convert(getKey(map, key), null, null)) as Value)
    }
    const struct = value === null ? null : requireStruct(value, PURPOSE, schema)
    const target = schemaOf(schema)
    return part.replace(record, target, struct === null ? null : convertStruct(struct, target))
  }
  return { apply, schemaOf }
}

function fieldIn(schema: Schema, field: Field): Schema {
  return schema.fields[field.index]?.schema ?? field.schema
}

function formatOf(type: string, pattern: string | null): SimpleDateFormat | null {
  if (pattern === null || pattern.trim() === '') {
    if (type === 'string')
      throw new ConfigError('TimestampConverter requires format option to be specified when using string timestamps')
    return null
  }
  try {
    return new SimpleDateFormat(pattern)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw ConfigError.invalid(
      `TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: ${pattern}`,
      `java.lang.IllegalArgumentException: ${error.message}`,
    )
  }
}
