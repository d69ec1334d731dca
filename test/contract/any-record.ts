/** Arbitrary records, for properties that hold of every plugin: keys and values with the schemas they fit, or without. */
import fc from 'fast-check'
import { date, decimal, time, timestamp } from '../../lib/connect/logical.ts'
import { ConnectRecord, type Origin } from '../../lib/connect/record.ts'
import { array, map, primitive, type Schema, struct } from '../../lib/connect/schema.ts'
import { Boxed, Decimal, integer, Struct, type Typed, type Value } from '../../lib/connect/value.ts'

/** Among them the names that the configs of the contract tests have. */
const NAMES = ['id', 'name', 'tags', 'at', 'address', 'city', 'raw', 'a.b', '__proto__', 'ü']
const name = fc.constantFrom(...NAMES)
const text = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('12', '2020-01-01', 'true', '$.a'))
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(integer)
const bytes = fc.uint8Array({ maxLength: 6 })
const moment = fc.integer({ min: -1e12, max: 4e12 }).map((ms) => new Date(ms))

/** A schema and what fits it. */
type Fitting = { readonly schema: Schema; readonly value: fc.Arbitrary<Value> }

const LEAVES: readonly fc.Arbitrary<Fitting>[] = [
  leaf('int8', fc.integer({ min: -128, max: 127 })),
  leaf('int32', fc.integer()),
  leaf('int64', long),
  leaf('float64', fc.double()),
  leaf('boolean', fc.boolean()),
  leaf('string', text),
  leaf('bytes', bytes),
  fc.constant({ schema: timestamp(), value: moment }),
  fc.constant({
    schema: date(),
    value: fc.integer({ min: -9999, max: 9999 }).map((day) => new Date(day * 86_400_000)),
  }),
  fc.constant({ schema: time(), value: fc.nat(86_399_999).map((ms) => new Date(ms)) }),
  fc.constant({ schema: decimal(2), value: fc.bigInt(-(10n ** 12n), 10n ** 12n).map((n) => new Decimal(n, 2)) }),
]

function leaf(type: Parameters<typeof primitive>[0], value: fc.Arbitrary<Value>): fc.Arbitrary<Fitting> {
  return fc.boolean().map((optional) => ({
    schema: primitive(type, { optional }),
    value: optional ? fc.option(value, { freq: 4 }) : value,
  }))
}

const { fitting } = fc.letrec<{ fitting: Fitting }>((tie) => ({
  fitting: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...LEAVES,
    tie('fitting').map((items) => ({ schema: array(items.schema), value: fc.array(items.value, { maxLength: 3 }) })),
    tie('fitting').map((items) => ({
      schema: map(primitive('string'), items.schema),
      value: fc.array(fc.tuple(name, items.value), { maxLength: 3 }).map((entries) => new Map<Value, Value>(entries)),
    })),
    structOf(tie('fitting')),
    structOf(tie('fitting')),
  ),
}))

function structOf(inner: fc.Arbitrary<Fitting>): fc.Arbitrary<Fitting> {
  const fields = fc.uniqueArray(fc.tuple(name, inner), { selector: ([field]) => field, maxLength: 5 })
  return fields.map((all) => {
    const schema = struct(all.map(([field, one]) => [field, one.schema] as const))
    return { schema, value: fc.tuple(...all.map(([, one]) => one.value)).map((values) => new Struct(schema, values)) }
  })
}

const { schemaless } = fc.letrec<{ schemaless: Value }>((tie) => ({
  schemaless: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Value>(null, true, new Boxed('int32', 7), new Boxed('float64', 3)),
    text,
    long,
    bytes,
    moment,
    fc.array(tie('schemaless'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('schemaless')), { maxLength: 5 }).map((entries) => new Map<Value, Value>(entries)),
    fc.dictionary(
      name.filter((key) => key !== '__proto__'),
      tie('schemaless'),
      { maxKeys: 5 },
    ),
  ),
}))

const typed: fc.Arbitrary<Typed> = fc.oneof(
  schemaless.map((value) => ({ schema: null, value })),
  fitting.chain(({ schema, value }) => value.map((one) => ({ schema, value: one }))),
)

const header = fc.tuple(fc.constantFrom('h', 'trace', 'h'), typed).map(([key, one]) => ({ key, ...one }))

/** A record that came from there. */
export function recordFrom(origin: Origin): fc.Arbitrary<ConnectRecord> {
  return fc
    .record({
      topic: fc.constantFrom('t', 'orders_2020', 'db.public.items'),
      key: typed,
      value: typed,
      timestamp: fc.option(fc.nat(2e12)),
      headers: fc.array(header, { maxLength: 3 }),
    })
    .map(
      ({ topic, key, value, timestamp, headers }) =>
        new ConnectRecord(topic, null, key.schema, key.value, value.schema, value.value, timestamp, headers, origin),
    )
}
