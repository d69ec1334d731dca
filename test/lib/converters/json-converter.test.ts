import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Converter } from '../../../lib/connect/plugin.ts'
import { NO_HEADERS } from '../../../lib/connect/record.ts'
import type { Schema } from '../../../lib/connect/schema.ts'
import { parse, type RawConfig } from '../../../lib/connect/settings.ts'
import { Boxed, Decimal, Struct, type Typed, type Value } from '../../../lib/connect/value.ts'
import { schemaless } from '../../../lib/converters/json-reader.ts'
import { jsonText, typedToJson } from '../../../lib/converters/record-text.ts'
import { schemalessText, schemalessTextExactly } from '../../../lib/converters/schemaless-writer.ts'
import { isExactForParse } from '../../../lib/java/json-scan.ts'
import { readJson } from '../../../lib/java/json-text.ts'
import { find } from '../../../lib/registry.ts'
import { anySchema, anySchemaless, valueFor } from './any-value.ts'

async function converter(raw: RawConfig): Promise<Converter> {
  const plugin = await find('converter', 'org.apache.kafka.connect.json.JsonConverter')
  const config: RawConfig = { 'converter.type': 'value', ...raw }
  if (plugin.create === undefined) throw new TypeError('no converter')
  return plugin.create(parse(plugin.settings, config), false, config)
}

function read(from: Converter, text: string): string {
  return outcome(() => from.toConnect('t', Buffer.from(text), NO_HEADERS))
}

function outcome(step: () => Typed): string {
  try {
    const { schema, value } = step()
    return jsonText(typedToJson(schema, value))
  } catch (error) {
    return (error as Error).message
  }
}

const JSON_TEXT = fc.json({ maxDepth: 4 })
const SPECIAL_TEXT = fc.constantFrom(
  '1.0',
  '-0.50',
  '12345678901234567',
  '1E5',
  '0.1e-3',
  '"1.0"',
  '"\\\\"',
  '"a\\"1.0"',
  '{"1":1.5}',
  '{ "007" : 1}',
  '{"2fa":[0]}',
  '999999999999999',
  '1234567890123456',
  '1234567890.5',
  '1e3',
  '-1.25E-2',
  '123456789012345.99999999',
  '0.99999999999999999999',
  '1.00000000000000000001',
  '52.520006599999998',
  '"1234567890123456, 1.0, 2e3}"',
)
const ANY_TEXT = fc.oneof(
  JSON_TEXT,
  SPECIAL_TEXT,
  fc
    .tuple(fc.array(fc.oneof(SPECIAL_TEXT, JSON_TEXT)), fc.constantFrom(',', ', ', '\n,\t'))
    .map(([items, comma]) => `[${items.join(comma)}]`),
)

test.each(['true', 'false'])('messages of a batch are read as each by itself, schemas.enable=%s', async (enabled) => {
  const json = await converter({ 'schemas.enable': enabled })
  const other = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('{"é":1.0}', '{\0}\0', '{"a":1'))
  const messages = (text: fc.Arbitrary<string>) => {
    const enveloped = text.map((payload) => `{"schema":null,"payload":${payload}}`)
    const message = fc.tuple(fc.uint8Array({ maxLength: 70 }), enabled === 'true' ? enveloped : text)
    return fc.array(message, { maxLength: 40 })
  }
  // Without special numbers many messages can be looked at together.
  const batches = fc.oneof(messages(fc.oneof(ANY_TEXT, other)), messages(fc.oneof(JSON_TEXT, other)))
  fc.assert(
    fc.property(batches, (parts) => {
      const batch = Buffer.concat(parts.flatMap(([framing, one]) => [framing, Buffer.from(one)]))
      let end = 0
      for (const [framing, one] of parts) {
        const start = end + framing.length
        end = start + Buffer.byteLength(one)
        const range = outcome(() => json.toConnectRange?.('t', batch, start, end) as Typed)
        expect(range).toBe(outcome(() => json.toConnect('t', batch.subarray(start, end), NO_HEADERS)))
      }
    }),
  )
})

