/** The setting that Connect's transforms of structs share. */

import type { Field } from '../connect/schema.ts'
import { boolean } from '../connect/settings.ts'
import type { Struct, Value } from '../connect/value.ts'
import { nullUsed } from '../java/validate-value.ts'

export const REPLACE_NULL = {
  'replace.null.with.default': boolean({
    doc: 'Whether to replace fields that have a default value and that are null to the default value. When set to true, the default value is used, otherwise null is used.',
    default: true,
  }),
} as const

/** A field's value, its default where it is null and `withDefault`. */
export function fieldValue(struct: Struct, field: Field, withDefault: boolean): Value {
  const value = struct.values[field.index] ?? null
  return value === null && withDefault ? (field.schema.default ?? null) : value
}

/** The same for a field that goes on as it is: `Struct.put` refuses null for a required one. */
export function copiedValue(struct: Struct, field: Field, withDefault: boolean): Value {
  const value = fieldValue(struct, field, withDefault)
  if (value === null && !field.schema.optional) throw nullUsed(field.schema, `field: "${field.name}"`)
  return value
}
