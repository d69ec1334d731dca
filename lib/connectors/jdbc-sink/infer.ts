/** Columns for values without a schema: the narrowest type that holds all values seen. */
import { decimal, timestamp } from '../../connect/logical.ts'
import { primitive, type Schema } from '../../connect/schema.ts'
import { Boxed, Decimal, type Value } from '../../connect/value.ts'

export type InferredType = 'boolean' | 'integer' | 'real' | 'decimal' | 'timestamp' | 'bytes' | 'text'

const NUMBERS: readonly InferredType[] = ['boolean', 'integer', 'real', 'decimal']
const INT64 = 9223372036854775807n

/** Of a value that isn't null. Nested values are JSON text; so are integers beyond 64 bits. */
export function typeOfValue(value: NonNullable<Value>): InferredType {
  switch (typeof value) {
    case 'boolean':
      return 'boolean'
    case 'number':
      return Number.isSafeInteger(value) ? 'integer' : 'real'
    case 'bigint':
      return value <= INT64 && value >= -INT64 - 1n ? 'integer' : 'text'
    case 'string':
      return 'text'
    default:
      if (value instanceof Boxed) return value.type.startsWith('float') ? 'real' : typeOfValue(value.value)
      if (value instanceof Decimal) return 'decimal'
      if (value instanceof Date) return 'timestamp'
      return value instanceof Uint8Array ? 'bytes' : 'text'
  }
}

/** Whole numbers and fractions are real, a number and anything else text. */
export function widest(a: InferredType | undefined, b: InferredType): InferredType {
  if (a === undefined || a === b) return b
  const [i, j] = [NUMBERS.indexOf(a), NUMBERS.indexOf(b)]
  return i < 0 || j < 0 ? 'text' : (NUMBERS[Math.max(i, j)] as InferredType)
}

const OPTIONAL = { optional: true } as const
const SCHEMAS: Readonly<Record<InferredType, Schema>> = {
  boolean: primitive('boolean', OPTIONAL),
  integer: primitive('int64', OPTIONAL),
  real: primitive('float64', OPTIONAL),
  decimal: decimal(0, OPTIONAL),
  timestamp: timestamp(OPTIONAL),
  bytes: primitive('bytes', OPTIONAL),
  text: primitive('string', OPTIONAL),
}

export function schemaOfType(type: InferredType): Schema {
  return SCHEMAS[type]
}