describe('without schemas', () => {
  test('objects are those of JSON.parse', async () => {
    const plain = await converter({ 'schemas.enable': 'false' })
    const { value } = plain.toConnect('t', Buffer.from('{"a":[1,{"b":null}]}'), NO_HEADERS)
    expect(value).toStrictEqual({ a: [1, { b: null }] })
  })

  test.each([
    ['9007199254740993', 9007199254740993n],
    ['{"a":1.0}', { a: new Boxed('float64', 1) }],
    ['[1e3]', [new Boxed('float64', 1000)]],
    ['[-0.0]', [new Boxed('float64', 0)]],
    ['[0.99999999999999999999]', [new Boxed('float64', 1)]],
    ['{"b":1,"\\u0032":2}', { b: 1, 2: 2 }],
    ['{"\\u005f_pr\\u006fto__":1}', new Map([['__proto__', 1]])],
    ['"1.0 and 12345678901234567890"', '"1.0 and 12345678901234567890"'.slice(1, -1)],
  ])('%s', async (text, expected) => {
    const plain = await converter({ 'schemas.enable': 'false' })
    expect(plain.toConnect('t', Buffer.from(text), NO_HEADERS).value).toStrictEqual(expected)
  })

  test('a key like __proto__ is a key', async () => {
    const plain = await converter({ 'schemas.enable': 'false' })
    const { value, schema } = plain.toConnect('t', Buffer.from('{"__proto__":{"a":1},"b":2}'), NO_HEADERS)
    expect(plain.fromConnect('t', schema, value, NO_HEADERS)).toBe('{"__proto__":{"a":1},"b":2}')
  })

  test('JSON.parse is used only where it gives the same', () => {
    fc.assert(
      fc.property(ANY_TEXT, (one) => {
        fc.pre(isExactForParse(one))
        expect(typedToJson(null, JSON.parse(one))).toEqual(typedToJson(null, schemaless(readJson(one))))
      }),
      { numRuns: 1000 },
    )
  })

  test('what JSON.stringify writes is what Jackson would', () => {
    const written = (write: (value: Value) => string, value: Value) => {
      try {
        return write(value)
      } catch (error) {
        return (error as Error).message
      }
    }
    fc.assert(
      fc.property(anySchemaless, (value) => {
        expect(written(schemalessText, value)).toBe(written(schemalessTextExactly, value))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('with schemas', () => {
  const SCHEMAS = [
    '{"type":"struct","fields":[{"type":"int64","optional":false,"field":"a"},{"type":"string","optional":true,"field":"payload"}],"optional":false}',
    '{"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}}',
    '{"type":"string","optional":true,"doc":",\\"payload\\":"}',
    'null',
  ]
  const PAYLOADS = [
    '{"a":1,"payload":"x"}',
    '{"a":9007199254740993}',
    '{"a":"no"}',
    '1.10',
    '"AQI="',
    'null',
    '1,"more":2',
    '1}{',
    '{"a":1',
    '[1.0,2]',
  ]

  test('a message is read as if it were the first', async () => {
    const shared = await converter({})
    const message = fc.tuple(fc.constantFrom(...SCHEMAS), fc.constantFrom(...PAYLOADS), fc.constantFrom('', ' '))
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 6 }), async (messages) => {
        for (const [schema, payload, blank] of messages) {
          const text = `{"schema":${schema},${blank}"payload":${payload}}`
          expect(read(shared, text)).toBe(read(await converter({}), text))
        }
      }),
    )
  })

  test('any value comes back as it was', async () => {
    const typed = anySchema.chain((schema) => fc.tuple(fc.constant(schema), valueFor(schema)))
    const formats = ['BASE64', 'NUMERIC'].map((format) => converter({ 'decimal.format': format }))
    for (const json of await Promise.all(formats))
      fc.assert(
        fc.property(typed, ([schema, value]) => {
          const bytes = Buffer.from(json.fromConnect('t', schema, value, NO_HEADERS) as string)
          const back = json.toConnect('t', bytes, NO_HEADERS)
          expect(back.schema?.equals(schema)).toBe(true)
          expect(comparable(schema, back.value)).toStrictEqual(comparable(schema, value))
        }),
        { numRuns: 500 },
      )
  })
})

/** The same for a map as an object and as a `Map`, and for bytes of any class. */
function comparable(schema: Schema, value: Value): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Date || value instanceof Decimal) return value
  if (value instanceof Uint8Array) return [...value]
  if (value instanceof Struct) return schema.fields.map((field) => comparable(field.schema, value.get(field.name)))
  if (Array.isArray(value)) return value.map((item: Value) => comparable(schema.items as Schema, item))
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return entries.map(([key, item]) => [key, comparable(schema.values as Schema, item)])
}
