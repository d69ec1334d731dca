import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { ConfigError, ConnectError, DataError, RetriableError } from '../../../../lib/connect/errors.ts'
import { primitive, STRING, struct } from '../../../../lib/connect/schema.ts'
import { parse, type RawConfig } from '../../../../lib/connect/settings.ts'
import jdbcSink from '../../../../lib/connectors/jdbc-sink/index.ts'
import { folder, of, record, row, sinkOn, start, withDatabase, within } from './sink.ts'

const CREATE = { 'auto.create': 'true' }
const BY_VALUE = { 'pk.mode': 'record_value', 'pk.fields': 'id' }

describe('records that are refused', () => {
  test('each is answered with its place and what to do; the rest of the batch is written', async () => {
    const ddl = 'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER CHECK (age >= 0))'
    const sink = await sinkOn(BY_VALUE, ddl)
    const bad = [
      record({ id: 1, name: 'b', age: 1 }, { offset: 100 }),
      record({ id: 2, name: null, age: 1 }),
      record({ id: 3, name: 'c', age: -1 }),
    ]
    const none = [record({ id: null, name: 'd', age: 1 }), record({ name: 'e', age: 1 })]
    const batch = [record({ id: 1, name: 'a', age: 1 }), ...bad, ...none, record({ id: 9, name: 'z', age: 9 })]
    const failures = await sink.task.put(batch, within)
    expect(new Set(failures.map((failure) => failure.record))).toEqual(new Set([...bad, ...none]))
    for (const { error } of failures) expect(error).toBeInstanceOf(DataError)
    const texts = failures.map(({ error }) => error.message)
    expect(texts).toContain(
      "The record of topic t, partition 0, offset 100 can't be written to table `t`: UNIQUE constraint failed: t.id: a row with these values is there already: insert.mode=upsert replaces it",
    )
    for (const part of [
      'NOT NULL constraint failed: t.name: the column takes no null',
      'CHECK constraint failed: age >= 0',
      'column `id` is of the primary key, and its value is null',
      'the value has no field "id"',
    ])
      expect(texts.some((text) => text.includes(part))).toBe(true)
    expect(sink.rows('SELECT id FROM t')).toEqual([{ id: 1 }, { id: 9 }])
  })

  test('wrong types: of the schema, and of a strict table', async () => {
    const schema = struct([['n', primitive('int64')]])
    const sink = await sinkOn({}, 'CREATE TABLE t (n INTEGER) STRICT')
    const failures = await sink.put(
      record(row(schema, { n: { a: 1 } })),
      record(row(schema, { n: true })),
      record({ n: 'x' }),
      record(row(schema, { n: 1 })),
    )
    expect(failures).toEqual([
      expect.stringContaining('the value for column `n` is not of its schema, int64'),
      expect.stringContaining('the value for column `n` is not of its schema, int64'),
      expect.stringContaining("cannot store TEXT value in INTEGER column t.n: the column's type takes no such value"),
    ])
    expect(sink.rows()).toEqual([{ n: 1 }])
  })

  test('a missing column of a schema: added if it may be, with auto.evolve', async () => {
    const old = struct([['a', STRING]])
    const optional = struct([
      ['a', STRING],
      ['b', primitive('int64', { optional: true })],
      ['c', primitive('int64', { default: 7 })],
    ])
    const required = struct([
      ['a', STRING],
      ['d', STRING],
    ])
    const evolving = await sinkOn({ ...CREATE, 'auto.evolve': 'true' })
    await evolving.put(record(row(old, { a: 'x' })))
    const failures = await evolving.put(
      record(row(optional, { a: 'y' })),
      record(row(required, { a: 'z', d: 'd' })),
      record(row(old, { a: 'w' })),
    )
    expect(failures).toEqual([
      expect.stringContaining('column `d` is missing in table `t`: its field is required and has no default'),
    ])
    expect(evolving.rows()).toEqual([
      { a: 'x', b: null, c: 7 },
      { a: 'y', b: null, c: 7 },
      { a: 'w', b: null, c: 7 },
    ])
    const fixed = await sinkOn(CREATE)
    await fixed.put(record(row(old, { a: 'x' })))
    expect(await fixed.put(record(row(optional, { a: 'y' })))).toEqual([
      expect.stringContaining('column `b` is missing in table `t`: set auto.evolve=true, or add it'),
    ])
  })

  test('record_value needs pk.fields without a schema, strings have no fields', async () => {
    const sink = await sinkOn({ ...CREATE, 'pk.mode': 'record_value' })
    expect(await sink.put(record({ a: 1 }), record(of(STRING, 'x')))).toEqual([
      expect.stringContaining('set pk.fields to the fields that identify a row'),
      expect.stringContaining('pk.mode=record_value needs a value with fields'),
    ])
  })
})

