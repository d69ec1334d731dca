import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../lib/connect/errors.ts'
import { OPTIONAL_STRING, primitive, STRING, struct } from '../../../lib/connect/schema.ts'
import { Boxed, Decimal, Struct, type Value } from '../../../lib/connect/value.ts'
import { jsonPath } from '../../../lib/transforms/json-path.ts'

const DOCUMENT = {
  title: 'x',
  none: null,
  'dotted.name': 1,
  author: { name: 'Tolstoy', born: 1828 },
  books: [
    { title: 'War', pages: 1225, tags: ['long'] },
    { title: 'Peace', pages: '300' },
  ],
}

test.each<[string, readonly Value[] | undefined]>([
  ['$', [DOCUMENT]],
  ['$.author.name', ['Tolstoy']],
  ['author.name', ['Tolstoy']],
  [`$["author"]['name']`, ['Tolstoy']],
  [`["author"]["name"]`, ['Tolstoy']],
  [`$['dotted.name']`, [1]],
  ['$.none', [null]],
  ['$.missing', undefined],
  ['$.title.deeper', undefined],
  ['$.books[0].title', ['War']],
  ['$.books[-1].title', ['Peace']],
  ['$.books[2]', undefined],
  ['$.books[*].title', ['War', 'Peace']],
  ['$.books[0,1].pages', [1225, '300']],
  ['$.books[*].tags', [['long']]],
  [`$.author['name','born']`, ['Tolstoy', 1828]],
  ['$.author.*', ['Tolstoy', 1828]],
  ['$.missing[*]', undefined],
  ['$.books[?(@.pages > 1000)].title', ['War']],
  [`$.books[?(@.title in ['Peace', 'Love'])].pages`, ['300']],
])('%s', (path, expected) => {
  expect(jsonPath(path).read(DOCUMENT)).toEqual(expected)
})

test.each([
  [`@.author.name == 'Tolstoy'`, true],
  [`@.author.name == "Dostoevsky" || @.author.born == 1828`, true],
  [`@.author.name == 'Tolstoy' && @.author.born < 1800`, false],
  [`!(@.author.born >= 1828)`, false],
  [`@.author.born == '1828'`, true],
  ['@.title', true],
  ['@.none', false],
  ['@.missing', false],
  ['!@.missing', true],
  ['@.none == null', true],
  [`@.missing == 'a'`, false],
  [`@.missing != 'a'`, true],
  ['@.missing < 5', false],
  ['@.title < 5', false],
  [`@.author.name =~ /Tol.*/`, true],
  [`@.author.name =~ /tol/i`, false],
  [`@.author.name =~ /tolstoy/i`, true],
  [`@.title nin ['y']`, true],
  ['@.author.born == $.author.born', true],
  ['@.books[?(@.pages == 1225)]', true],
  [`@.title == 'a)]' || @.title == 'x'`, true],
])('[?(%s)]', (condition, holds) => {
  expect(jsonPath(`$[?(${condition})]`).read(DOCUMENT)?.length).toBe(holds ? 1 : 0)
  expect(jsonPath(`$.[?(${condition})]`).read(DOCUMENT)?.length).toBe(holds ? 1 : 0)
})

test('looks into structs, with defaults, and compares every kind of number', () => {
  const inner = struct([['n', primitive('int32', { default: 7 })]])
  const schema = struct([
    ['name', STRING],
    ['gone', OPTIONAL_STRING],
    ['inner', inner],
    ['exact', primitive('bytes')],
  ])
  const value = new Struct(schema, ['x', null, new Struct(inner, [null]), new Decimal(1250n, 2)])
  expect(jsonPath('$.inner.n').read(value)).toEqual([7])
  expect(jsonPath(`$[?(@.exact == 12.5 && !@.gone)].name`).read(value)).toEqual(['x'])
  expect(jsonPath('$[?(@.n > 9007199254740993)]').read({ n: 9007199254740994n })).toHaveLength(1)
  expect(jsonPath('$[?(@.n <= 3)]').read({ n: new Boxed('int8', 3) })).toHaveLength(1)
})

describe('what is not understood is refused', () => {
  test.each([
    '$..name',
    '$.a.length()',
    '$[',
    '$.a[',
    '$[?(@.a == )]',
    '$[?(@.a = 1)]',
    '$.',
    '$.a b',
    '$[?(@.a =~ /(/)]',
  ])('%s', (path) => {
    expect(() => jsonPath(path)).toThrow(ConfigError)
  })
})

test('any text is either understood or refused with a ConfigError', () => {
  const text = fc
    .array(fc.constantFrom(...'$.@[]()?*\'"ab1-<>=!&|~/, \\', '==', '&&', 'in', '[?(@.a'))
    .map((t) => t.join(''))
  fc.assert(
    fc.property(text, (path) => {
      try {
        jsonPath(path).read({ a: 1, b: [1, { a: 2 }] })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
      }
    }),
  )
})

test('finds whatever names and indexes lead to', () => {
  const quoted = (name: string) => `['${name.replaceAll(/[\\']/g, '\\$&')}']`
  fc.assert(
    fc.property(fc.array(fc.string().map((name) => name.replaceAll(/\s/g, '_'))), fc.jsonValue(), (names, leaf) => {
      const document = names.reduceRight<Value>((inner, name) => new Map([[name, [inner]]]), leaf as Value)
      const path = jsonPath(`$${names.map((name) => `${quoted(name)}[0]`).join('')}`)
      expect(path.definite).toBe(true)
      expect(path.read(document)).toEqual([leaf])
    }),
  )
})
