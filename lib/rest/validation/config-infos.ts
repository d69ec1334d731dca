/** The answer of a validation (`ConfigInfos`), and how it is put together. */
import { type Definition, definitions, valueText } from '../../connect/definition.ts'
import type { Checked, Settings } from '../../connect/settings.ts'
import { array, bool, integer, named, nullable, object, type Schema, type Static, text } from '../schema.ts'

export const configKeyInfo: Schema<Definition> = named(
  'ConfigKeyInfo',
  object({
    name: text,
    type: text,
    required: bool,
    default_value: nullable(text),
    importance: text,
    documentation: text,
    group: nullable(text),
    order_in_group: integer,
    width: text,
    display_name: text,
    dependents: array(text),
  }),
)

const configValueInfo = named(
  'ConfigValueInfo',
  object({
    name: text,
    value: nullable(text),
    recommended_values: array(nullable(text)),
    errors: array(text),
    visible: bool,
  }),
)

/** A key without a definition isn't declared, and yet there is something to be said about it. */
const configInfo = named('ConfigInfo', object({ definition: nullable(configKeyInfo), value: configValueInfo }))

export const configInfos = named(
  'ConfigInfos',
  object({ name: text, error_count: integer, groups: array(text), configs: array(configInfo) }),
)

export type ConfigInfo = Static<typeof configInfo>
export type ConfigInfos = Static<typeof configInfos>

/** One key's outcome while it is being made up. */
export interface Finding {
  readonly definition: Definition | null
  readonly name: string
  value: unknown
  readonly errors: string[]
  readonly recommended: readonly unknown[]
  readonly visible: boolean
}

/** By key, in the order of the answer: keys without a definition come first. */
export class Findings {
  readonly #strangers = new Map<string, Finding>()
  readonly #declared = new Map<string, Finding>()
  readonly #groups = new Set<string>()

  /** A plugin that declares a key of the runtime's replaces it in its place. */
  add(
    settings: Settings,
    checked: readonly Checked[],
    rename: (definition: Definition) => Definition = (d) => d,
  ): void {
    const byName = new Map(definitions(settings).map((definition) => [definition.name, rename(definition)]))
    const byFull = new Map([...byName.values()].map((definition) => [definition.name, definition]))
    for (const { name, value, errors, recommended, visible } of checked) {
      const definition = byFull.get(name) ?? null
      if (definition === null) throw new Error(`No definition of ${name}`)
      this.#strangers.delete(name)
      this.#declared.set(name, { definition, name, value, errors: [...errors], recommended, visible })
      if (definition.group !== null) this.#groups.add(definition.group)
    }
  }

  get(name: string): Finding | undefined {
    return this.#declared.get(name) ?? this.#strangers.get(name)
  }

  /** An error of a key, declared or not. */
  error(name: string, message: string, value: unknown = null): void {
    const found = this.get(name) ?? this.stranger(name, value)
    found.errors.push(message)
  }

  /** What a connector says of a key that isn't its own takes the place of what was known of it, as in Connect. */
  tell(name: string, errors: readonly string[]): void {
    const known = this.#declared.get(name)
    if (known === undefined) this.stranger(name, null).errors.push(...errors)
    else this.#declared.set(name, { ...known, value: null, errors: [...errors] })
  }

  stranger(name: string, value: unknown): Finding {
    const finding: Finding = { definition: null, name, value, errors: [], recommended: [], visible: true }
    this.#strangers.set(name, finding)
    return finding
  }

  /** A key that is shown as it is, behind the others; one without a definition only where it isn't there yet. */
  declare(name: string, definition: Definition | null, value: unknown): void {
    if (definition === null && this.get(name) !== undefined) return
    this.#declared.set(name, { definition, name, value, errors: [], recommended: [], visible: true })
  }

  infos(name: string): ConfigInfos {
    const all = [...this.#strangers.values(), ...this.#declared.values()]
    return {
      name,
      error_count: all.reduce((sum, { errors }) => sum + errors.length, 0),
      groups: [...this.#groups],
      configs: all.map(info),
    }
  }
}

function info(finding: Finding): ConfigInfo {
  const { definition, name, value, errors, recommended, visible } = finding
  return {
    definition,
    value: {
      name,
      value: valueText(value),
      recommended_values: recommended.map(valueText),
      errors,
      visible,
    },
  }
}
