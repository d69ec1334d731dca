/** Sets the name, the version or both of the key's or value's schema. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue } from '../connect/key-and-value.ts'
import { int, string } from '../connect/settings.ts'
import { Struct } from '../connect/value.ts'
import { cached, copySchema, fieldsOf } from '../java/schema-builder.ts'
import { copiedValue, REPLACE_NULL } from './replace-null.ts'

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.SetSchemaMetadata',
  version: '4.3.1',
  doc: "Set the schema name, version or both on the record's key or value schema.",
  settings: {
    'schema.name': string({ doc: 'Schema name to set.', importance: 'high', default: null }),
    'schema.version': int({ doc: 'Schema version to set.', importance: 'high', default: null }),
    ...REPLACE_NULL,
  },
  create(config, part) {
    const name = config['schema.name']
    const version = config['schema.version']
    const replaceNull = config['replace.null.with.default']
    if (name === null && version === null) throw new ConfigError('Neither schema name nor version configured')
    const schemaOf = cached((schema) => {
      fieldsOf(schema)
      return copySchema(schema, { name: name ?? schema.name, version: version ?? schema.version })
    })
    return {
      apply(record) {
        const schema = part.schema(record)
        const value = part.value(record)
        if (schema === null) {
          if (value === null) return record
          throw new DataError('Schema required for [updating schema metadata]')
        }
        const target = schemaOf(schema)
        if (!(value instanceof Struct)) return part.replace(record, target, value)
        const values = value.schema.fields.map((field) => copiedValue(value, field, replaceNull))
        return part.replace(record, target, new Struct(target, values))
      },
    }
  },
})
