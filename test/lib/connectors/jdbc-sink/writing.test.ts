import { describe, expect, test } from 'vitest'
import { date, decimal, time, timestamp } from '../../../../lib/connect/logical.ts'
import { array, map, OPTIONAL_STRING, primitive, STRING, struct } from '../../../../lib/connect/schema.ts'
import { Decimal, Struct } from '../../../../lib/connect/value.ts'
import { TOPIC } from '../../../../lib/connectors/jdbc-sink/settings.ts'
import { of, record, row, sinkOn, withDatabase } from './sink.ts'

const INT64 = primitive('int64')
const USER = struct([
  ['id', INT64],
  ['name', OPTIONAL_STRING],
])
const user = (id: number, name: string | null) => row(USER, { id, name })
const CREATE = { 'auto.create': 'true' }
const BY_VALUE = { ...CREATE, 'pk.mode': 'record_value', 'pk.fields': 'id' }
const BY_KEY = {
  ...CREATE,
  'pk.mode': 'record_key',
  'pk.fields': 'id',
  'delete.enabled': 'true',
  'insert.mode': 'upsert',
}

describe('tables from schemas', () => {
  test('types, nulls, defaults and the primary key, as Confluent declares them', async () => {
    const schema = struct([
      ['c1', primitive('int32')],
      ['c2', INT64],
      ['c3', STRING],
      ['c4', OPTIONAL_STRING],
      ['c5', date({ default: new Date('2001-03-15') })],
      ['c6', time({ default: new Date(0) })],
      ['c7', timestamp({ default: new Date('2001-03-15') })],
      ['c8', decimal(2, { optional: true })],
      ['c9', primitive('boolean', { default: true })],
      ['c10', primitive('bytes', { optional: true })],
      ['c11', primitive('float32', { optional: true })],
      ['c12', primitive('string', { default: "it's" })],
    ])
    const sink = await sinkOn({ ...CREATE, 'pk.mode': 'record_value', 'pk.fields': 'c1' })
    const values = {
      c1: 1,
      c2: 9007199254740993n,
      c3: 'x',
      c8: new Decimal(-105n, 2),
      c10: new Uint8Array([1, 2]),
      c11: 0.5,
    }
    expect(await sink.put(record(row(schema, values)))).toEqual([])
    expect(sink.ddl()).toBe(
      [
        'CREATE TABLE `t` (\n`c1` INTEGER NOT NULL',
        '`c2` INTEGER NOT NULL',
        '`c3` TEXT NOT NULL',
        '`c4` TEXT NULL',
        "`c5` NUMERIC DEFAULT '2001-03-15'",
        "`c6` NUMERIC DEFAULT '00:00:00.000'",
        "`c7` NUMERIC DEFAULT '2001-03-15 00:00:00.000'",
        '`c8` NUMERIC NULL',
        '`c9` INTEGER DEFAULT 1',
        '`c10` BLOB NULL',
        '`c11` REAL NULL',
        "`c12` TEXT DEFAULT 'it''s'",
        'PRIMARY KEY(`c1`))',
      ].join(',\n'),
    )
    const at = Date.parse('2001-03-15')
    const [found] = sink.rows(
      'SELECT c1, CAST(c2 AS TEXT) c2, typeof(c2) type, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12 FROM t',
    )
    expect(found).toMatchObject({ c1: 1, c2: '9007199254740993', type: 'integer', c3: 'x', c4: null, c8: -1.05 })
    expect(found).toMatchObject({ c5: at, c6: 0, c7: at, c9: 1, c10: new Uint8Array([1, 2]), c11: 0.5, c12: "it's" })
  })

  test.each([
    ['true', 'none'],
    ['false', null],
  ])('replace.null.with.default=%s', async (replace, name) => {
    const schema = struct([['name', primitive('string', { optional: true, default: 'none' })]])
    const sink = await sinkOn({ ...CREATE, 'replace.null.with.default': replace })
    await sink.put(record(row(schema, {})))
    expect(sink.rows()).toEqual([{ name }])
  })

  test('dates are epoch ms, or text in db.timezone with date_class=TEXT', async () => {
    const schema = struct([
      ['d', date()],
      ['t', time()],
      ['at', timestamp()],
    ])
    const at = new Date('2024-07-01T22:30:00.5Z')
    const value = row(schema, { d: new Date('2024-07-01'), t: new Date(3_600_000), at })
    const numbers = await sinkOn(CREATE)
    await numbers.put(record(value))
    expect(numbers.rows()).toEqual([{ d: Date.parse('2024-07-01'), t: 3_600_000, at: at.getTime() }])
    const texts = await sinkOn({
      ...CREATE,
      'connection.url': `jdbc:sqlite:${numbers.file}2?date_class=TEXT`,
      'db.timezone': 'Asia/Kolkata',
      'date.timezone': 'UTC',
    })
    await texts.put(record(value))
    expect({ ...withDatabase(`${numbers.file}2`, (db) => db.prepare('SELECT * FROM t').get()) }).toEqual({
      d: '2024-07-01',
      t: '06:30:00.000',
      at: '2024-07-02 04:00:00.500',
    })
  })

  test('timestamp.fields.list: micro- and nanoseconds, of numbers and strings', async () => {
    const schema = struct([
      ['a', INT64],
      ['b', STRING],
    ])
    const config = { ...CREATE, 'timestamp.fields.list': 'a,b' }
    const micros = await sinkOn(config)
    await micros.put(record(row(schema, { a: 1_720_000_000_123_456, b: '-1' })))
    expect(micros.rows()).toEqual([{ a: 1_720_000_000_123, b: -1 }])
    const nanos = await sinkOn({ ...config, 'timestamp.precision.mode': 'nanoseconds' })
    await nanos.put(record(row(schema, { a: 1_720_000_000_123_456_789n, b: '2000000' })))
    expect(nanos.rows()).toEqual([{ a: 1_720_000_000_123, b: 2 }])
    expect(nanos.ddl()).toBe('CREATE TABLE `t` (\n`a` NUMERIC NOT NULL,\n`b` NUMERIC NOT NULL)')
  })

  test('nested values are JSON text', async () => {
    const inner = struct([
      ['n', INT64],
      ['y', primitive('bytes')],
    ])
    const schema = struct([
      ['s', inner],
      ['a', array(INT64)],
      ['m', map(STRING, decimal(1))],
    ])
    const sink = await sinkOn(CREATE)
    const s = new Struct(inner, [9007199254740993n, new Uint8Array([255])])
    await sink.put(record(row(schema, { s, a: [1, 2], m: new Map([['k', new Decimal(15n, 1)]]) })))
    expect(sink.rows()).toEqual([{ s: '{"n":9007199254740993,"y":"/w=="}', a: '[1,2]', m: '{"k":"1.5"}' }])
  })

  test('whole numbers in text and untyped columns are not turned into fractions', async () => {
    const sink = await sinkOn({}, 'CREATE TABLE t (id TEXT, n)')
    const schema = struct([
      ['id', INT64],
      ['n', INT64],
    ])
    await sink.put(record(row(schema, { id: 5, n: 6 })), record({ id: 6, n: 7 }), record({ id: 0.5, n: 0.5 }))
    expect(sink.rows('SELECT id, n, typeof(n) type FROM t')).toEqual([
      { id: '5', n: 6, type: 'integer' },
      { id: '6', n: 7, type: 'integer' },
      { id: '0.5', n: 0.5, type: 'real' },
    ])
  })

  test('strings go to one column, and whitelisted fields alone are written', async () => {
    const strings = await sinkOn({ ...CREATE, 'string.output.value.column.name': 'line' })
    await strings.put(record(of(STRING, 'a')), record('b'))
    expect(strings.rows()).toEqual([{ line: 'a' }, { line: 'b' }])
    const some = await sinkOn({ ...BY_VALUE, 'fields.whitelist': 'name' })
    await some.put(record({ id: 1, name: 'a', more: true }))
    expect(some.rows()).toEqual([{ id: 1, name: 'a' }])
  })

  test('table.name.format, dots in topics, identifiers without quotes', async () => {
    const sink = await sinkOn({ ...CREATE, 'table.name.format': `kafka_${TOPIC}` })
    await sink.put(
      record({ a: 1 }, { topic: 'db.users' }),
      record({ a: 2 }, { topic: 'other' }),
      record({ a: 3 }, { topic: 'db.users' }),
    )
    expect(sink.rows('SELECT a FROM `kafka_db.users`')).toEqual([{ a: 1 }, { a: 3 }])
    expect(sink.rows('SELECT a FROM kafka_other')).toEqual([{ a: 2 }])
    const plain = await sinkOn({ ...CREATE, 'quote.sql.identifiers': 'never' })
    await plain.put(record(user(1, 'a')))
    expect(plain.ddl()).toBe('CREATE TABLE t (\nid INTEGER NOT NULL,\nname TEXT NULL)')
  })
})

