/** Connect's logical types: a schema's name gives a base type its meaning (`org.apache.kafka.connect.data.*`). */
import { primitive, type Schema, type SchemaOptions } from './schema.ts'

export const DECIMAL_NAME = 'org.apache.kafka.connect.data.Decimal'
export const DATE_NAME = 'org.apache.kafka.connect.data.Date'
export const TIME_NAME = 'org.apache.kafka.connect.data.Time'
export const TIMESTAMP_NAME = 'org.apache.kafka.connect.data.Timestamp'

/** Bytes on the wire, a `Decimal` in memory. */
export function decimal(scale: number, options: SchemaOptions = {}): Schema {
  const parameters = new Map([['scale', String(scale)], ...(options.parameters ?? [])])
  return primitive('bytes', { version: 1, ...options, name: DECIMAL_NAME, parameters })
}

/** Days since the epoch on the wire, a `Date` at midnight UTC in memory. */
export function date(options: SchemaOptions = {}): Schema {
  return primitive('int32', { version: 1, ...options, name: DATE_NAME })
}

/** Milliseconds since midnight on the wire, a `Date` on 1970-01-01 UTC in memory. */
export function time(options: SchemaOptions = {}): Schema {
  return primitive('int32', { version: 1, ...options, name: TIME_NAME })
}

/** Milliseconds since the epoch on the wire, a `Date` in memory. */
export function timestamp(options: SchemaOptions = {}): Schema {
  return primitive('int64', { version: 1, ...options, name: TIMESTAMP_NAME })
}
