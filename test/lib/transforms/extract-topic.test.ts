import { expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../lib/connect/errors.ts'
import { STRING, struct } from '../../../lib/connect/schema.ts'
import { Struct } from '../../../lib/connect/value.ts'
import { apply, recordOf } from './apply.ts'

const NAME = 'io.confluent.connect.transforms.ExtractTopic'
const NESTED = recordOf({ f1: { f3: 'deep' }, f2: 'flat', n: 1, empty: null, 'f1.f3': 'dotted' })

test('takes the topic from a field, the whole, a path or a header', async () => {
  const topic = async (half: string, raw: Record<string, string>, record = NESTED) =>
    (await apply(`${NAME}$${half}`, raw, record))?.topic
  expect(await topic('Value', { field: 'f2' })).toBe('flat')
  expect(await topic('Value', { field: 'f1.f3' })).toBe('dotted')
  expect(await topic('Value', { field: '$["f1"]["f3"]', 'field.format': 'JSON_PATH' })).toBe('deep')
  expect(await topic('Key', {}, recordOf(null, { key: 'whole' }))).toBe('whole')
  expect(await topic('Value', { field: 'f' }, recordOf(new Struct(struct([['f', STRING]]), ['s'])))).toBe('s')
  const headers = ['first', 'last'].map((value) => ({ key: 'to', schema: STRING, value }))
  expect(await topic('Header', { field: 'to' }, NESTED.withHeaders(headers))).toBe('last')
})

test.each([
  ['Value', { field: 'missing' }],
  ['Value', { field: 'empty' }],
  ['Value', { field: '$.f1.gone', 'field.format': 'JSON_PATH' }],
  ['Header', { field: 'to' }],
  ['Key', {}],
])('what is missing in the %s %j is an error, or skipped', async (half, raw) => {
  await expect(apply(`${NAME}$${half}`, raw, NESTED)).rejects.toThrow(/set skip.missing.or.null to true/)
  expect(await apply(`${NAME}$${half}`, { ...raw, 'skip.missing.or.null': 'true' }, NESTED)).toBe(NESTED)
})

test('only a string is a topic, and a path leads to one place', async () => {
  const skip = { 'skip.missing.or.null': 'true' }
  await expect(apply(`${NAME}$Value`, { ...skip, field: 'n' }, NESTED)).rejects.toThrow(DataError)
  await expect(apply(`${NAME}$Header`, skip, NESTED)).rejects.toThrow(ConfigError)
  const many = { ...skip, field: '$.f1.*', 'field.format': 'JSON_PATH' }
  await expect(apply(`${NAME}$Value`, many, NESTED)).rejects.toThrow(ConfigError)
})