describe('primary keys', () => {
  test('kafka: topic, partition and offset, first in the table', async () => {
    const sink = await sinkOn({ ...CREATE, 'pk.mode': 'kafka', 'insert.mode': 'upsert' })
    const one = record(user(1, 'a'), { offset: 7 })
    await sink.put(one)
    await sink.put(one, record(user(2, 'b'), { offset: 8 }))
    expect(sink.rows()).toEqual([
      { __connect_topic: 't', __connect_partition: 0, __connect_offset: 7, id: 1, name: 'a' },
      { __connect_topic: 't', __connect_partition: 0, __connect_offset: 8, id: 2, name: 'b' },
    ])
    const named = await sinkOn({ ...CREATE, 'pk.mode': 'kafka', 'pk.fields': 'x,y,z' })
    await named.put(record({ a: 1 }, { offset: 7 }))
    expect(named.rows()).toEqual([{ a: 1, x: 't', y: 0, z: 7 }])
  })

  test.each([
    ['a primitive key', of(STRING, 'k1'), { 'pk.fields': 'k' }, { k: 'k1' }],
    ['a schemaless primitive key', 17, { 'pk.fields': 'k' }, { k: 17 }],
    ['all fields of a struct', row(USER, { id: 4, name: 'n' }), {}, { id: 4, name: 'n' }],
    ['one field of a struct', row(USER, { id: 4, name: 'n' }), { 'pk.fields': 'id' }, { id: 4 }],
    ['an object', { b: 1, a: 'x' }, {}, { a: 'x', b: 1 }],
    ['a map', new Map([['a', 1]]), {}, { a: 1 }],
  ])('record_key: %s', async (_, key, more, expected) => {
    const sink = await sinkOn({ ...CREATE, 'pk.mode': 'record_key', ...more })
    expect(await sink.put(record({ v: 1 }, { key }))).toEqual([])
    expect(sink.rows()).toEqual([{ v: 1, ...expected }])
  })

  test.each([
    ['null', null, {}, /the key is null/],
    ['a primitive without pk.fields', 'k', {}, /set pk.fields to the one column/],
    ['a field that is not there', { a: 1 }, { 'pk.fields': 'b' }, /the key has no field "b"/],
    ['an array', [1], { 'pk.fields': 'b' }, /the key is an array/],
    ['a null field', { a: null, b: 1 }, { 'pk.fields': 'b' }, null],
  ])('record_key: %s', async (_, key, more, message) => {
    const sink = await sinkOn({ ...CREATE, 'pk.mode': 'record_key', ...more })
    const failures = await sink.put(record({ v: 1 }, { key }))
    if (message === null) expect(failures).toEqual([])
    else expect(failures[0]).toMatch(message)
  })
})

