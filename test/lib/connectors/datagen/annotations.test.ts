import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DECIMAL_NAME, TIMESTAMP_NAME } from '../../../../lib/connect/logical.ts'
import { Decimal, type Struct, type Value } from '../../../../lib/connect/value.ts'
import { parseAvro } from '../../../../lib/connectors/datagen/avro.ts'
import { Draw } from '../../../../lib/connectors/datagen/draw.ts'
import { generator } from '../../../../lib/connectors/datagen/generator.ts'
import { textMatching } from '../../../../lib/connectors/datagen/regex.ts'

/** The field of the iterations from 0 on. */
function field(type: unknown, count = 200, seed = 1): Value[] {
  const node = parseAvro(JSON.stringify({ type: 'record', name: 'r', fields: [{ name: 'f', type }] }))
  const [make, draw] = [generator(node), new Draw(seed)]
  return Array.from({ length: count }, (_, n) => (make(draw.seek(n)) as Struct).get('f'))
}
const of = (type: string, properties: object, more: object = {}) => ({ type, ...more, 'arg.properties': properties })

describe('iteration', () => {
  test.each<[string, object, Value[]]>([
    ['int', { start: 0 }, [0, 1, 2, 3, 4]],
    ['long', { start: 1, step: 10 }, [1, 11, 21, 31, 41]],
    ['int', { start: 5, restart: 8 }, [5, 6, 7, 5, 6]],
    ['int', { start: 5, restart: 2 }, [5, 4, 3, 5, 4]],
    ['int', { start: 0, restart: 10, step: 4 }, [0, 4, 8, 2, 6]],
    ['int', { start: 0, restart: 10, initial: 8 }, [8, 9, 0, 1, 2]],
    ['double', { start: 0, step: 0.1 }, [0, 0.1, 0.2, 0.3, 0.4]],
    ['boolean', { start: true }, [true, false, true, false, true]],
    ['string', { start: 7 }, ['7', '8', '9', '10', '11']],
  ])('%s %j', (type, iteration, expected) => {
    expect(field(of(type, { iteration }), 5)).toEqual(expected)
  })

  test('with affixes, and as a time', () => {
    expect(field(of('string', { iteration: { start: 1 }, prefix: 'a', suffix: 'z' }), 2)).toEqual(['a1z', 'a2z'])
    expect(field(of('long', { iteration: { start: 0, step: 1000 } }, { logicalType: 'timestamp-millis' }), 2)).toEqual([
      new Date(0),
      new Date(1000),
    ])
  })
})

test('ranges: min inclusive, max exclusive', () => {
  for (const type of ['int', 'long']) {
    const values = field(of(type, { range: { min: -2, max: 3 } }), 500)
    expect([...new Set(values)].sort()).toEqual([-1, -2, 0, 1, 2])
  }
  for (const value of field(of('double', { range: { min: 0.5, max: 0.75 } }), 500) as number[]) {
    expect(value).toBeGreaterThanOrEqual(0.5)
    expect(value).toBeLessThan(0.75)
  }
  const prices = field(of('bytes', { range: { min: 1.5, max: 2 } }, { logicalType: 'decimal', precision: 4, scale: 2 }))
  for (const price of prices as Decimal[]) expect(Number(price.unscaled)).toSatisfy((n: number) => n >= 150 && n < 200)
})