describe('batches that fail', () => {
  test('a missing table without auto.create; nothing of the batch is written', async () => {
    const sink = await sinkOn({}, 'CREATE TABLE t (a)')
    const put = sink.put(record({ a: 1 }), record({ a: 1 }, { topic: 'other' }))
    await expect(put).rejects.toThrow(
      'Table `other` is missing and auto-creation is disabled: create it, or set auto.create=true',
    )
    await expect(put).rejects.toBeInstanceOf(ConnectError)
    expect(sink.rows()).toEqual([])
    expect(await sink.put(record({ a: 2 }))).toEqual([])
    expect(sink.rows()).toEqual([{ a: 2 }])
  })

  test('a table created in a batch that fails is not there, and is created by the next', async () => {
    const sink = await sinkOn({ ...CREATE, ...BY_VALUE, 'insert.mode': 'upsert' }, 'CREATE TABLE plain (id)')
    await expect(sink.put(record({ id: 1 }), record({ id: 1 }, { topic: 'plain' }))).rejects.toThrow(
      'Table `plain` has no primary key or unique index on (id), which insert.mode=upsert needs',
    )
    expect(sink.ddl()).toBeUndefined()
    await sink.put(record({ id: 1 }))
    expect(sink.rows()).toEqual([{ id: 1 }])
  })

  test('a locked database: to be tried again with nothing written, and fatal after max.retries', async () => {
    const config = { 'max.retries': '2', 'retry.backoff.ms': '1' }
    const sink = await sinkOn(config, 'CREATE TABLE t (a)', '?busy_timeout=10')
    const other = new DatabaseSync(sink.file)
    other.exec('BEGIN IMMEDIATE')
    for (let i = 0; i < 2; i++) await expect(sink.put(record({ a: 1 }))).rejects.toBeInstanceOf(RetriableError)
    await expect(sink.put(record({ a: 1 }))).rejects.toThrow(/still refuses to write after 2 retries \(max.retries\)/)
    other.exec('ROLLBACK')
    expect(await sink.put(record({ a: 1 }))).toEqual([])
    other.exec('BEGIN IMMEDIATE')
    await expect(sink.put(record({ a: 2 }))).rejects.toBeInstanceOf(RetriableError)
    other.exec('ROLLBACK')
    other.close()
    expect(sink.rows()).toEqual([{ a: 1 }])
  })

  test('tables that others drop or change are read again', async () => {
    const sink = await sinkOn({ ...CREATE, 'auto.evolve': 'true' })
    await sink.put(record({ a: 1, b: 2 }))
    withDatabase(sink.file, (db) => db.exec('DROP TABLE t'))
    expect(await sink.put(record({ a: 2, b: 3 }))).toEqual([])
    withDatabase(sink.file, (db) => db.exec('ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN c'))
    expect(await sink.put(record({ a: 3, b: 4 }), record({ a: 4, c: 5 }))).toEqual([])
    expect(sink.rows()).toEqual([
      { a: 2, c: null, b: null },
      { a: 3, c: null, b: 4 },
      { a: 4, c: 5, b: null },
    ])
  })
})