describe('modes', () => {
  test('upsert replaces the whole row, also without a schema', async () => {
    const sink = await sinkOn({ ...BY_VALUE, 'insert.mode': 'upsert' })
    await sink.put(record({ id: 1, name: 'a', age: 3 }), record({ id: 2, name: 'b', age: 4 }))
    await sink.put(record({ id: 1, name: 'c' }))
    expect(sink.rows()).toEqual(
      [
        { id: 2, name: 'b', age: 4 },
        { id: 1, name: 'c', age: null },
      ].sort((a, b) => a.id - b.id),
    )
  })

  test('update changes what is there, and adds nothing', async () => {
    const sink = await sinkOn(
      { ...BY_VALUE, 'insert.mode': 'update' },
      "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, kept TEXT); INSERT INTO t VALUES (1, 'a', 'k')",
    )
    expect(await sink.put(record({ id: 1, name: 'b' }), record(user(2, 'c')))).toEqual([])
    expect(sink.rows()).toEqual([{ id: 1, name: 'b', kept: 'k' }])
  })

  test('a null value deletes the row of its key, in the order of the records', async () => {
    const sink = await sinkOn(BY_KEY)
    const put = (id: number, name: string) => record({ name }, { key: id })
    const drop = (id: number) => record(null, { key: id })
    expect(await sink.put(drop(9))).toEqual([])
    expect(
      await sink.put(drop(1), put(1, 'a'), put(2, 'b'), drop(2), put(3, 'c'), drop(3), put(3, 'd'), drop(7)),
    ).toEqual([])
    expect(sink.rows('SELECT id, name FROM t ORDER BY id')).toEqual([
      { id: 1, name: 'a' },
      { id: 3, name: 'd' },
    ])
    expect(await sink.put(drop(1), drop(3))).toEqual([])
    expect(sink.rows()).toEqual([])
  })

  test('deletes and upserts of structs by the fields of the key', async () => {
    const KEY = struct([['id', INT64]])
    const sink = await sinkOn({ ...BY_KEY, 'pk.fields': '' })
    const key = (id: number) => row(KEY, { id })
    await sink.put(
      record(user(1, 'a'), { key: key(1) }),
      record(user(2, 'b'), { key: key(2) }),
      record(of(USER, null), { key: key(1) }),
    )
    expect(sink.rows()).toEqual([{ id: 2, name: 'b' }])
  })
})
