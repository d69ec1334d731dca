/** Masks fields with the null value of their type (0, false, empty), or with a replacement. */
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import { distinctValues } from '../connect/list-validators.ts'
import type { Transform } from '../connect/plugin.ts'
import { type ConfigOf, list, type RawConfig, string } from '../connect/settings.ts'
import { nonEmptyString } from '../connect/validators.ts'
import { Struct, type Value } from '../connect/value.ts'
import { hashOrder } from '../java/hash-order.ts'
import { cached } from '../java/schema-builder.ts'
import { nullUsed, validateValue } from '../java/validate-value.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { MapEdits } from './map-edits.ts'
import { masker } from './mask-value.ts'
import { type FieldTransform, siblings, transformNested } from './nested.ts'
import { copiedValue, fieldValue, REPLACE_NULL } from './replace-null.ts'
import { getKey, type MapCopy, notMap, requireStruct, setKey } from './requirements.ts'

const SETTINGS = {
  fields: list({ doc: 'Names of fields to mask.', importance: 'high', validator: distinctValues(false) }),
  replacement: string({
    doc: "Custom value replacement, that will be applied to all 'fields' values (numeric or non-empty string values only).",
    importance: 'low',
    default: null,
    validator: nonEmptyString,
  }),
  ...REPLACE_NULL,
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.MaskField',
  version: '4.3.1',
  doc: 'Mask specified fields with a valid null value for the field type (i.e. 0, false, empty string, and so on). For numeric and string fields, an optional replacement value can be specified that is converted to the correct type.',
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: maskField,
})

const PURPOSE = 'mask fields'

function maskField(config: ConfigOf<typeof SETTINGS>, part: Part, raw: RawConfig): Transform {
  if (!isNested(raw)) return maskFields(part, config.fields, config)
  const groups = siblings(config.fields.map((path) => [path, {}]))
  return transformNested(part, groups, (inner, fields) => maskFields(inner, [...fields.keys()], config))
}

function maskFields(part: Part, fields: readonly string[], config: ConfigOf<typeof SETTINGS>): FieldTransform {
  const names = hashOrder(fields, Math.max(16, fields.length / 0.75 + 1))
  const masked = masker(config.replacement)
  const replaceNull = config['replace.null.with.default']
  const planOf = cached((schema) => schema.fields.map((field) => ({ field, mask: names.includes(field.name) })))
  const edit = (copy: MapCopy) => {
    for (const name of names) setKey(copy, name, masked(getKey(copy, name), null))
  }
  return new MapEdits({
    part,
    keys: names,
    edits: [edit],
    schemaOf: (schema) => schema,
    apply(record) {
      const value = part.value(record)
      const schema = part.schema(record)
      if (schema === null) throw notMap(value, PURPOSE)
      const struct = requireStruct(value, PURPOSE, schema)
      const plan = planOf(struct.schema)
      const values = new Array<Value>(plan.length)
      for (let i = 0; i < plan.length; i++) {
        const { field, mask } = plan[i] as (typeof plan)[number]
        if (!mask) {
          values[i] = copiedValue(struct, field, replaceNull)
          continue
        }
        const result = masked(fieldValue(struct, field, replaceNull), field.schema)
        if (result === null) {
          if (!field.schema.optional) throw nullUsed(field.schema, `field: "${field.name}"`)
        } else validateValue(field.schema, result, `field: "${field.name}"`)
        values[i] = result
      }
      return part.replace(record, schema, new Struct(struct.schema, values))
    },
  })
}
