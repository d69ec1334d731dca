/** Inserts fields from the record's metadata, or a static value. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import { timestamp } from '../connect/logical.ts'
import type { Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import { OPTIONAL_STRING, primitive, type Schema, STRING } from '../connect/schema.ts'
import { type ConfigOf, type RawConfig, string } from '../connect/settings.ts'
import { Boxed, Struct, type Value } from '../connect/value.ts'
import { basicsOf, cached, structOf } from '../java/schema-builder.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { MapEdits } from './map-edits.ts'
import { type FieldTransform, siblings, transformNested } from './nested.ts'
import { copiedValue, REPLACE_NULL } from './replace-null.ts'
import { type MapCopy, notMap, requireStruct, setKey } from './requirements.ts'

const OPTIONALITY = 'Suffix with ! to make this a required field, or ? to keep it optional (the default).'

const SETTINGS = {
  'topic.field': string({ doc: `Field name for Kafka topic. ${OPTIONALITY}`, default: null }),
  'partition.field': string({ doc: `Field name for Kafka partition. ${OPTIONALITY}`, default: null }),
  'offset.field': string({
    doc: `Field name for Kafka offset - only applicable to sink connectors. ${OPTIONALITY}`,
    default: null,
  }),
  'timestamp.field': string({ doc: `Field name for record timestamp. ${OPTIONALITY}`, default: null }),
  'static.field': string({ doc: `Field name for static data field. ${OPTIONALITY}`, default: null }),
  'static.value': string({ doc: 'Static field value, if field name configured.', default: null }),
  ...REPLACE_NULL,
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.InsertField',
  version: '4.3.1',
  doc: 'Insert field(s) using attributes from the record metadata or a configured static value.',
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: insertField,
})

const PURPOSE = 'field insertion'

interface Insertion {
  readonly name: string
  readonly schema: Schema
  /** Null: there is nothing to insert. Without a schema an int32 is `Boxed`, and a timestamp a Long. */
  get(record: ConnectRecord, typed: boolean): Value
}

function insertField(config: ConfigOf<typeof SETTINGS>, part: Part, raw: RawConfig): Transform {
  const insertions = insertionsOf(config)
  const replaceNull = config['replace.null.with.default']
  if (!isNested(raw)) return insertInto(part, insertions, replaceNull)
  const groups = siblings(insertions.map((insertion) => [insertion.name, insertion]))
  return transformNested(part, groups, (inner, fields) =>
    insertInto(
      inner,
      [...fields].map(([name, { schema, get }]) => ({ name, schema, get })),
      replaceNull,
    ),
  )
}

function insertInto(part: Part, insertions: readonly Insertion[], replaceNull: boolean): FieldTransform {
  const names = insertions.map(({ name }) => name)
  const schemaOf = cached((schema) =>
    structOf(
      [
        ...schema.fields.map((field) => [field.name, field.schema] as const),
        ...insertions.map((insertion) => [insertion.name, insertion.schema] as const),
      ],
      basicsOf(schema),
    ),
  )

  const edit = (copy: MapCopy, record: ConnectRecord) => {
    for (let i = 0; i < insertions.length; i++) {
      const inserted = (insertions[i] as Insertion).get(record, false)
      if (inserted !== null) setKey(copy, names[i] as string, inserted)
    }
  }

  return new MapEdits({
    part,
    keys: names,
    edits: [edit],
    schemaOf,
    apply(record) {
      const value = part.value(record)
      if (value === null) return record
      const schema = part.schema(record)
      if (schema === null) throw notMap(value, PURPOSE)
      const struct = requireStruct(value, PURPOSE, schema)
      const target = schemaOf(struct.schema)
      const { fields } = struct.schema
      const values = new Array<Value>(target.fields.length)
      for (let i = 0; i < fields.length; i++)
        values[i] = copiedValue(struct, fields[i] as (typeof fields)[number], replaceNull)
      for (let i = 0; i < insertions.length; i++)
        values[fields.length + i] = (insertions[i] as Insertion).get(record, true)
      return part.replace(record, target, new Struct(target, values))
    },
  })
}

const INT32 = [primitive('int32'), primitive('int32', { optional: true })] as const
const INT64 = [primitive('int64'), primitive('int64', { optional: true })] as const
const TIMESTAMP = [timestamp(), timestamp({ optional: true })] as const
const STRINGS = [STRING, OPTIONAL_STRING] as const

function insertionsOf(config: ConfigOf<typeof SETTINGS>): Insertion[] {
  const fixed = config['static.value']
  const insertions = [
    insertion(config['topic.field'], STRINGS, (record) => record.topic),
    insertion(config['partition.field'], INT32, ({ partition }, typed) =>
      partition === null || typed ? partition : new Boxed('int32', partition),
    ),
    insertion(config['offset.field'], INT64, offsetOf),
    insertion(config['timestamp.field'], TIMESTAMP, (record, typed) =>
      record.timestamp === null || !typed ? record.timestamp : new Date(record.timestamp),
    ),
    insertion(config['static.field'], STRINGS, () => fixed),
  ].filter((one) => one !== null)
  if (insertions.length === 0) throw new ConfigError('No field insertion configured')
  const field = config['static.field']
  if (field !== null && fixed === null)
    throw ConfigError.invalid('static.value', null, `No value specified for static field: ${field}`)
  return insertions
}

function insertion(
  spec: string | null,
  [required, optional]: readonly [Schema, Schema],
  get: Insertion['get'],
): Insertion | null {
  if (spec === null) return null
  const name = spec.endsWith('?') || spec.endsWith('!') ? spec.slice(0, -1) : spec
  return { name, schema: spec.endsWith('!') ? required : optional, get }
}

function offsetOf({ origin }: ConnectRecord): Value {
  if (origin.kind === 'sink') return origin.offset
  throw new DataError(`Only SinkRecord supported for [${PURPOSE}], found: org.apache.kafka.connect.source.SourceRecord`)
}
