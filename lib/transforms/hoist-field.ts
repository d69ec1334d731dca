/** Wraps the key or value in a struct, or a map, with one field. */
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import { parse, type RawConfig, string } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { cached, structOf } from '../java/schema-builder.ts'
import { validateValue } from '../java/validate-value.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { type FieldTransform, splitPath, within } from './nested.ts'
import { withKeys } from './requirements.ts'

const SETTINGS = {
  field: string({ doc: 'Field name for the single field that will be created in the resulting Struct or Map.' }),
} as const

/** Of the syntax V2 alone, as KIP-821 has it. */
const HOISTED = {
  hoisted: string({ doc: 'The way to the field to wrap, in place of the entire key or value.', default: null }),
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.HoistField',
  version: '4.3.1',
  doc: 'Wrap data using the specified field name in a Struct when schema present, or a Map in the case of schemaless data.',
  settings: SETTINGS,
  additions: { ...FIELD_SYNTAX, ...HOISTED },
  create: hoistField,
})

function hoistField({ field }: { readonly field: string }, part: Part, raw: RawConfig): Transform {
  const { hoisted } = isNested(raw) ? parse(HOISTED, raw) : { hoisted: null }
  if (hoisted === null) return hoist(part, field)
  const { parents, name } = splitPath(hoisted)
  return within(part, [...parents, name], (inner) => hoist(inner, field))
}

function hoist(part: Part, field: string): FieldTransform {
  const names = [field]
  const schemaOf = cached((schema) => structOf([[field, schema]]))
  return {
    schemaOf,
    apply(record) {
      const schema = part.schema(record)
      const value = part.value(record)
      if (schema === null) return part.replace(record, null, withKeys({}, names, () => value) as Value)
      const target = schemaOf(schema)
      // The value may be anything: it was never in a struct that would have looked at it.
      validateValue(schema, value, `field: "${field}"`)
      return part.replace(record, target, new Struct(target, [value]))
    },
  }
}
