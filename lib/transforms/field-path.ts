/** The way to a field (`SingleFieldPath`, KIP-821): a name, or with V2 names parted by dots, in backticks where needed. */
import { ConfigError } from '../connect/errors.ts'
import type { Field, Schema } from '../connect/schema.ts'
import { parse, type RawConfig, string } from '../connect/settings.ts'
import { oneOfIgnoringCase } from '../connect/validators.ts'
import type { Struct, Value } from '../connect/value.ts'
import { illegalArgument } from '../java/exception.ts'
import { fieldOf } from '../java/schema-builder.ts'
import { getKey, requireMap, requireStruct, type StringMap } from './requirements.ts'

export const FIELD_SYNTAX = {
  'field.syntax.version': string({
    doc: 'Defines the version of the syntax to access fields. If set to `V1`, then the field paths are limited to access the elements at the root level of the struct or map. If set to `V2`, the syntax will support accessing nested elements. To access nested elements, dotted notation is used. If dots are already included in the field name, then backtick pairs can be used to wrap field names containing dots. E.g. to access the subfield `baz` from a field named "foo.bar" in a struct/map the following format can be used to access its elements: "`foo.bar`.baz".',
    importance: 'high',
    default: 'V1',
    validator: oneOfIgnoringCase('V1', 'V2'),
  }),
} as const

export interface FieldPath {
  /** Undefined where there is no such field. */
  field(schema: Schema): Field | undefined
  /** Null where the way ends. */
  inStruct(struct: Struct, withDefault: boolean): Value
  inMap(map: StringMap): Value
}

const PURPOSE = 'nested field access'

/** `ConfigError` for backticks without a partner. */
export function fieldPath(text: string, version: string): FieldPath {
  const steps = version.toUpperCase() === 'V2' ? pathSteps(text) : [text]
  const last = steps.at(-1)
  const before = steps.slice(0, -1)
  // A path without steps fails on use, with the text of List.subList.
  const required = () => {
    if (last === undefined) throw illegalArgument('fromIndex(0) > toIndex(-1)')
    return last
  }
  return {
    field(schema) {
      const name = required()
      let current: Schema | undefined = schema
      for (const step of before) {
        current = fieldOf(current, step)?.schema
        if (current === undefined) return undefined
      }
      return fieldOf(current, name)
    },
    inStruct(struct, withDefault) {
      const name = required()
      let current = struct
      for (const step of before) {
        const field = current.schema.field(step)
        if (field === undefined) return null
        const value = current.get(step)
        if (value === null) return null
        current = requireStruct(value, PURPOSE, field.schema)
      }
      if (current.schema.field(name) === undefined) return null
      return withDefault ? current.get(name) : current.getWithoutDefault(name)
    },
    inMap(map) {
      const name = required()
      let current = map
      for (const step of before) {
        const value = getKey(current, step)
        if (value === null) return null
        current = requireMap(value, PURPOSE)
      }
      return getKey(current, name)
    },
  }
}

/**
 * Whether a transform's config asks for V2. For those whose Connect original, and so whose list of settings, lacks the
 * setting; Connect ignores it there.
 */
export function isNested(raw: RawConfig): boolean {
  return parse(FIELD_SYNTAX, raw)['field.syntax.version'].toUpperCase() === 'V2'
}

/** The steps of a V2 path. `ConfigError` for backticks without a partner. */
export function pathSteps(path: string): string[] {
  const steps: string[] = []
  let at = 0
  while (at < path.length && at >= 0) {
    if (path[at] === '`') {
      const step = readQuoted(path, at)
      steps.push(step.text)
      at = step.next
    } else {
      const dot = path.indexOf('.', at)
      steps.push(dot < 0 ? path.slice(at) : path.slice(at, dot))
      at = dot < 0 ? -1 : dot + 1
    }
  }
  if (path.endsWith('.')) steps.push('')
  return steps
}

/** A backtick ends a step only before a dot or at the end of the path, and not after a backslash. */
function readQuoted(path: string, open: number): { text: string; next: number } {
  const incomplete = () =>
    new ConfigError(
      `Incomplete backtick pair in path: [${path}], consider adding a backslash before backtick at position ${open} to escape it`,
    )
  let text = ''
  let start = open + 1
  let at = start
  for (;;) {
    at = path.indexOf('`', at)
    if (at < 0) throw incomplete()
    const escaped = path[at - 1] === '\\'
    if (at >= path.length - 1) {
      if (escaped) throw incomplete()
      return { text: text + path.slice(start, at), next: at + 1 }
    }
    if (path[at + 1] !== '.') at++
    else if (escaped) {
      text += `${path.slice(start, at - 1)}\``
      at++
      start = at
    } else return { text: text + path.slice(start, at), next: at + 2 }
  }
}
