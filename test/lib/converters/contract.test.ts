import { BYTES, OPTIONAL_BYTES, OPTIONAL_STRING, primitive } from '../../../lib/connect/schema.ts'
import { Boxed } from '../../../lib/connect/value.ts'
import { testConverter } from '../../contract/converter.ts'
import { VALUES } from '../../contract/records.ts'

const notNull = VALUES.filter(({ value }) => value !== null)
const CONVERTERS = 'org.apache.kafka.connect.converters'

testConverter(
  'org.apache.kafka.connect.json.JsonConverter',
  {},
  notNull.filter(({ schema }) => schema !== null).map((written) => ({ written })),
)
testConverter(
  'org.apache.kafka.connect.json.JsonConverter',
  { 'schemas.enable': 'false' },
  notNull.filter(({ schema }) => schema === null).map((written) => ({ written })),
)
testConverter('org.apache.kafka.connect.storage.StringConverter', {}, [
  { written: { schema: OPTIONAL_STRING, value: 'ünï😀' } },
  { written: { schema: null, value: new Boxed('float64', 1e7) }, read: { schema: OPTIONAL_STRING, value: '1.0E7' } },
])
testConverter('org.apache.kafka.connect.storage.StringConverter', { 'converter.encoding': 'UTF-16' }, [
  { written: { schema: OPTIONAL_STRING, value: 'ünï😀' } },
])
testConverter(`${CONVERTERS}.ByteArrayConverter`, {}, [
  {
    written: { schema: BYTES, value: Uint8Array.of(0, 255) },
    read: { schema: OPTIONAL_BYTES, value: Uint8Array.of(0, 255) },
  },
])
testConverter(`${CONVERTERS}.BooleanConverter`, {}, [
  { written: { schema: primitive('boolean', { optional: true }), value: true } },
])
for (const [name, type, value] of [
  ['Short', 'int16', -32768],
  ['Integer', 'int32', 2147483647],
  ['Long', 'int64', -9223372036854775808n],
  ['Float', 'float32', Math.fround(0.1)],
  ['Double', 'float64', 1e300],
] as const)
  testConverter(`${CONVERTERS}.${name}Converter`, {}, [
    { written: { schema: primitive(type, { optional: true }), value } },
  ])
