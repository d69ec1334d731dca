import { expect, test } from 'vitest'
import { ConfigError, ConnectError, DataError } from '../../../lib/connect/errors.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import { array, OPTIONAL_STRING, primitive, STRING, struct } from '../../../lib/connect/schema.ts'
import { Struct, type Value } from '../../../lib/connect/value.ts'
import { applyAll, recordOf } from './apply.ts'

const NAME = 'penstock.transforms.Explode$Value'
const V2 = { 'field.syntax.version': 'V2' }

const values = async (raw: Record<string, string>, value: Value) =>
  (await applyAll(NAME, raw, recordOf(value))).map((record) => record.value)

test('makes a record of each element, with the other fields', async () => {
  const order = { id: 7, items: ['pen', 'ink'] }
  expect(await values({ field: 'items' }, order)).toEqual([
    { id: 7, items: 'pen' },
    { id: 7, items: 'ink' },
  ])
  expect(order).toEqual({ id: 7, items: ['pen', 'ink'] })
  expect(await values({ field: 'items', 'index.field': 'line' }, order)).toEqual([
    { id: 7, items: 'pen', line: 0 },
    { id: 7, items: 'ink', line: 1 },
  ])
})

test('or of the elements alone, of a field or of the whole', async () => {
  const alone = { 'keep.other.fields': 'false' }
  expect(await values({ field: 'items', ...alone }, { id: 7, items: [{ sku: 'a' }, null, { sku: 'b' }] })).toEqual([
    { sku: 'a' },
    { sku: 'b' },
  ])
  expect(await values({}, [1, null, 2])).toEqual([1, 2])
  expect(await values({ field: 'order.items', ...alone, ...V2 }, { order: { items: [1, 2] } })).toEqual([1, 2])
})

test('a path leads to an array at any depth, and the index stands beside it', async () => {
  const raw = { field: 'order.items', 'index.field': 'line', ...V2 }
  expect(await values(raw, { order: { items: [{ sku: 'a' }] }, at: 1 })).toEqual([
    { order: { items: { sku: 'a' }, line: 0 }, at: 1 },
  ])
  expect(await values({ field: 'order.items' }, { 'order.items': [1] })).toEqual([{ 'order.items': 1 }])
})

test('an array that is empty, null or missing drops the record, or keeps it with null', async () => {
  const keep = { field: 'items', 'index.field': 'line', 'behavior.on.empty': 'keep' }
  for (const value of [{ id: 7, items: [] }, { id: 7, items: null }, { id: 7 }]) {
    expect(await values({ field: 'items' }, value)).toEqual([])
    expect(await values(keep, value)).toEqual([{ id: 7, items: null, line: null }])
  }
  expect(await values({ ...keep, field: 'order.items', ...V2 }, { id: 7 })).toEqual([{ id: 7 }])
  for (const field of ['items', '']) expect(await values({ field }, null)).toEqual([null])
})

const ITEM = struct([['sku', STRING]])
const ORDER = struct(
  [
    ['id', STRING],
    ['items', array(ITEM)],
  ],
  { name: 'com.acme.Order', version: 3 },
)
const order = (...skus: string[]) => recordOf(new Struct(ORDER, ['7', skus.map((sku) => new Struct(ITEM, [sku]))]))

test("with a schema the element's takes the array's place, the same for every record", async () => {
  const [first, second] = await applyAll(NAME, { field: 'items', 'index.field': 'line' }, order('a', 'b'))
  const expected = struct(
    [
      ['id', STRING],
      ['items', ITEM],
      ['line', primitive('int32')],
    ],
    { name: 'com.acme.Order', version: 3 },
  )
  expect(first?.valueSchema?.equals(expected)).toBe(true)
  expect(second?.valueSchema).toBe(first?.valueSchema)
  expect(valuesOf(second)).toEqual(['7', new Struct(ITEM, ['b']), 1])
  const keep = { field: 'items', 'index.field': 'line', 'behavior.on.empty': 'keep' }
  const [kept] = await applyAll(NAME, keep, order())
  const [full] = await applyAll(NAME, keep, order('a'))
  expect(kept?.valueSchema?.equals(full?.valueSchema ?? null)).toBe(true)
  expect(valuesOf(kept)).toEqual(['7', null, null])
})

function valuesOf(record: ConnectRecord | undefined): readonly Value[] {
  return record?.value instanceof Struct ? record.value.values : []
}

test('an optional array makes an optional element, and the key can be exploded too', async () => {
  const schema = struct([['tags', array(STRING, { optional: true })]])
  const [one] = await applyAll(NAME, { field: 'tags' }, recordOf(new Struct(schema, [['x']])))
  expect(one?.valueSchema?.field('tags')?.schema).toEqual(OPTIONAL_STRING)
  const keyed = recordOf('v', { key: [1, 2] })
  const keys = await applyAll('penstock.transforms.Explode$Key', {}, keyed)
  expect(keys.map(({ key, value }) => [key, value])).toEqual([
    [1, 'v'],
    [2, 'v'],
  ])
})

test('what is no array, and settings that do not go together, are refused by name', async () => {
  await expect(values({ field: 'items' }, { items: 'pen' })).rejects.toThrow(/field items: java\.lang\.String/)
  await expect(values({ field: 'items' }, { items: 'pen' })).rejects.toThrow(DataError)
  await expect(applyAll(NAME, { field: 'id' }, order('a'))).rejects.toThrow(/field id: a schema of type string/)
  await expect(applyAll(NAME, { field: 'itmes' }, order('a'))).rejects.toThrow(ConnectError)
  for (const raw of [
    { 'behavior.on.empty': 'keep' },
    { field: 'items', 'keep.other.fields': 'false', 'behavior.on.empty': 'keep' },
    { field: 'items', 'keep.other.fields': 'false', 'index.field': 'line' },
    { field: 'items', 'behavior.on.empty': 'throw' },
  ])
    await expect(values(raw, [])).rejects.toThrow(ConfigError)
})
