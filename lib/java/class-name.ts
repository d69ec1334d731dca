/** The Java class that Connect would hold a value in, as its errors name it. */
import type { Schema } from '../connect/schema.ts'
import { Boxed, Decimal, Struct, type Value } from '../connect/value.ts'

const NUMBERS: Readonly<Record<string, string>> = {
  int8: 'java.lang.Byte',
  int16: 'java.lang.Short',
  int32: 'java.lang.Integer',
  int64: 'java.lang.Long',
  float32: 'java.lang.Float',
  float64: 'java.lang.Double',
  biginteger: 'java.math.BigInteger',
}

/** `value.getClass().getName()`, `null` for null. Of numbers the schema tells the class, where there is one. */
export function className(value: Value, schema: Schema | null = null): string {
  switch (typeof value) {
    case 'string':
      return 'java.lang.String'
    case 'boolean':
      return 'java.lang.Boolean'
    case 'bigint':
      return 'java.lang.Long'
    case 'number':
      return NUMBERS[schema?.type ?? ''] ?? (Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double')
    default:
      return value === null ? 'null' : objectClass(value)
  }
}

function objectClass(value: Exclude<Value, null | string | number | bigint | boolean>): string {
  if (value instanceof Uint8Array) return '[B'
  if (value instanceof Date) return 'java.util.Date'
  if (value instanceof Decimal) return 'java.math.BigDecimal'
  if (value instanceof Struct) return 'org.apache.kafka.connect.data.Struct'
  if (value instanceof Boxed) return NUMBERS[value.type] as string
  if (Array.isArray(value)) return 'java.util.ArrayList'
  if (value instanceof Map) return 'java.util.LinkedHashMap'
  // Without a prototype: an object that keeps the order of its source, as a LinkedHashMap.
  return Object.getPrototypeOf(value) === null ? 'java.util.LinkedHashMap' : 'java.util.HashMap'
}
