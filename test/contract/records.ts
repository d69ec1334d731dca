/** Records of every shape, for the suites that plugins have in common. */
import { date, decimal, time, timestamp } from '../../lib/connect/logical.ts'
import { ConnectRecord, NO_HEADERS, type SinkOrigin, type SourceOrigin } from '../../lib/connect/record.ts'
import { array, map, OPTIONAL_STRING, primitive, type Schema, STRING, struct } from '../../lib/connect/schema.ts'
import { Boxed, Decimal, Struct, type Typed, type Value } from '../../lib/connect/value.ts'

const SOURCE: SourceOrigin = { kind: 'source', partition: { p: '0' }, offset: { o: 0 } }
export const SINK: SinkOrigin = { kind: 'sink', topic: 't', partition: 0, offset: 7, timestampType: 'CreateTime' }

export const INNER: Schema = struct([
  ['city', STRING],
  ['zip', primitive('int32', { optional: true, default: 1000 })],
])
const ROW: Schema = struct(
  [
    ['id', primitive('int64')],
    ['name', OPTIONAL_STRING],
    ['small', primitive('int8')],
    ['ratio', primitive('float32')],
    ['exact', decimal(2)],
    ['day', date({ optional: true })],
    ['clock', time()],
    ['at', timestamp()],
    ['raw', primitive('bytes')],
    ['tags', array(STRING)],
    ['counts', map(STRING, primitive('int32'))],
    ['address', INNER],
    ['flag', primitive('boolean', { optional: true })],
  ],
  { name: 'com.acme.Row', version: 2 },
)

function row(id: number | bigint = 1): Struct {
  return new Struct(ROW, [
    id,
    'ünï "quoted"',
    -5,
    Math.fround(0.1),
    new Decimal(12345n, 2),
    new Date(86_400_000 * 365),
    new Date(3_600_000),
    new Date(1_700_000_000_123),
    Uint8Array.of(0, 255, 7),
    ['a', 'b'],
    new Map<Value, Value>([['x', 1]]),
    new Struct(INNER, ['Wien', 1010]),
    null,
  ])
}

/** A value of every kind, with a schema and without. */
export const VALUES: readonly Typed[] = [
  { schema: null, value: null },
  { schema: ROW, value: row() },
  { schema: ROW, value: row(9223372036854775807n) },
  { schema: STRING, value: 'text' },
  { schema: primitive('int32'), value: 42 },
  { schema: primitive('int64'), value: -9223372036854775808n },
  { schema: primitive('float64'), value: 1e21 },
  { schema: primitive('boolean'), value: true },
  { schema: primitive('bytes'), value: Uint8Array.of(1, 2, 3) },
  { schema: timestamp(), value: new Date(1_700_000_000_000) },
  { schema: null, value: 'text' },
  { schema: null, value: 12 },
  { schema: null, value: 1.5 },
  { schema: null, value: new Boxed('float64', 3) },
  { schema: null, value: { id: 1, name: null, nested: { a: [1, 'x', { b: true }] }, constructor: 'own' } },
  {
    schema: null,
    value: new Map<Value, Value>([
      ['1', 'one'],
      ['a', 2],
    ]),
  },
]

/** Each value as the key and as the value of a source's and of a sink's record. */
export function records(): ConnectRecord[] {
  const headers = [{ key: 'h', schema: STRING, value: 'v' }]
  const [nothing, whole] = VALUES as [Typed, Typed]
  const pairs = VALUES.flatMap((one) => [
    [nothing, one],
    [one, nothing],
    [one, whole],
  ]) as [Typed, Typed][]
  return pairs.flatMap(([key, value]) => [
    new ConnectRecord('t', null, key.schema, key.value, value.schema, value.value, 1_700_000_000_000, headers, SOURCE),
    new ConnectRecord('t', 3, key.schema, key.value, value.schema, value.value, null, NO_HEADERS, SINK),
  ])
}
