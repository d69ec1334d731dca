/** Arbitrary schemas with values that fit them, and arbitrary values without a schema. */
import fc from 'fast-check'
import {
  DATE_NAME,
  DECIMAL_NAME,
  date,
  decimal,
  TIME_NAME,
  TIMESTAMP_NAME,
  time,
  timestamp,
} from '../../../lib/connect/logical.ts'
import { array, map, primitive, Schema, type SchemaType, struct } from '../../../lib/connect/schema.ts'
import { Boxed, Decimal, integer, Struct, type Value } from '../../../lib/connect/value.ts'

/** With what JSON escapes, halves of surrogate pairs, and what a plain object reorders when it is a key. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc
    .array(fc.constantFrom('\ud83d', '\ude00', '"', '\\', '\n', '\u001f', 'u00ff', '\u2028', '1.0', 'ü'), {
      maxLength: 4,
    })
    .map((parts) => parts.join('')),
  fc.constantFrom('1', '007', '__proto__', 'toJSON', 'constructor', ''),
)

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(integer)
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 1, 1e21, 1e-7, 0.001, 1e7, 9_999_999.5, 0.1 + 0.2, 123_456_789_012_345.95),
  fc.integer().map((n) => n / 100),
)

export const anySchema: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .tuple(
        fc.constantFrom<SchemaType[]>(
          'int8',
          'int16',
          'int32',
          'int64',
          'float32',
          'float64',
          'boolean',
          'string',
          'bytes',
        ),
        fc.boolean(),
      )
      .map(([type, optional]) => new Schema(type, { optional })),
    fc
      .boolean()
      .chain((optional) =>
        fc.constantFrom(date({ optional }), time({ optional }), timestamp({ optional }), decimal(3, { optional })),
      ),
    fc.tuple(tie('schema'), fc.boolean()).map(([items, optional]) => array(items, { optional })),
    fc
      .tuple(
        fc.constantFrom(primitive('string'), primitive('int64'), primitive('boolean')),
        tie('schema'),
        fc.boolean(),
      )
      .map(([keys, values, optional]) => map(keys, values, { optional })),
    fc
      .tuple(
        fc.uniqueArray(
          anyText.filter((name) => name !== ''),
          { maxLength: 4 },
        ),
        fc.array(tie('schema'), { minLength: 4, maxLength: 4 }),
        fc.boolean(),
      )
      .map(([names, schemas, optional]) =>
        struct(
          names.map((name, i) => [name, schemas[i] as Schema] as const),
          { optional, name: 'a.b' },
        ),
      ),
  ),
})).schema

export function valueFor(schema: Schema): fc.Arbitrary<Value> {
  const value = present(schema)
  return schema.optional ? fc.option(value, { freq: 5 }) : value
}

function present(schema: Schema): fc.Arbitrary<Value> {
  switch (schema.name) {
    case DATE_NAME:
      return fc.integer({ min: -100_000, max: 100_000 }).map((days) => new Date(days * 86_400_000))
    case TIME_NAME:
      return fc.nat(86_399_999).map((ms) => new Date(ms))
    case TIMESTAMP_NAME:
      return fc.date({ noInvalidDate: true })
    case DECIMAL_NAME:
      return fc.bigInt().map((unscaled) => new Decimal(unscaled, 3))
  }
  switch (schema.type) {
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'int32':
      return fc.integer()
    case 'int64':
      return long
    case 'float32':
      return fc.float({ noNaN: true, noDefaultInfinity: true }).map(positiveZero)
    case 'float64':
      return double.map(positiveZero)
    case 'boolean':
      return fc.boolean()
    case 'string':
      return anyText
    case 'bytes':
      return fc.uint8Array({ maxLength: 6 })
    case 'array':
      return fc.array(valueFor(schema.items as Schema), { maxLength: 3 })
    case 'map':
      return fc
        .uniqueArray(fc.tuple(valueFor(schema.keys as Schema), valueFor(schema.values as Schema)), {
          maxLength: 3,
          selector: ([key]) => key,
        })
        .map((entries) => new Map(entries))
    case 'struct':
      return fc
        .tuple(...schema.fields.map((field) => valueFor(field.schema)))
        .map((values) => new Struct(schema, values))
  }
}

/** JsonConverter reads numbers into a BigDecimal, which has no -0; and NaN and infinity, which it writes, as 0. */
const positiveZero = (value: number) => (value === 0 ? 0 : value)

/** What a value without a schema can hold, and what has no place in JSON. */
export const anySchemaless: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      anyText,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      long,
      double,
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom(
        new Boxed('int32', 7),
        new Boxed('float64', 4),
        new Boxed('float32', 1e10),
        new Boxed('int8', -1),
      ),
      fc.constantFrom<Value[]>(new Boxed('biginteger', 1n), new Decimal(1n, 1), new Date(0)),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 4, noNullPrototype: false }),
    fc
      .array(fc.tuple(fc.oneof(anyText, long), tie('value')), { maxLength: 3 })
      .map((entries) => new Map<Value, Value>(entries)),
  ),
})).value
