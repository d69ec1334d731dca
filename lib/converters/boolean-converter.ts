/** Booleans in one byte, 1 or 0. */
import { DataError } from '../connect/errors.ts'
import { type Converter, converter, type Payload } from '../connect/plugin.ts'
import { primitive, type Schema } from '../connect/schema.ts'
import type { Typed, Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { CONVERTER_TYPE, headersOf } from './converter-type.ts'

export default converter({
  class: 'org.apache.kafka.connect.converters.BooleanConverter',
  version: '4.3.1',
  doc: "Booleans in the byte of Kafka's boolean serializer.",
  settings: CONVERTER_TYPE,
  create: () => BOOLEANS,
  createHeader: () => headersOf(BOOLEANS),
})

const OPTIONAL_BOOLEAN = primitive('boolean', { optional: true })

const BOOLEANS: Converter = {
  toConnect: (_topic, payload): Typed => ({ schema: OPTIONAL_BOOLEAN, value: payload === null ? null : read(payload) }),
  fromConnect: (_topic, schema, value): Payload => write(schema, value),
}

function read(payload: Uint8Array): boolean {
  const [byte] = payload
  if (payload.length !== 1 || (byte !== 0 && byte !== 1)) throw new DataError('Failed to deserialize boolean: ')
  return byte === 1
}

function write(schema: Schema | null, value: Value): Uint8Array | null {
  if (schema !== null && schema.type !== 'boolean')
    throw new DataError(`Invalid schema type for BooleanConverter: ${schema.type.toUpperCase()}`)
  if (value === null) return null
  if (typeof value !== 'boolean')
    throw new DataError(`BooleanConverter is not compatible with objects of type class ${className(value, schema)}`)
  return Uint8Array.of(value ? 1 : 0)
}
