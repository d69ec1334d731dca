import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Value } from '../../../../lib/connect/value.ts'
import { record, sinkOn } from './sink.ts'

const CREATE = { 'auto.create': 'true' }

test('columns are inferred from the whole batch, also without auto.evolve', async () => {
  const sink = await sinkOn(CREATE)
  const at = new Date(5)
  expect(
    await sink.put(
      record({ i: 1, r: 1, flag: true, text: 'a', mix: 1, at }),
      record({ i: null, r: 2.5, nested: { a: [1, 'x'] }, mix: 'b', late: 1 }),
      record({ big: 9223372036854775807n, huge: 2n ** 70n, none: null, bytes: new Uint8Array([7]), flagMix: true }),
      record({ flagMix: 'no' }),
    ),
  ).toEqual([])
  expect(sink.ddl()).toBe(
    'CREATE TABLE `t` (\n`i` INTEGER NULL,\n`r` REAL NULL,\n`flag` INTEGER NULL,\n`text` TEXT NULL,\n`mix` TEXT NULL,\n`at` NUMERIC NULL' +
      ', `nested` TEXT NULL, `late` INTEGER NULL, `big` INTEGER NULL, `huge` TEXT NULL, `bytes` BLOB NULL, `flagMix` TEXT NULL)',
  )
  const rows = sink.rows(
    'SELECT i, r, flag, text, mix, at, nested, late, CAST(big AS TEXT) big, huge, bytes, flagMix FROM t',
  )
  const nulls = {
    i: null,
    r: null,
    flag: null,
    text: null,
    mix: null,
    at: null,
    nested: null,
    late: null,
    big: null,
    huge: null,
    bytes: null,
    flagMix: null,
  }
  expect(rows).toEqual([
    { ...nulls, i: 1, r: 1, flag: 1, text: 'a', mix: '1', at: 5 },
    { ...nulls, r: 2.5, nested: '{"a":[1,"x"]}', mix: 'b', late: 1 },
    { ...nulls, big: '9223372036854775807', huge: String(2n ** 70n), bytes: new Uint8Array([7]), flagMix: 'true' },
    { ...nulls, flagMix: 'no' },
  ])
})

test('later fields: added with auto.evolve, refused without; a field that is only null needs no column', async () => {
  const evolving = await sinkOn({ ...CREATE, 'auto.evolve': 'true' })
  await evolving.put(record({ a: 1 }))
  expect(
    await evolving.put(record({ a: 2, b: null }), record({ a: 3, c: 0.5 }), record({ a: 4, c: 1, d: 'x' })),
  ).toEqual([])
  expect(evolving.rows()).toEqual([
    { a: 1, c: null, d: null },
    { a: 2, c: null, d: null },
    { a: 3, c: 0.5, d: null },
    { a: 4, c: 1, d: 'x' },
  ])
  const fixed = await sinkOn(CREATE)
  await fixed.put(record({ a: 1 }))
  const failures = await fixed.put(record({ a: 2, b: null }), record({ a: 3, b: 1 }, { offset: 42 }), record({ a: 4 }))
  expect(failures).toEqual([
    "The record of topic t, partition 0, offset 42 can't be written to table `t`: column `b` is missing in table `t`: set auto.evolve=true, or add it",
  ])
  expect(fixed.rows()).toEqual([{ a: 1 }, { a: 2 }, { a: 4 }])
})

test('names that differ in case alone are one column; within one record they are refused', async () => {
  const sink = await sinkOn(CREATE)
  const failures = await sink.put(record({ Id: 1 }), record({ id: 2 }), record({ id: 3, ID: 4 }))
  expect(failures).toEqual([expect.stringContaining('the fields "id" and "ID" are one column')])
  expect(sink.rows()).toEqual([{ Id: 1 }, { Id: 2 }])
})

