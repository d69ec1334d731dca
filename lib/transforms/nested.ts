/**
 * Transforms of fields at any depth (the syntax V2 of KIP-821): what a transform does to the fields of the key or value,
 * it does to those of a struct or map within. Where the way to them is missing, or null, there is nothing to change.
 */
import { ConfigError } from '../connect/errors.ts'
import type { Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import type { Schema } from '../connect/schema.ts'
import { Struct, type Value } from '../connect/value.ts'
import { basicsOf, cached, copySchema, structOf } from '../java/schema-builder.ts'
import { pathSteps } from './field-path.ts'
import { getKey, requireMap, withKeys } from './requirements.ts'

export interface FieldTransform {
  apply: (record: Parameters<Transform['apply']>[0]) => Parameters<Transform['apply']>[0]
  /** What it makes of a struct's schema, whatever the values are. */
  schemaOf(schema: Schema): Schema
}

/** Fields of one struct or map: the way to it, and what is wanted of each field, by its name. */
export interface Siblings<T> {
  readonly parents: readonly string[]
  readonly fields: ReadonlyMap<string, T>
}

/** The last step of a path, and those before. */
export function splitPath(path: string): { readonly parents: readonly string[]; readonly name: string } {
  const steps = pathSteps(path)
  const name = steps.at(-1)
  if (name === undefined) throw new ConfigError('A field path must name a field: it is empty')
  return { parents: steps.slice(0, -1), name }
}

/** The paths of the structs or maps that a field is in, the outermost first. */
export function parentsOf(path: string): string[] {
  return splitPath(path).parents.map((_, i, all) =>
    all
      .slice(0, i + 1)
      .map(quoted)
      .join('.'),
  )
}

function quoted(step: string): string {
  return `\`${step.replaceAll('`.', '\\`.')}\``
}

/**
 * Paths by the struct or map that their fields are in; the deepest first, so that a renamed parent is still found. What
 * is wanted of one field twice is wanted together.
 */
export function siblings<T extends object>(entries: Iterable<readonly [path: string, wanted: T]>): Siblings<T>[] {
  const groups = new Map<string, { parents: readonly string[]; fields: Map<string, T> }>()
  for (const [path, wanted] of entries) {
    const { parents, name } = splitPath(path)
    const key = JSON.stringify(parents)
    const group = groups.get(key) ?? { parents, fields: new Map() }
    group.fields.set(name, { ...group.fields.get(name), ...wanted })
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => b.parents.length - a.parents.length)
}

/** The transform of each group, one after the other. */
export function transformNested<T>(
  part: Part,
  groups: readonly Siblings<T>[],
  make: (part: Part, fields: ReadonlyMap<string, T>, parents: readonly string[]) => FieldTransform,
): Transform {
  const transforms = groups.map(({ parents, fields }) => within(part, parents, (inner) => make(inner, fields, parents)))
  return { apply: (record) => transforms.reduce((current, transform) => transform.apply(current), record) }
}

/** One transform of what is at the end of `steps`. */
export function within(
  part: Part,
  steps: readonly string[],
  make: (part: Part) => FieldTransform,
): Pick<FieldTransform, 'apply'> {
  const inner = steps.reduce<Part>(partOf, part)
  const transform = make(inner)
  if (steps.length === 0) return transform
  return {
    apply(record) {
      if (inner.value(record) !== null) return transform.apply(record)
      const schema = inner.schema(record)
      if (schema === null || part.value(record) === null) return record
      // The schema must not depend on whether this record has a value there.
      return inner.replace(record, transform.schemaOf(schema), null)
    },
  }
}

const PURPOSE = 'nested field access'

/** A field as a part of the record. Its schema and value are null where it is missing. */
export function partOf(outer: Part, name: string): Part {
  const rebuilt = cached((schema) =>
    cached((inner) =>
      structOf(
        schema.fields.map((field) => [field.name, field.name === name ? inner : field.schema]),
        { ...basicsOf(schema), optional: schema.optional },
      ),
    ),
  )
  const optional = cached((schema) => copySchema(schema, { optional: true }))
  const names = [name]
  return {
    name: outer.name,
    schema: (record) => fieldIn(outer.schema(record), name)?.schema ?? null,
    value(record) {
      const container = outer.value(record)
      if (container === null) return null
      if (!(container instanceof Struct)) return getKey(requireMap(container, PURPOSE), name)
      const field = container.schema.field(name)
      return field === undefined ? null : (container.values[field.index] ?? null)
    },
    replace(record, schema, value) {
      const outerSchema = outer.schema(record)
      const container = outer.value(record)
      if (outerSchema === null || schema === null)
        return outer.replace(record, null, withKeys(requireMap(container, PURPOSE), names, () => value) as Value)
      const field = fieldIn(outerSchema, name)
      // Where the field may be null now, it may be null then.
      const innerSchema = field?.schema.optional && !schema.optional ? optional(schema) : schema
      const target = rebuilt(outerSchema)(innerSchema)
      if (!(container instanceof Struct) || field === undefined) return outer.replace(record, target, null)
      const values = container.values.slice()
      values[field.index] = value instanceof Struct ? new Struct(innerSchema, value.values) : value
      return outer.replace(record, target, new Struct(target, values))
    },
  }
}

function fieldIn(schema: Schema | null, name: string): ReturnType<Schema['field']> {
  return schema?.type === 'struct' ? schema.field(name) : undefined
}
