/** Sets the key or value to null, and says what becomes of its schema. */
import { DataError } from '../connect/errors.ts'
import { keyAndValue } from '../connect/key-and-value.ts'
import type { Schema } from '../connect/schema.ts'
import { string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import { cached, copySchema } from '../java/schema-builder.ts'

type Behavior = 'nullify' | 'retain' | 'validate' | 'force_optional'

const SETTINGS = {
  'schema.behavior': string({
    doc: 'How to handle non-null schemas: `nullify` sets the schema to null, `retain` keeps it whether optional or not, `validate` fails where it is not optional, `force_optional` makes it optional.',
    default: 'nullify',
    validator: oneOf('nullify', 'retain', 'validate', 'force_optional'),
  }),
} as const

export default keyAndValue({
  class: 'io.confluent.connect.transforms.Drop',
  version: '1.0.0',
  doc: 'Set the key or value of a record to null, and optionally its schema too.',
  settings: SETTINGS,
  create(config, part) {
    const schemaOf = cached(handler(config['schema.behavior'] as Behavior, part.name))
    return {
      apply(record) {
        const schema = part.schema(record)
        return part.replace(record, schema === null ? null : schemaOf(schema), null)
      },
    }
  },
})

function handler(behavior: Behavior, part: 'Key' | 'Value'): (schema: Schema) => Schema | null {
  switch (behavior) {
    case 'nullify':
      return () => null
    case 'retain':
      return (schema) => schema
    case 'force_optional':
      return (schema) => (schema.optional ? schema : copySchema(schema, { optional: true }))
    case 'validate':
      return (schema) => {
        if (schema.optional) return schema
        throw new DataError(
          `The ${part.toLowerCase()} can't be dropped, as its schema isn't optional: set schema.behavior to nullify, retain or force_optional`,
        )
      }
    default:
      return behavior satisfies never
  }
}
