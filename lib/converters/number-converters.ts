/** Numbers as Kafka's own serializers write them: big-endian, of fixed length. */
import { DataError } from '../connect/errors.ts'
import { type Converter, type ConverterPlugin, converter, type Payload } from '../connect/plugin.ts'
import { type PrimitiveType, primitive, type Schema } from '../connect/schema.ts'
import { Boxed, integer, type Typed, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { CONVERTER_TYPE, headersOf } from './converter-type.ts'

interface Format {
  readonly class: string
  /** As errors call it. */
  readonly name: string
  readonly type: Extract<PrimitiveType, 'int16' | 'int32' | 'int64' | 'float32' | 'float64'>
  readonly javaClass: string
  readonly bytes: number
  write(buffer: Buffer, value: number | bigint): void
  read(buffer: Buffer): number | bigint
}

const FORMATS: readonly Format[] = [
  {
    class: 'Short',
    name: 'short',
    type: 'int16',
    javaClass: 'java.lang.Short',
    bytes: 2,
    write: (buffer, value) => buffer.writeInt16BE(Number(value)),
    read: (buffer) => buffer.readInt16BE(),
  },
  {
    class: 'Integer',
    name: 'integer',
    type: 'int32',
    javaClass: 'java.lang.Integer',
    bytes: 4,
    write: (buffer, value) => buffer.writeInt32BE(Number(value)),
    read: (buffer) => buffer.readInt32BE(),
  },
  {
    class: 'Long',
    name: 'long',
    type: 'int64',
    javaClass: 'java.lang.Long',
    bytes: 8,
    write: (buffer, value) => buffer.writeBigInt64BE(BigInt(value)),
    read: (buffer) => integer(buffer.readBigInt64BE()),
  },
  {
    class: 'Float',
    name: 'float',
    type: 'float32',
    javaClass: 'java.lang.Float',
    bytes: 4,
    write: (buffer, value) => buffer.writeFloatBE(Number(value)),
    read: (buffer) => buffer.readFloatBE(),
  },
  {
    class: 'Double',
    name: 'double',
    type: 'float64',
    javaClass: 'java.lang.Double',
    bytes: 8,
    write: (buffer, value) => buffer.writeDoubleBE(Number(value)),
    read: (buffer) => buffer.readDoubleBE(),
  },
]

const declarations: readonly ConverterPlugin[] = FORMATS.map((format) => {
  const numbers = numberConverter(format)
  return converter({
    class: `org.apache.kafka.connect.converters.${format.class}Converter`,
    version: '4.3.1',
    doc: `Numbers in the ${format.bytes} bytes of Kafka's ${format.name} serializer.`,
    settings: CONVERTER_TYPE,
    create: () => numbers,
    createHeader: () => headersOf(numbers),
  })
})

export default declarations

function numberConverter(format: Format): Converter {
  const schema = primitive(format.type, { optional: true })
  return {
    toConnect: (_topic, payload): Typed => ({ schema, value: payload === null ? null : read(format, payload) }),
    fromConnect: (_topic, from, value): Payload => (value === null ? null : write(format, from, value)),
  }
}

function read({ bytes, name, read: readNumber }: Format, payload: Uint8Array): Value {
  if (payload.length !== bytes) throw new DataError(`Failed to deserialize ${name}: `)
  return readNumber(Buffer.from(payload.buffer, payload.byteOffset, payload.length))
}

function write({ bytes, name, javaClass, write: writeNumber }: Format, schema: Schema | null, value: Value): Buffer {
  const found = className(value, schema !== null && schema.name === null ? schema : null)
  if (found !== javaClass) throw new DataError(`Failed to serialize to ${name} (was class ${found}): `)
  const buffer = Buffer.allocUnsafe(bytes)
  writeNumber(buffer, value instanceof Boxed ? value.value : (value as number | bigint))
  return buffer
}