test('a text that a number column would change is refused, others go in as they are', async () => {
  const sink = await sinkOn(CREATE)
  await sink.put(record({ zip: 12345 }))
  const failures = await sink.put(
    record({ zip: '02119' }),
    record({ zip: '77' }),
    record({ zip: 'n/a' }),
    record({ zip: 0.5 }),
  )
  expect(failures).toEqual([
    expect.stringContaining(
      'column `zip` is INTEGER and would change the text "02119" into a number: make the column TEXT',
    ),
  ])
  expect(sink.rows().map(({ zip }) => zip)).toEqual([12345, 77, 'n/a', 0.5])
})

test('one record that no table can take does not keep the others out', async () => {
  const sink = await sinkOn(CREATE)
  const wide = Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`f${i}`, i]))
  const failures = await sink.put(
    record(wide),
    record({}),
    record([1]),
    record(5),
    record({ a: 1 }),
    record({ 'x\0y': 1 }),
    record(null),
  )
  expect(failures.map((text) => text.slice(text.indexOf('`t`: ') + 5))).toEqual([
    expect.stringContaining('the value must be a struct, an object or a string, and is an array'),
    expect.stringContaining('the value must be a struct, an object or a string, and is a number'),
    expect.stringContaining('the value is null: drop such records by a transform, or set delete.enabled=true'),
    'the record has 2001 fields, and a table at most 2000 columns',
    'no field has a value to make table `t` from',
    'the field "x\\u0000y" can\'t be a column\'s name',
  ])
  expect(sink.rows()).toEqual([{ a: 1 }])
})

test('what goes in comes out, whatever the batches, for any objects of steady types', async () => {
  const field = fc.oneof(
    fc.constant({ make: fc.integer() as fc.Arbitrary<Value> }),
    fc.constant({ make: fc.maxSafeInteger() as fc.Arbitrary<Value> }),
    fc.constant({
      make: fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((x) => !Number.isInteger(x) || Number.isSafeInteger(x))
        .map((x) => (Object.is(x, -0) ? 0 : x)) as fc.Arbitrary<Value>,
    }),
    fc.constant({ make: fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0')) as fc.Arbitrary<Value> }),
    fc.constant({ make: fc.boolean() as fc.Arbitrary<Value> }),
    fc.constant({ make: fc.jsonValue().filter((v) => typeof v === 'object' && v !== null) as fc.Arbitrary<Value> }),
  )
  const names = fc.uniqueArray(
    fc.string({ minLength: 1 }).filter((s) => s !== 'seq'),
    { maxLength: 6, selector: (s) => s.toLowerCase() },
  )
  const table = names.chain((columns) =>
    fc.tuple(...columns.map(() => field)).chain((makes) => {
      const entry = (i: number) => fc.option((makes[i] as { make: fc.Arbitrary<Value> }).make, { nil: undefined })
      return fc.array(
        fc.tuple(...columns.map((_, i) => entry(i))).map((values) => {
          const object = Object.create(null) as Record<string, Value>
          columns.forEach((name, i) => {
            const value = values[i]
            if (value !== undefined) object[name] = value
          })
          return object
        }),
        { minLength: 1, maxLength: 12 },
      )
    }),
  )
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 12 }), async (objects, size) => {
      const sink = await sinkOn({ ...CREATE, 'auto.evolve': 'true' })
      for (let i = 0; i < objects.length; i += size)
        expect(
          await sink.put(...objects.slice(i, i + size).map((object, j) => record({ seq: i + j, ...object }))),
        ).toEqual([])
      const rows = sink.rows('SELECT * FROM t ORDER BY seq')
      await sink.task.stop()
      objects.forEach((object, i) => {
        const row = Object.fromEntries(Object.entries(rows[i] ?? {}).map(([k, v]) => [k.toLowerCase(), v]))
        for (const [name, value] of Object.entries(object)) {
          const found = row[name.toLowerCase()]
          if (typeof value === 'boolean') expect(found).toBe(Number(value))
          else if (typeof value === 'object')
            expect(JSON.parse(String(found))).toEqual(JSON.parse(JSON.stringify(value)))
          else expect(found).toBe(value)
        }
      })
    }),
    { numRuns: 40 },
  )
})
