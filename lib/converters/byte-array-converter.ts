/** Bytes as they are. */
import { DataError } from '../connect/errors.ts'
import { type Converter, converter, type Payload } from '../connect/plugin.ts'
import { OPTIONAL_BYTES, type Schema } from '../connect/schema.ts'
import type { Typed, Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { CONVERTER_TYPE, headersOf } from './converter-type.ts'

export default converter({
  class: 'org.apache.kafka.connect.converters.ByteArrayConverter',
  version: '4.3.1',
  doc: 'Passes bytes through as they are.',
  settings: CONVERTER_TYPE,
  create: () => BYTE_ARRAYS,
  createHeader: () => headersOf(BYTE_ARRAYS),
})

const BYTE_ARRAYS: Converter = {
  toConnect: (_topic, payload): Typed => ({ schema: OPTIONAL_BYTES, value: payload }),
  fromConnect: (_topic, schema, value): Payload => bytes(schema, value),
}

function bytes(schema: Schema | null, value: Value): Uint8Array | null {
  if (schema !== null && schema.type !== 'bytes')
    throw new DataError(`Invalid schema type for ByteArrayConverter: ${schema.type.toUpperCase()}`)
  if (value === null || value instanceof Uint8Array) return value
  throw new DataError(`ByteArrayConverter is not compatible with objects of type class ${className(value)}`)
}
