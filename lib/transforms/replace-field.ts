/** Leaves fields out, or renames them. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import { distinctValues } from '../connect/list-validators.ts'
import type { Transform } from '../connect/plugin.ts'
import type { Schema } from '../connect/schema.ts'
import { type ConfigOf, list, type RawConfig } from '../connect/settings.ts'
import { Boxed, Struct, type Value } from '../connect/value.ts'
import { hashOrder } from '../java/hash-order.ts'
import { basicsOf, cached, structOf } from '../java/schema-builder.ts'
import { validateValue } from '../java/validate-value.ts'
import { splitPair } from './cast-spec.ts'
import { FIELD_SYNTAX, isNested } from './field-path.ts'
import { type FieldTransform, parentsOf, siblings, transformNested } from './nested.ts'
import { fieldValue, REPLACE_NULL } from './replace-null.ts'
import { entriesOf, mapOf, requireMap, requireStruct } from './requirements.ts'

const SETTINGS = {
  exclude: list({
    doc: 'Fields to exclude. This takes precedence over the fields to include.',
    default: [],
    validator: distinctValues(true),
  }),
  include: list({
    doc: 'Fields to include. If specified, only these fields will be used.',
    default: [],
    validator: distinctValues(true),
  }),
  renames: list({
    doc: 'Field rename mappings.',
    default: [],
    validator: {
      allowed: 'list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>',
      check(_name, value) {
        parseRenames(value as readonly string[])
      },
    },
  }),
  ...REPLACE_NULL,
} as const

export default keyAndValue({
  class: 'org.apache.kafka.connect.transforms.ReplaceField',
  version: '4.3.1',
  doc: 'Filter or rename fields.',
  settings: SETTINGS,
  additions: FIELD_SYNTAX,
  create: replaceField,
})

const PURPOSE = 'field replacement'

function replaceField(config: ConfigOf<typeof SETTINGS>, part: Part, raw: RawConfig): Transform {
  const { exclude, include } = config
  const renames = parseRenames(config.renames)
  const replaceNull = config['replace.null.with.default']
  if (!isNested(raw)) return replaceFields(part, new Set(exclude), new Set(include), renames, replaceNull)
  // To include a field is to include the way to it.
  const groups = siblings<Wish>([
    ...include.flatMap((path) => [path, ...parentsOf(path)]).map((path) => [path, { include: true }] as const),
    ...exclude.map((path) => [path, { exclude: true }] as const),
    ...[...renames].map(([path, to]) => [path, { to }] as const),
  ])
  return transformNested(part, groups, (inner, fields) => {
    const named = (wish: 'include' | 'exclude') =>
      new Set([...fields.keys()].filter((name) => fields.get(name)?.[wish]))
    const to = [...fields].flatMap(([name, wish]) => (wish.to === undefined ? [] : [[name, wish.to] as const]))
    return replaceFields(inner, named('exclude'), named('include'), new Map(to), replaceNull)
  })
}

interface Wish {
  readonly include?: boolean
  readonly exclude?: boolean
  readonly to?: string
}

function replaceFields(
  part: Part,
  exclude: ReadonlySet<string>,
  include: ReadonlySet<string>,
  renames: ReadonlyMap<string, string>,
  replaceNull: boolean,
): FieldTransform {
  const originals = new Map(hashOrder(renames.keys()).map((from) => [renames.get(from) as string, from]))
  const kept = (name: string) => !exclude.has(name) && (include.size === 0 || include.has(name))

  const planOf = cached((schema) => {
    const fields = schema.fields.filter((field) => kept(field.name))
    const target = structOf(
      fields.map((field) => [renames.get(field.name) ?? field.name, field.schema]),
      basicsOf(schema),
    )
    // By name and not by place: a field that has the name another was renamed from takes that one's value, as in Connect.
    const sources = target.fields.map(({ name, schema: fieldSchema }) => {
      const original = originals.get(name) ?? name
      const source = schema.field(original)
      if (source === undefined) throw new DataError(`${original} is not a valid field name`)
      return { name, source, schema: fieldSchema, same: source.schema === fieldSchema }
    })
    return { target, sources }
  })

  return {
    schemaOf: (schema) => planOf(schema).target,
    apply(record) {
      const value = part.value(record)
      if (value === null) return record
      const schema = part.schema(record)
      if (schema === null) {
        const entries: (readonly [Value, Value])[] = []
        for (const [key, item] of entriesOf(requireMap(value, PURPOSE)))
          if (kept(key as string)) entries.push([renames.get(key as string) ?? key, item])
        return part.replace(record, null, mapOf(entries) as Value)
      }
      const struct = requireStruct(value, PURPOSE, schema)
      const { target, sources } = planOf(struct.schema)
      const values = new Array<Value>(sources.length)
      for (let i = 0; i < sources.length; i++) {
        const { name, source, schema: fieldSchema, same } = sources[i] as (typeof sources)[number]
        const item = fieldValue(struct, source, replaceNull)
        if (!same || item === null)
          validateValue(fieldSchema, retyped(item, source.schema, fieldSchema), `field: "${name}"`)
        values[i] = item
      }
      return part.replace(record, target, new Struct(target, values))
    },
  }
}

/** A number that comes from a field of another type is of that type. */
function retyped(value: Value, from: Schema, to: Schema): Value {
  if (typeof value !== 'number' || from.type === to.type) return value
  return from.type === 'int64' ? BigInt(value) : new Boxed(from.type as Boxed['type'], value)
}

function parseRenames(mappings: readonly string[]): Map<string, string> {
  return new Map(
    mappings.map((mapping) => {
      const parts = splitPair(mapping)
      if (parts.length !== 2) throw ConfigError.invalid('renames', mappings, `Invalid rename mapping: ${mapping}`)
      return parts as [string, string]
    }),
  )
}
