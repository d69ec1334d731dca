import { describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../lib/connect/errors.ts'
import { configure, type Transform } from '../../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import { OPTIONAL_STRING, primitive, STRING, struct } from '../../../lib/connect/schema.ts'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { Struct, type Value } from '../../../lib/connect/value.ts'
import { recordToJson } from '../../../lib/converters/record-text.ts'
import { validateValue } from '../../../lib/java/validate-value.ts'
import { find } from '../../../lib/registry.ts'
import { records } from '../../contract/records.ts'
import { NO_LOG } from '../../contract/transform.ts'
import { applyKept, recordOf } from './apply.ts'

const LEAF = struct(
  [
    ['n', primitive('int64')],
    ['x.y', STRING],
  ],
  { optional: true, name: 'Leaf' },
)
const MIDDLE = struct([['leaf', LEAF]])
const ROOT = struct([
  ['a', MIDDLE],
  ['id', STRING],
])
const STRUCT = recordOf(new Struct(ROOT, [new Struct(MIDDLE, [new Struct(LEAF, [5, 'dotted'])]), '1']))
const HOLLOW = recordOf(new Struct(ROOT, [new Struct(MIDDLE, [null]), '1']))
const MAP = recordOf({ a: { leaf: { n: 5, 'x.y': 'dotted' } }, id: '1' })

const nested = (name: string, raw: RawConfig, record: ConnectRecord) =>
  applyKept(`org.apache.kafka.connect.transforms.${name}`, { ...raw, 'field.syntax.version': 'V2' }, record)

/** Structs as plain objects. */
function plain(value: Value): unknown {
  if (!(value instanceof Struct)) return value
  return Object.fromEntries(value.schema.fields.map((field) => [field.name, plain(value.get(field.name))]))
}

describe.each<[string, RawConfig, unknown]>([
  ['Cast$Value', { spec: 'a.leaf.n:string,id:int64' }, { a: { leaf: { n: '5', 'x.y': 'dotted' } }, id: 1 }],
  ['MaskField$Value', { fields: 'a.leaf.`x.y`,id' }, { a: { leaf: { n: 5, 'x.y': '' } }, id: '' }],
  ['ReplaceField$Value', { exclude: 'a.leaf.n' }, { a: { leaf: { 'x.y': 'dotted' } }, id: '1' }],
  ['ReplaceField$Value', { include: 'a.leaf.`x.y`' }, { a: { leaf: { 'x.y': 'dotted' } } }],
  ['ReplaceField$Value', { renames: 'a.leaf.n:m,a:b' }, { b: { leaf: { m: 5, 'x.y': 'dotted' } }, id: '1' }],
  ['InsertField$Value', { 'topic.field': 'a.leaf.t' }, { a: { leaf: { n: 5, 'x.y': 'dotted', t: 't' } }, id: '1' }],
  [
    'TimestampConverter$Value',
    { field: 'a.leaf.n', 'target.type': 'string', format: 'yyyy.SSS' },
    { a: { leaf: { n: '1970.005', 'x.y': 'dotted' } }, id: '1' },
  ],
  ['HoistField$Value', { field: 'in', hoisted: 'a.leaf' }, { a: { leaf: { in: { n: 5, 'x.y': 'dotted' } } }, id: '1' }],
  [
    'HeaderFrom$Value',
    { fields: 'a.leaf.n', headers: 'h', operation: 'move' },
    { a: { leaf: { 'x.y': 'dotted' } }, id: '1' },
  ],
])('%s %j', (name, raw, expected) => {
  test('reaches into structs and maps', async () => {
    const out = await nested(name, raw, STRUCT)
    expect(plain(out.value)).toEqual(expected)
    if (out.valueSchema !== null) validateValue(out.valueSchema, out.value)
    expect((await nested(name, raw, MAP)).value).toEqual(expected)
  })

  test('gives a struct that is null there the same schema', async () => {
    const out = await nested(name, raw, HOLLOW)
    expect(out.valueSchema?.equals((await nested(name, raw, STRUCT)).valueSchema)).toBe(true)
    if (out.valueSchema !== null) validateValue(out.valueSchema, out.value)
  })

  test('makes nothing up where the way there is missing', async () => {
    expect((await nested(name, raw, recordOf({ b: 1, id: '1' }))).value).not.toHaveProperty('a')
    await expect(nested(name, raw, recordOf({ a: 'no map', id: '1' }))).rejects.toThrow(DataError)
  })
})

test('headers come from fields at any depth, null where there is nothing', async () => {
  const raw = { fields: 'id,a.leaf.n', headers: 'i,n', operation: 'copy' }
  const headers = async (record: ConnectRecord) =>
    (await nested('HeaderFrom$Value', raw, record)).headers.map(({ key, value }) => [key, value])
  for (const record of [STRUCT, MAP])
    expect(await headers(record)).toEqual([
      ['i', '1'],
      ['n', 5],
    ])
  for (const record of [HOLLOW, recordOf({ id: '1' })])
    expect(await headers(record)).toEqual([
      ['i', '1'],
      ['n', null],
    ])
  const other = recordOf(new Struct(struct([['id', STRING]]), ['1']))
  await expect(headers(other)).rejects.toThrow(DataError)
})

test('a key is made of fields at any depth, under their own names', async () => {
  const raw = { fields: 'id,a.leaf.n' }
  for (const record of [STRUCT, MAP])
    expect(plain((await nested('ValueToKey', raw, record)).key)).toEqual({ id: '1', n: 5 })
  const hollow = await nested('ValueToKey', raw, HOLLOW)
  expect(plain(hollow.key)).toEqual({ id: '1', n: null })
  expect(hollow.keySchema?.equals((await nested('ValueToKey', raw, STRUCT)).keySchema)).toBe(true)
  await expect(nested('ValueToKey', { fields: 'id,a.id' }, MAP)).rejects.toThrow(ConfigError)
})

test('an optional struct stays optional', async () => {
  const out = await nested('ReplaceField$Value', { exclude: 'a.leaf.n' }, STRUCT)
  const schema = out.valueSchema?.field('a')?.schema.field('leaf')?.schema
  expect([schema?.optional, schema?.name]).toEqual([true, 'Leaf'])
  expect(((out.value as Struct).get('a') as Struct).get('leaf')).toHaveProperty('schema', schema)
})

test('a path that cannot be read, or a version that there is not, is refused', async () => {
  await expect(nested('MaskField$Value', { fields: 'a.`b' }, MAP)).rejects.toThrow(ConfigError)
  const raw = { fields: 'a', 'field.syntax.version': 'V3' }
  await expect(applyKept('org.apache.kafka.connect.transforms.MaskField$Value', raw, MAP)).rejects.toThrow(ConfigError)
})

test.each<[string, RawConfig]>([
  ['Cast$Value', { spec: 'id:string,small:int64,flag:int8' }],
  ['MaskField$Value', { fields: 'id,name' }],
  ['ReplaceField$Value', { exclude: 'name', renames: 'id:key' }],
  ['ReplaceField$Key', { include: 'id,address' }],
  ['InsertField$Value', { 'topic.field': 'topic', 'static.field': 's!', 'static.value': 'v' }],
  ['TimestampConverter$Value', { field: 'at', 'target.type': 'unix' }],
  ['HoistField$Key', { field: 'f' }],
  ['HeaderFrom$Value', { fields: 'id,name', headers: 'a,b', operation: 'move' }],
  ['ValueToKey', { fields: 'id,name' }],
])('%s %j: V2 is V1 where no name has dots or backticks', async (name, raw) => {
  const plugin = await find('transformation', `org.apache.kafka.connect.transforms.${name}`)
  const outcomes = (version: string) => {
    const transform = configure(plugin, { ...raw, 'field.syntax.version': version }, NO_LOG) as Transform
    return records().map((record) => {
      try {
        const out = transform.apply(record)
        return out === null ? 'dropped' : recordToJson(out)
      } catch (error) {
        return error instanceof DataError || (error as Error).name === 'ConnectError' ? 'refused' : String(error)
      }
    })
  }
  expect(outcomes('V2')).toEqual(outcomes('V1'))
})

test('a null that is optional stays null', async () => {
  const optional = struct([['s', OPTIONAL_STRING]])
  const record = recordOf(new Struct(struct([['o', optional]]), [new Struct(optional, [null])]))
  expect(plain((await nested('Cast$Value', { spec: 'o.s:int8' }, record)).value)).toEqual({ o: { s: null } })
})
