/** Copies the key into a field of the value. */
import { plugin, type Transform } from '../connect/plugin.ts'
import { OPTIONAL_STRING, type Schema } from '../connect/schema.ts'
import { string } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { cached, structOf } from '../java/schema-builder.ts'
import { validateValue } from '../java/validate-value.ts'
import { requireMap, requireStruct, withKeys } from './requirements.ts'

const SETTINGS = {
  field: string({ doc: 'The field of the value that the key is put into.', importance: 'low', default: '_key' }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'com.clickhouse.kafka.connect.transforms.KeyToValue',
  version: '1.0.0',
  doc: 'Copy the key of a record into a field of its value.',
  settings: SETTINGS,
  create({ field }) {
    const names = [field]
    const schemasOf = cached((schema) =>
      cached((keySchema) =>
        structOf([...schema.fields.map((old) => [old.name, old.schema] as const), [field, keySchema]], {
          name: schema.name,
          version: schema.version,
          doc: schema.doc,
        }),
      ),
    )
    return {
      apply(record) {
        const { key, value, valueSchema } = record
        if (valueSchema === null)
          return record.withValue(null, withKeys(requireMap(value, PURPOSE), names, () => key) as Value)
        const struct = requireStruct(value, PURPOSE, valueSchema)
        // Without a schema the key must be a string.
        const keySchema: Schema = record.keySchema ?? OPTIONAL_STRING
        const target = schemasOf(struct.schema)(keySchema)
        validateValue(keySchema, key, `field: "${field}"`)
        return record.withValue(target, new Struct(target, [...struct.values, key]))
      },
    }
  },
})

const PURPOSE = 'copying the key to the value'
