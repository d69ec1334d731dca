/**
 * What a record can hold.
 *
 * - int8 to int64: a `number` while it is a safe integer, a `bigint` beyond (`integer()` normalises).
 * - float32 and float64: a `number`. Without a schema an integral `number` means a Long and a fractional one
 *   a Double, as JsonConverter reads them; any other numeric type without a schema is `Boxed`.
 * - bytes: `Uint8Array`. Date, Time, Timestamp: `Date`. Decimal: `Decimal`.
 * - struct: `Struct`. A map: a `Map`, or a plain object where all keys are strings (what `JSON.parse` gives).
 */
import { DataError } from './errors.ts'
import type { Schema } from './schema.ts'

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Date
  | Decimal
  | Struct
  | Boxed
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [key: string]: Value }

/** An unscaled integer and a scale: `unscaled * 10^-scale` (`java.math.BigDecimal`). */
export class Decimal {
  readonly unscaled: bigint
  readonly scale: number

  constructor(unscaled: bigint, scale: number) {
    this.unscaled = unscaled
    this.scale = scale
  }
}

/** A number without a schema whose Java type its value doesn't tell. */
export class Boxed {
  readonly type: 'int8' | 'int16' | 'int32' | 'float32' | 'float64' | 'biginteger'
  readonly value: number | bigint

  constructor(type: Boxed['type'], value: number | bigint) {
    this.type = type
    this.value = value
  }
}

/** A row with named fields; `values` follow `schema.fields`. Never written to once it is in a record. */
export class Struct {
  readonly schema: Schema
  readonly values: readonly Value[]

  constructor(schema: Schema, values: readonly Value[]) {
    this.schema = schema
    this.values = values
  }

  /** The field's value, its default where it is null and has one; `DataError` for a name the schema lacks. */
  get(name: string): Value {
    const field = this.schema.field(name)
    if (field === undefined) throw new DataError(`${name} is not a valid field name`)
    const value = this.values[field.index] ?? null
    return value === null && field.schema.default !== undefined ? field.schema.default : value
  }

  /** The field's value as it stands, null where it was never set. */
  getWithoutDefault(name: string): Value {
    const field = this.schema.field(name)
    if (field === undefined) throw new DataError(`${name} is not a valid field name`)
    return this.values[field.index] ?? null
  }
}

/** A value with its schema; `schema` null means schemaless. */
export interface Typed {
  readonly schema: Schema | null
  readonly value: Value
}

export const NULL: Typed = { schema: null, value: null }

/** The one form of an int64: a number while it is safe, a bigint beyond. */
export function integer(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value
}

/** True for a schemaless map that `JSON.parse` made. */
export function isPlainObject(value: unknown): value is { readonly [key: string]: Value } {
  if (value === null || typeof value !== 'object') return false
  // Takes a third of the time; an entry may have the name.
  if (value.constructor === Object) return true
  const proto = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}