test('types without annotations', () => {
  const all = {
    type: 'record',
    name: 'all',
    fields: [
      { name: 'i', type: 'int' },
      { name: 'l', type: 'long' },
      { name: 'f', type: 'float' },
      { name: 'b', type: 'boolean' },
      { name: 'y', type: { type: 'fixed', name: 'four', size: 4 } },
      { name: 'again', type: 'four' },
      { name: 'e', type: { type: 'enum', name: 'suit', symbols: ['HEARTS', 'SPADES'] } },
      { name: 'm', type: { type: 'map', values: 'int', 'arg.properties': { length: 2 } } },
      { name: 'o', type: ['null', 'string'], default: null },
      { name: 'd', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 3 } },
      { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ],
  }
  const values = field(all) as Struct[]
  const column = (name: string) => values.map((value) => value.getWithoutDefault(name))
  for (const i of column('i') as number[]) expect(i | 0).toBe(i)
  expect(column('l').some((l) => typeof l === 'bigint')).toBe(true)
  for (const f of column('f') as number[]) expect(Math.fround(f)).toBe(f)
  for (const y of [...column('y'), ...column('again')] as Uint8Array[]) expect(y).toHaveLength(4)
  expect(new Set(column('e'))).toEqual(new Set(['HEARTS', 'SPADES']))
  expect(new Set(column('o').map((o) => typeof o))).toEqual(new Set(['string', 'object']))
  expect(column('d')[0]).toBeInstanceOf(Decimal)
  expect(column('t')[0]).toBeInstanceOf(Date)
  const { schema } = values[0] as Struct
  expect(schema.field('o')?.schema).toMatchObject({ optional: true, default: null, type: 'string' })
  expect(schema.field('d')?.schema.name).toBe(DECIMAL_NAME)
  expect(schema.field('t')?.schema.name).toBe(TIMESTAMP_NAME)
  expect(schema.field('e')?.schema.parameters?.get('io.confluent.connect.avro.Enum')).toBe('suit')
})

test('regexes: what is drawn matches', () => {
  const regexes = [
    'User_[1-9]{0,1}',
    'Item_[1-9][0-9]{0,2}',
    '[A-Z]{2}\\d{6}[A-Z]',
    'https://www[.]a\\.example/p/[a-z]{5}',
    '\\[[0-9][0-9],[0-9][0-9]\\]',
    '(red|green|b(l|r)ue?)+-[^a-z]*',
    '^\\w+\\s\\W?.{3,}$',
    '[-a-c\\]]{4}|x?',
  ]
  fc.assert(
    fc.property(fc.constantFrom(...regexes), fc.nat(), (regex, seed) => {
      expect(textMatching(regex)(new Draw(seed).seek(3))).toMatch(new RegExp(`^(?:${regex})$`))
    }),
  )
})

test('a regex with a length, a string of a length', () => {
  const length = { min: 4, max: 6 }
  for (const text of [
    ...field(of('string', { regex: '[ab]{1,9}', length })),
    ...field(of('string', { length })),
  ] as string[])
    expect(text.length === 4 || text.length === 5).toBe(true)
})

test('options: of records with nested fields; of the field where the type has none', () => {
  const point = { type: 'record', name: 'p', fields: [{ name: 'x', type: 'double' }] }
  const node = {
    type: 'record',
    name: 'r',
    fields: [{ name: 'p', type: point, 'arg.properties': { options: [{ x: 1 }, { x: 2.5 }] } }],
  }
  const values = field(node).map((r) => ((r as Struct).get('p') as Struct).get('x'))
  expect(new Set(values)).toEqual(new Set([1, 2.5]))
})

test.each([
  [of('string', { options: [] }), /options property must be an array/],
  [of('int', { options: ['a'] }), /Invalid option for a schema of type int32: "a"/],
  [of('int', { range: { min: 3, max: 3 } }), /strictly less/],
  [of('int', { range: { min: 0.5 } }), /must be an integral number/],
  [of('int', { iteration: {} }), /must contain start field/],
  [of('int', { iteration: { start: 0, restart: 5, step: -1 } }), /leads away/],
  [of('string', { regex: 'a(b' }), /a group is not closed/],
  [of('string', { regex: '(?=a)' }), /look-around/],
  [of('array', { length: -1 }, { items: 'int' }), /length property/],
  [['string', 'int'], /a union may be of null and one other type/],
  ['nothing', /the type nothing is not defined/],
  [{ type: 'record', name: 'n', fields: [{ name: 'n', type: 'n' }] }, /the type n contains itself/],
])('%j is refused', (type, message) => {
  expect(() => field(type)).toThrow(message)
})
