/**
 * Connect schemas, as `org.apache.kafka.connect.data.Schema`.
 *
 * A schema is frozen once built and compared by identity first, so converters intern what they decode
 * and transforms cache by identity.
 */
import type { Value } from './value.ts'

export type PrimitiveType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'bytes'
export type SchemaType = PrimitiveType | 'array' | 'map' | 'struct'

export interface Field {
  readonly name: string
  readonly index: number
  readonly schema: Schema
}

export interface SchemaOptions {
  readonly optional?: boolean
  readonly name?: string | null
  readonly version?: number | null
  readonly doc?: string | null
  /** Absent: no default. `null` is a default only of an optional schema. */
  readonly default?: Value
  readonly parameters?: ReadonlyMap<string, string> | null
}

export class Schema {
  readonly type: SchemaType
  readonly optional: boolean
  readonly name: string | null
  readonly version: number | null
  readonly doc: string | null
  readonly default: Value | undefined
  readonly parameters: ReadonlyMap<string, string> | null
  /** Of a struct, in order; empty otherwise. */
  readonly fields: readonly Field[]
  /** Of a map; null also where the source left it open. */
  readonly keys: Schema | null
  /** Of a map; null also where the source left it open. */
  readonly values: Schema | null
  /** Of an array; null also where the source left it open. */
  readonly items: Schema | null
  readonly #byName: ReadonlyMap<string, Field>

  constructor(
    type: SchemaType,
    options: SchemaOptions = {},
    inner: {
      readonly fields?: readonly (readonly [name: string, schema: Schema])[]
      readonly keys?: Schema | null
      readonly values?: Schema | null
      readonly items?: Schema | null
    } = {},
  ) {
    this.type = type
    this.optional = options.optional ?? false
    this.name = options.name ?? null
    this.version = options.version ?? null
    this.doc = options.doc ?? null
    this.default = options.default
    this.parameters = options.parameters ?? null
    this.fields = (inner.fields ?? []).map(([name, schema], index) => ({ name, index, schema }))
    this.keys = inner.keys ?? null
    this.values = inner.values ?? null
    this.items = inner.items ?? null
    this.#byName = new Map(this.fields.map((field) => [field.name, field]))
  }

  field(name: string): Field | undefined {
    return this.#byName.get(name)
  }

  /** Structural equality, as `ConnectSchema.equals`. */
  equals(other: Schema | null): boolean {
    if (this === other) return true
    if (other === null || this.type !== other.type || this.optional !== other.optional) return false
    if (this.name !== other.name || this.version !== other.version || this.doc !== other.doc) return false
    if (!sameParameters(this.parameters, other.parameters) || !sameDefault(this.default, other.default)) return false
    if (!sameInner(this.keys, other.keys) || !sameInner(this.values, other.values)) return false
    if (!sameInner(this.items, other.items) || this.fields.length !== other.fields.length) return false
    return this.fields.every((field, i) => {
      const twin = other.fields[i] as Field
      return field.name === twin.name && field.schema.equals(twin.schema)
    })
  }
}

function sameInner(a: Schema | null, b: Schema | null): boolean {
  return a === b || (a?.equals(b) ?? false)
}

function sameParameters(a: Schema['parameters'], b: Schema['parameters']): boolean {
  if (a === b) return true
  if (a === null || b === null || a.size !== b.size) return false
  for (const [key, value] of a) if (b.get(key) !== value) return false
  return true
}

function sameDefault(a: Value | undefined, b: Value | undefined): boolean {
  if (Object.is(a, b)) return true
  if (a === undefined || b === undefined || a === null || b === null) return false
  return JSON.stringify(a, bigintText) === JSON.stringify(b, bigintText)
}

const bigintText = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)

export function primitive(type: PrimitiveType, options?: SchemaOptions): Schema {
  return new Schema(type, options)
}

export function struct(fields: readonly (readonly [name: string, schema: Schema])[], options?: SchemaOptions): Schema {
  return new Schema('struct', options, { fields })
}

export function array(items: Schema | null, options?: SchemaOptions): Schema {
  return new Schema('array', options, { items })
}

export function map(keys: Schema | null, values: Schema | null, options?: SchemaOptions): Schema {
  return new Schema('map', options, { keys, values })
}

export const STRING: Schema = primitive('string')
export const OPTIONAL_STRING: Schema = primitive('string', { optional: true })
export const BYTES: Schema = primitive('bytes')
export const OPTIONAL_BYTES: Schema = primitive('bytes', { optional: true })