describe('the file', () => {
  test('ours has a write-ahead log, so a reader is no obstacle; one that was there keeps its journal', async () => {
    const ours = await sinkOn(CREATE)
    await ours.put(record({ a: 1 }))
    const reader = new DatabaseSync(ours.file)
    reader.exec('BEGIN; SELECT * FROM t')
    expect(await ours.put(record({ a: 2 }))).toEqual([])
    reader.close()
    expect(ours.rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }])
    const theirs = await sinkOn(CREATE, 'CREATE TABLE x (a)')
    await theirs.put(record({ a: 1 }))
    expect(theirs.rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }])
  })

  test('two tasks write to one file', async () => {
    const one = await sinkOn({ ...CREATE, 'auto.evolve': 'true' })
    const two = await start({ 'connection.url': `jdbc:sqlite:${one.file}`, ...CREATE, 'auto.evolve': 'true' })
    expect(await one.put(record({ a: 1 }))).toEqual([])
    expect(await two.put([record({ a: 2, b: 1 })], within)).toEqual([])
    expect(await one.put(record({ a: 3, b: 2, c: 3 }))).toEqual([])
    expect(await two.put([record({ a: 4, c: 1 })], within)).toEqual([])
    await two.stop()
    expect(one.rows('SELECT a, b, c FROM t')).toEqual([
      { a: 1, b: null, c: null },
      { a: 2, b: 1, c: null },
      { a: 3, b: 2, c: 3 },
      { a: 4, b: null, c: 1 },
    ])
  })

  test('what was put is there for others at once, and after a stop', async () => {
    const sink = await sinkOn(CREATE)
    await sink.put(record({ a: 1 }))
    expect(sink.rows()).toEqual([{ a: 1 }])
    expect(await sink.task.flush(within)).toBe('all')
    await sink.task.stop()
    expect(sink.rows()).toEqual([{ a: 1 }])
  })

  test('a folder that is not there is named', async () => {
    const missing = join(folder(), 'none', 'x.db')
    const opening = start({ 'connection.url': `jdbc:sqlite:${missing}` })
    await expect(opening).rejects.toBeInstanceOf(ConfigError)
    await expect(opening).rejects.toThrow(`of the database file ${missing} does not exist: create it`)
  })

  test('a view is written to where table.types allows it', async () => {
    const ddl =
      'CREATE TABLE x (a); CREATE VIEW t AS SELECT a FROM x; CREATE TRIGGER i INSTEAD OF INSERT ON t BEGIN INSERT INTO x VALUES (new.a); END'
    const refused = await sinkOn({}, ddl)
    await expect(refused.put(record({ a: 1 }))).rejects.toThrow('`t` is a VIEW, and table.types allows TABLE')
    const allowed = await sinkOn({ 'table.types': 'TABLE,VIEW' }, ddl)
    expect(await allowed.put(record({ a: 1 }))).toEqual([])
    expect(allowed.rows('SELECT * FROM x')).toEqual([{ a: 1 }])
  })
})

describe('settings', () => {
  const errorsOf = async (raw: RawConfig) =>
    Object.fromEntries((await jdbcSink.validate?.(parse(jdbcSink.settings, raw), raw, within)) ?? [])

  test('checks beyond one setting', async () => {
    const url = `jdbc:sqlite:${join(folder(), 'x.db')}`
    expect(await errorsOf({ 'connection.url': url })).toEqual({})
    const text = 'Deletes are only supported for pk.mode record_key'
    expect(await errorsOf({ 'connection.url': url, 'delete.enabled': 'true' })).toEqual({
      'pk.mode': [text],
      'delete.enabled': [text],
    })
    expect(Object.keys(await errorsOf({ 'connection.url': url, 'insert.mode': 'upsert' }))).toEqual(['insert.mode'])
    expect(Object.keys(await errorsOf({ 'connection.url': url, 'pk.mode': 'kafka', 'pk.fields': 'a,b' }))).toEqual([
      'pk.fields',
    ])
  })

  test.each([
    ['jdbc:postgresql://user:secret@host/db?password=secret', /there is a dialect for jdbc:sqlite/],
    ['jdbc:sqlite::memory:', /name a file/],
    ['jdbc:sqlite:/tmp/x.db?mode=fast', /mode=fast is not known/],
    ['jdbc:sqlite:/nowhere/x.db', /the folder \/nowhere of the database file \/nowhere\/x.db does not exist/],
  ])('connection.url=%s', async (url, message) => {
    const errors = await errorsOf({ 'connection.url': url })
    expect(errors['connection.url']?.[0]).toMatch(message)
    expect(JSON.stringify(errors)).not.toContain('secret')
  })

  test('a folder in place of the file', async () => {
    const dir = join(folder(), 'dir')
    mkdirSync(dir)
    expect((await errorsOf({ 'connection.url': `jdbc:sqlite:${dir}` }))['connection.url']?.[0]).toMatch(
      /is a folder, and no database file/,
    )
  })

  test.each([
    [{}, 'Missing required configuration "connection.url" which has no default value.'],
    [{ 'insert.mode': 'Upsert' }, 'Invalid value Upsert for configuration insert.mode: Invalid enumerator'],
    [{ 'db.timezone': 'Mars' }, 'Invalid value Mars for configuration db.timezone: Invalid time zone identifier'],
    [{ 'batch.size': '-1' }, 'Invalid value -1 for configuration batch.size: Value must be at least 0'],
  ])('%j is refused', (raw, message) => {
    const url =
      'insert.mode' in raw || 'db.timezone' in raw || 'batch.size' in raw
        ? { 'connection.url': 'jdbc:sqlite:/tmp/x.db' }
        : {}
    expect(() => parse(jdbcSink.settings, { ...url, ...raw })).toThrow(message)
  })
})
