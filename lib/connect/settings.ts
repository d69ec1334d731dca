/**
 * Settings, declared once: a declaration gives parsing, validation with Kafka's own texts (`ConfigDef`, Kafka 4.3),
 * REST `validate` and `config` answers, and the reference docs. Raw configs are flat maps of strings.
 */
import { ConfigError } from './errors.ts'

export type SettingType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'
export type Importance = 'high' | 'medium' | 'low'
export type Width = 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG'
export type RawConfig = Readonly<Record<string, string | null | undefined>>

export interface Setting<T = unknown> {
  readonly type: SettingType
  readonly doc: string
  readonly importance: Importance
  /** Absent: the setting is required. */
  readonly default?: T
  /** Throws `ConfigError` for a value that its type allows and its meaning doesn't. */
  readonly validator?: Validator
  readonly group?: string
  /** Place in its group, where it isn't the order of declaration. */
  readonly order?: number
  readonly width?: Width
  readonly displayName?: string
  readonly dependents?: readonly string[]
  readonly recommender?: Recommender
  /** The files and folders of this machine that a value names: the worker's `penstock.files.allow` bounds them. */
  files?(value: string): readonly string[]
}

export interface Validator {
  /** `value` is null too where the setting is missing, null or no value of its type, as in `ConfigDef`. */
  check(name: string, value: unknown): void
  /** What is allowed, as the docs print it: `[1,...]`. */
  readonly allowed: string
}

export interface Recommender {
  values(name: string, config: Readonly<Record<string, unknown>>): readonly unknown[]
  visible(name: string, config: Readonly<Record<string, unknown>>): boolean
}

export type Settings = Readonly<Record<string, Setting>>
export type ConfigOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

/** A secret: prints as `[hidden]` wherever it is turned into text. */
export class Password {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[hidden]'
  }

  toJSON(): string {
    return '[hidden]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[hidden]'
  }
}

/** `files` of a setting whose value is the path of a file or of a folder. */
export function aFile(value: string): readonly string[] {
  return value === '' ? [] : [value]
}

type Options<D> = Partial<Omit<Setting, 'type' | 'default' | 'doc'>> & { readonly doc: string; readonly default?: D }

function declare<T>(type: SettingType, options: Options<unknown>): Setting<T> {
  return { importance: 'medium', ...options, type } as Setting<T>
}

export const string = <D extends string | null = never>(o: Options<D>): Setting<string | D> => declare('string', o)
export const boolean = <D extends boolean | null = never>(o: Options<D>): Setting<boolean | D> => declare('boolean', o)
export const int = <D extends number | null = never>(o: Options<D>): Setting<number | D> => declare('int', o)
export const long = <D extends number | null = never>(o: Options<D>): Setting<number | D> => declare('long', o)
export const short = <D extends number | null = never>(o: Options<D>): Setting<number | D> => declare('short', o)
export const double = <D extends number | null = never>(o: Options<D>): Setting<number | D> => declare('double', o)
export const list = <D extends readonly string[] | null = never>(o: Options<D>): Setting<readonly string[] | D> =>
  declare('list', o)
export const password = <D extends null = never>(o: Options<D>): Setting<Password | D> => declare('password', o)
/** The name of a class, as the user wrote it; resolving it is the registry's. */
export const className = <D extends string | null = never>(o: Options<D>): Setting<string | D> => declare('class', o)

const LIMITS = {
  short: [-32768n, 32767n],
  int: [-2147483648n, 2147483647n],
  long: [-9223372036854775808n, 9223372036854775807n],
} as const

