/** Makes a record of each element of an array. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { OneToMany } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import { primitive, type Schema } from '../connect/schema.ts'
import { boolean, type ConfigOf, string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import { Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { illegalArgument } from '../java/exception.ts'
import { basicsOf, cached, copySchema, structOf } from '../java/schema-builder.ts'
import { FIELD_SYNTAX, pathSteps } from './field-path.ts'
import { partOf } from './nested.ts'
import { requireMap, withKeys } from './requirements.ts'

const SETTINGS = {
  field: string({
    doc: 'The field with the array. Empty: the entire key or value is the array.',
    importance: 'high',
    default: '',
  }),
  'keep.other.fields': boolean({
    doc: 'Whether a record keeps the other fields, with the element in the place of the array. Else the element is the entire key or value, and one that is null makes no record.',
    importance: 'high',
    default: true,
  }),
  'index.field': string({
    doc: "A new field beside the array's, with the element's index, from 0. Empty: none.",
    default: '',
  }),
  'behavior.on.empty': string({
    doc: 'What becomes of a record whose array is empty, null or missing: `drop`, or `keep`, with null in the place of the array.',
    default: 'drop',
    validator: oneOf('drop', 'keep'),
  }),
  ...FIELD_SYNTAX,
} as const

export default keyAndValue({
  class: 'penstock.transforms.Explode',
  version: '1.0.0',
  doc: 'Make a record of each element of an array, in order. A record whose key or value is null goes on as it is.',
  settings: SETTINGS,
  create: explode,
})

/** The field of the elements, and the struct or map around it. */
interface Target {
  readonly container: Part
  readonly field: Part
}

const INDEX = primitive('int32')
const OPTIONAL_INDEX = primitive('int32', { optional: true })
const PURPOSE = 'exploding an array'

function explode(config: ConfigOf<typeof SETTINGS>, part: Part): OneToMany {
  const { field: path } = config
  const keepsFields = config['keep.other.fields'] && path !== ''
  const keepsEmpty = config['behavior.on.empty'] === 'keep'
  if (keepsEmpty && !keepsFields)
    throw new ConfigError(
      'behavior.on.empty=keep needs a field and keep.other.fields=true: there is nothing else to keep',
    )
  const index = config['index.field']
  if (index !== '' && !keepsFields)
    throw new ConfigError('index.field needs a field and keep.other.fields=true: there is nothing to put it beside')
  const { container, field } = targetOf(part, path, config['field.syntax.version'])
  const place = path === '' ? `the ${part.name.toLowerCase()}` : `field ${path}`
  const itemsOf = cached((schema) => itemSchema(schema, place, keepsEmpty))
  const withIndex = index === '' ? null : indexing(container, index, keepsEmpty)

  const replaced = (record: ConnectRecord, schema: Schema | null, item: Value, at: number | null) => {
    if (!keepsFields) return part.replace(record, schema, item)
    const out = field.replace(record, schema, item)
    return withIndex === null ? out : withIndex(out, at)
  }

  return {
    oneToMany: true,
    apply(record) {
      if (part.value(record) === null) return record
      const schema = field.schema(record)
      if (schema === null && part.schema(record) !== null) throw illegalArgument(`Unknown field: ${path}`)
      const value = field.value(record)
      const items = schema === null ? null : itemsOf(schema)
      if (value !== null && !Array.isArray(value))
        throw new DataError(`Only arrays supported for [${PURPOSE}], found in ${place}: ${className(value, schema)}`)
      const elements = (value ?? []) as readonly Value[]
      if (elements.length === 0) {
        if (!keepsEmpty) return null
        // Nowhere to put the null.
        if (schema === null && container.value(record) === null) return record
        return replaced(record, items, null, null)
      }
      if (keepsFields) return elements.map((item, at) => replaced(record, items, item, at))
      return elements.filter((item) => item !== null).map((item) => replaced(record, items, item, null))
    },
  }
}

function targetOf(part: Part, path: string, version: string): Target {
  if (path === '') return { container: part, field: part }
  const steps = version.toUpperCase() === 'V2' ? pathSteps(path) : [path]
  const container = steps.slice(0, -1).reduce(partOf, part)
  return { container, field: partOf(container, steps.at(-1) ?? '') }
}

function itemSchema(schema: Schema, place: string, optional: boolean): Schema {
  if (schema.type !== 'array')
    throw new DataError(`Only arrays supported for [${PURPOSE}], found in ${place}: a schema of type ${schema.type}`)
  if (schema.items === null) throw new DataError(`The array in ${place} has no schema for its elements`)
  return optional && !schema.items.optional ? copySchema(schema.items, { optional: true }) : schema.items
}

/** Adds the index to the struct or map around the array. */
function indexing(
  container: Part,
  name: string,
  optional: boolean,
): (record: ConnectRecord, at: number | null) => ConnectRecord {
  const names = [name]
  const withField = cached((schema) =>
    structOf(
      [...schema.fields.map((one) => [one.name, one.schema] as const), [name, optional ? OPTIONAL_INDEX : INDEX]],
      {
        ...basicsOf(schema),
        optional: schema.optional,
      },
    ),
  )
  return (record, at) => {
    const schema = container.schema(record)
    const value = container.value(record)
    if (schema === null)
      return container.replace(record, null, withKeys(requireMap(value, PURPOSE), names, () => at) as Value)
    const target = withField(schema)
    const struct = value instanceof Struct ? new Struct(target, [...value.values, at]) : null
    return container.replace(record, target, struct)
  }
}
