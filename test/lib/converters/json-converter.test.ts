import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Converter } from '../../../lib/connect/plugin.ts'
import { NO_HEADERS } from '../../../lib/connect/record.ts'
import { parse, type RawConfig } from '../../../lib/connect/settings.ts'
import { Boxed } from '../../../lib/connect/value.ts'
import { schemaless } from '../../../lib/converters/json-reader.ts'
import { jsonText, typedToJson } from '../../../lib/converters/record-text.ts'
import { isExactForParse } from '../../../lib/java/json-scan.ts'
import { readJson } from '../../../lib/java/json-text.ts'
import { find } from '../../../lib/registry.ts'

async function converter(raw: RawConfig): Promise<Converter> {
  const plugin = await find('converter', 'org.apache.kafka.connect.json.JsonConverter')
  const config: RawConfig = { 'converter.type': 'value', ...raw }
  if (plugin.create === undefined) throw new TypeError('no converter')
  return plugin.create(parse(plugin.settings, config), false, config)
}

function read(from: Converter, text: string): string {
  try {
    const { schema, value } = from.toConnect('t', Buffer.from(text), NO_HEADERS)
    return jsonText(typedToJson(schema, value))
  } catch (error) {
    return (error as Error).message
  }
}

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
    [
      '{"b":1,"2":2}',
      new Map<string, number>([
        ['b', 1],
        ['2', 2],
      ]),
    ],
    [
      '{"b":1,"\\u0032":2}',
      new Map<string, number>([
        ['b', 1],
        ['2', 2],
      ]),
    ],
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
    const json = fc.json({ maxDepth: 4 })
    const numbers = fc.constantFrom(
      '1.0',
      '-0.50',
      '12345678901234567',
      '1E5',
      '0.1e-3',
      '"1.0"',
      '"\\\\"',
      '"a\\"1.0"',
      '{"1":1.5}',
    )
    const text = fc.oneof(
      json,
      fc.array(fc.oneof(numbers, json)).map((items) => `[${items.join(', ')}]`),
    )
    fc.assert(
      fc.property(text, (one) => {
        fc.pre(isExactForParse(one))
        expect(typedToJson(null, JSON.parse(one))).toEqual(typedToJson(null, schemaless(readJson(one))))
      }),
      { numRuns: 500 },
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
})
