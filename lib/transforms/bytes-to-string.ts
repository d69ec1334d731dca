/** Reads bytes as text: the whole key or value, or fields of it. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import { OPTIONAL_STRING, type Schema, STRING } from '../connect/schema.ts'
import { type ConfigOf, list, string } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { charset } from '../java/charset.ts'
import { className } from '../java/class-name.ts'
import { cached, structOf } from '../java/schema-builder.ts'
import { getKey, isStringMap, withKeys } from './requirements.ts'

const SETTINGS = {
  charset: string({
    doc: 'The charset to use when creating the output string.',
    importance: 'high',
    default: 'UTF-8',
    validator: {
      allowed: 'a Java charset',
      check(name, value) {
        if (charset(value as string) === undefined)
          throw ConfigError.invalid(name, value, 'There is no such character set')
      },
    },
  }),
  fields: list({ doc: 'The fields to transform, where the data has fields.', importance: 'high', default: [] }),
} as const

export default keyAndValue({
  class: 'com.github.jcustenborder.kafka.connect.transform.common.BytesToString',
  version: '1.0.0',
  doc: 'Convert bytes to a string: the entire key or value, or fields of a Struct or Map.',
  settings: SETTINGS,
  create: bytesToString,
})

function bytesToString(config: ConfigOf<typeof SETTINGS>, part: Part): Transform {
  const set = charset(config.charset)
  const names: readonly string[] = config.fields
  const text = (value: Value, place: string): Value => {
    if (value === null) return null
    if (value instanceof Uint8Array && set !== undefined) return set.decode(value)
    throw new DataError(`${place} must be bytes to become a string, found: ${className(value)}`)
  }
  const planOf = cached(({ name, optional, fields }) => {
    const picked = fields.map((field) => names.includes(field.name))
    const target = structOf(
      fields.map((field, i) => [field.name, picked[i] ? stringSchema(field.schema) : field.schema]),
      { name, optional },
    )
    return { picked, target }
  })
  const whole = `The ${part.name.toLowerCase()}`

  return {
    apply(record) {
      const schema = part.schema(record)
      const value = part.value(record)
      if (schema?.type === 'struct') {
        const { picked, target } = planOf(schema)
        if (!(value instanceof Struct)) return part.replace(record, target, null)
        const values = value.schema.fields.map((field, i) =>
          picked[i] ? text(value.get(field.name), field.name) : value.get(field.name),
        )
        return part.replace(record, target, new Struct(target, values))
      }
      if (schema !== null) return part.replace(record, stringSchema(schema), text(value, whole))
      if (!isStringMap(value)) return part.replace(record, null, text(value, whole))
      const present = names.filter((name) => getKey(value, name) !== null)
      return part.replace(record, null, withKeys(value, present, (name) => text(getKey(value, name), name)) as Value)
    },
  }
}

function stringSchema({ optional }: Schema): Schema {
  return optional ? OPTIONAL_STRING : STRING
}
