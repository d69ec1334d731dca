/** Replaces the key by one made of fields of the value. */
import { DataError } from '../connect/errors.ts'
import { distinctValues } from '../connect/list-validators.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import { type ConfigOf, list } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { cached, structOf } from '../java/schema-builder.ts'
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
  create: valueToKey,
})

const PURPOSE = 'copying fields from value to key'

function valueToKey(config: ConfigOf<typeof SETTINGS>): Transform {
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