/** `ConfigDef.parseType`: the raw text as the setting's type. Null stays null. */
export function parseText(name: string, raw: string | null, type: SettingType): unknown {
  if (raw === null) return null
  const text = raw.trim()
  switch (type) {
    case 'boolean':
      if (text.toLowerCase() === 'true') return true
      if (text.toLowerCase() === 'false') return false
      throw ConfigError.invalid(name, raw, 'Expected value to be either true or false')
    case 'string':
      return text
    case 'class':
      return text
    case 'password':
      return new Password(text)
    case 'list':
      return text === '' ? [] : text.split(/\s*,\s*/)
    case 'double': {
      const value = Number(text)
      if (text === '' || (Number.isNaN(value) && text !== 'NaN'))
        throw ConfigError.invalid(name, raw, 'Not a number of type DOUBLE')
      return value
    }
    case 'int':
    case 'short':
    case 'long': {
      const [low, high] = LIMITS[type]
      const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : null
      if (value === null || value < low || value > high)
        throw ConfigError.invalid(name, raw, `Not a number of type ${type.toUpperCase()}`)
      return Number(value)
    }
    default:
      return type satisfies never
  }
}

/** One setting's outcome, as `ConfigValue` in REST `validate`. `value` is the parsed one. */
export interface Checked {
  readonly name: string
  readonly value: unknown
  readonly errors: readonly string[]
  readonly recommended: readonly unknown[]
  readonly visible: boolean
}

/**
 * Parses and checks every declared setting of `raw`; unknown keys are not looked at. With a `prefix`, as of a
 * transform, the keys of `raw` and the names of the outcome carry it; validators and recommenders don't see it.
 * As `ConfigDef.validateAll`: a validator speaks even where the value is missing or can't be parsed.
 */
export function check(settings: Settings, raw: RawConfig, prefix = ''): Checked[] {
  const parsed: Record<string, unknown> = {}
  const found = Object.entries(settings).map(([name, setting]) => {
    const { value, errors } = outcome(name, setting, raw, prefix)
    parsed[name] = value
    return { name, setting, value, errors }
  })
  return found.map(({ name, setting, value, errors }) => {
    const { recommender } = setting
    const recommended = collect(errors, value, () => recommender?.values(name, parsed)) ?? []
    const visible = collect(errors, value, () => recommender?.visible(name, parsed)) ?? true
    return { name: prefix + name, value, errors, recommended, visible }
  })
}

/** What one setting of `raw` comes to, by its type and then by its validator, and all that is wrong with it. */
function outcome(name: string, setting: Setting, raw: RawConfig, prefix = ''): { value: unknown; errors: string[] } {
  const errors: string[] = []
  const value = parseSetting(prefix + name, setting, raw, errors)
  collect(errors, value, () => setting.validator?.check(name, value))
  return { value, errors }
}

function parseSetting(name: string, setting: Setting, raw: RawConfig, errors: string[]): unknown {
  const text = raw[name]
  if (text !== undefined) return collect(errors, text, () => parseText(name, text, setting.type)) ?? null
  if ('default' in setting) return setting.default
  errors.push(`Missing required configuration "${name}" which has no default value.`)
  return null
}

/** Runs a step and keeps the text of a `ConfigError`. A validator may trip over a null that is an error already. */
function collect<T>(errors: string[], value: unknown, step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    if (error instanceof ConfigError) errors.push(error.message)
    else if (value !== null) throw error
    return undefined
  }
}

/**
 * The typed config, or the first `ConfigError` in the order of declaration; recommenders have no say, as in `ConfigDef.parse`. `raw` has the settings' own names; errors
 * give them with the `prefix` that they have in the connector's config.
 */
export function parse<S extends Settings>(settings: S, raw: RawConfig, prefix = ''): ConfigOf<S> {
  const config: Record<string, unknown> = {}
  const [declared, given] = prefix === '' ? [settings, raw] : [prefixed(settings, prefix), prefixed(raw, prefix)]
  for (const [name, setting] of Object.entries(declared)) {
    const { value, errors } = outcome(name, setting, given)
    if (errors[0] !== undefined) throw new ConfigError(errors[0])
    config[name.slice(prefix.length)] = value
  }
  return config as ConfigOf<S>
}

function prefixed<T>(entries: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]))
}
