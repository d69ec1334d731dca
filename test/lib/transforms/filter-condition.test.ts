import { expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../lib/connect/errors.ts'
import { apply, recordOf } from './apply.ts'

const NAME = 'io.confluent.connect.transforms.Filter$Value'
const CONDITION = `$.book[?(@.author == 'Tolstoy' || @.author == "Dostoevsky")]`
const TOLSTOY = recordOf({ book: { author: 'Tolstoy' } })
const OTHER = recordOf({ book: { author: 'Pushkin' } })
const LACKING = [recordOf({}), recordOf({ book: null }), recordOf(null)]

test('includes what matches, or excludes it', async () => {
  const raw = { 'filter.condition': CONDITION, 'filter.type': 'include' }
  expect(await apply(NAME, raw, TOLSTOY)).toBe(TOLSTOY)
  expect(await apply(NAME, raw, OTHER)).toBeNull()
  expect(await apply(NAME, { ...raw, 'filter.type': 'exclude' }, TOLSTOY)).toBeNull()
  expect(await apply(NAME, { ...raw, 'filter.type': 'exclude' }, OTHER)).toBe(OTHER)
  // A field that the condition compares isn't on the way to it.
  expect(await apply(NAME, raw, recordOf({ book: {} }))).toBeNull()
})

test.each(LACKING)('what lacks the way to the condition goes by missing.or.null.behavior', async (record) => {
  const raw = { 'filter.condition': CONDITION, 'filter.type': 'include' }
  await expect(apply(NAME, raw, record)).rejects.toThrow(DataError)
  expect(await apply(NAME, { ...raw, 'missing.or.null.behavior': 'include' }, record)).toBe(record)
  expect(await apply(NAME, { ...raw, 'missing.or.null.behavior': 'exclude' }, record)).toBeNull()
})

test('a path without a condition asks whether there is something', async () => {
  const raw = { 'filter.condition': '$.after.name', 'filter.type': 'include', 'missing.or.null.behavior': 'exclude' }
  const there = recordOf({ after: { name: '' } })
  expect(await apply(NAME, raw, there)).toBe(there)
  expect(await apply(NAME, raw, recordOf({ after: { name: null } }))).toBeNull()
  expect(await apply(NAME, raw, recordOf({ after: null }))).toBeNull()
})

test('a condition that is no JSON Path is refused, with its place', async () => {
  const raw = { 'filter.condition': '$[?(@.a = 1)]', 'filter.type': 'include' }
  await expect(apply(NAME, raw, TOLSTOY)).rejects.toThrow(ConfigError)
  await expect(apply(NAME, raw, TOLSTOY)).rejects.toThrow(/filter\.condition: at character 9/)
})
