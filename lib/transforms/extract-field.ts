/** Replaces the key or value by one of its fields; with the syntax V2 a nested one. */
import { keyAndValue } from '../connect/key-and-value.ts'
import { string } from '../connect/settings.ts'
import { illegalArgument } from '../java/exception.ts'
import { cached } from '../java/schema-builder.ts'
import { FIELD_SYNTAX, fieldPath } from './field-path.ts'
import { REPLACE_NULL } from './replace-null.ts'
import { requireMap, requireStruct } from './requirements.ts'

const PURPOSE = 'field extraction'

const SETTINGS = { field: string({ doc: 'Field name to extract.' }), ...REPLACE_NULL, ...FIELD_SYNTAX } as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.ExtractField',
  version: '4.3.1',
  doc: 'Extract the specified field from a Struct when schema present, or a Map in the case of schemaless data. Any null values are passed through unmodified.',
  settings: SETTINGS,
  create(config, part) {
    const path = fieldPath(config.field, config['field.syntax.version'])
    const replaceNull = config['replace.null.with.default']
    const schemaOf = cached((schema) => {
      const field = path.field(schema)
      if (field === undefined) throw illegalArgument(`Unknown field: ${config.field}`)
      return field.schema
    })
    return {
      apply(record) {
        const schema = part.schema(record)
        const value = part.value(record)
        if (schema === null)
          return part.replace(record, null, value === null ? null : path.inMap(requireMap(value, PURPOSE)))
        const struct = value === null ? null : requireStruct(value, PURPOSE, schema)
        const target = schemaOf(schema)
        return part.replace(record, target, struct === null ? null : path.inStruct(struct, replaceNull))
      },
    }
  },
})
