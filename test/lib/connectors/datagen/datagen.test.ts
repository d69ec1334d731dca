import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { budget } from '../../../../lib/connect/budget.ts'
import type { SourceContext } from '../../../../lib/connect/plugin.ts'
import type { ConnectRecord, Position } from '../../../../lib/connect/record.ts'
import { parse, type RawConfig } from '../../../../lib/connect/settings.ts'
import type { Struct } from '../../../../lib/connect/value.ts'
import datagen, { startDatagen } from '../../../../lib/connectors/datagen/index.ts'
import { QUICKSTARTS } from '../../../../lib/connectors/datagen/quickstarts.ts'
import { settings } from '../../../../lib/connectors/datagen/settings.ts'

const within = budget(300_000)
const log = { debug() {}, info() {}, warn() {}, error() {} }

function context(offset?: Position, task = 0, connector = 'gen'): SourceContext {
  const offsets = { get: (p: Position) => (p['task.id'] === task ? offset : undefined), all: () => [] }
  return { connector, task, raw: {}, log, offsets }
}

function start(raw: RawConfig, from: SourceContext = context(), clock = () => 1_000_000) {
  return startDatagen(parse(settings, { 'kafka.topic': 'out', 'max.interval': '0', ...raw }), from, clock)
}

/** What a reader of the topic sees, without what counts starts and time. */
function seen(records: readonly ConnectRecord[]) {
  return records.map(({ key, value }) => ({ key, values: (value as Struct).values }))
}

const errorsOf = async (raw: RawConfig) =>
  datagen.validate?.(parse(datagen.settings, { 'kafka.topic': 'out', ...raw }), raw, within) ?? new Map()

describe('what is generated', () => {
  test.each(Object.keys(QUICKSTARTS))(
    'quickstart %s: values of the schema, the key out of the value',
    async (quickstart) => {
      const task = await start({ quickstart })
      const { records } = await task.poll(50, within)
      expect(records).toHaveLength(50)
      const keyField = QUICKSTARTS[quickstart]?.key ?? ''
      for (const record of records) {
        const value = record.value as Struct
        expect(record.topic).toBe('out')
        expect(value.values).toHaveLength(value.schema.fields.length)
        expect(value.values).not.toContain(undefined)
        expect(record.key).toEqual(value.get(keyField))
        expect(record.keySchema).toBe(value.schema.field(keyField)?.schema)
      }
    },
  )

  test('orders count from 0 by 1 and pageviews from 1 by 10: each iteration once and in order', async () => {
    const orders = await (await start({ quickstart: 'orders' })).poll(1000, within)
    expect(orders.records.map((r) => (r.value as Struct).get('orderid'))).toEqual(
      Array.from({ length: 1000 }, (_, n) => n),
    )
    const views = await (await start({ quickstart: 'pageviews' })).poll(1000, within)
    expect(views.records.map((r) => (r.value as Struct).get('viewtime'))).toEqual(
      Array.from({ length: 1000 }, (_, n) => 1 + 10 * n),
    )
    expect(views.records.map((r) => r.headers.find((h) => h.key === 'current.iteration')?.value)).toEqual(
      Array.from({ length: 1000 }, (_, n) => n),
    )
  })

  test('every option comes about as often as the others', async () => {
    const { records } = await (await start({ quickstart: 'pageviews' })).poll(90_000, within)
    const counts = new Map<unknown, number>()
    for (const r of records)
      counts.set((r.value as Struct).get('userid'), (counts.get((r.value as Struct).get('userid')) ?? 0) + 1)
    expect(counts.size).toBe(9)
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('headers can be left out', async () => {
    const task = await start({ quickstart: 'users', 'penstock.datagen.headers': 'false' })
    expect((await task.poll(1, within)).records[0]?.headers).toEqual([])
  })
})

describe('resuming', () => {
  test('from the offset of any record, and in any batches, the same records follow', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('orders', 'clickstream', 'pizza_orders', 'users_array_map'),
        fc.integer({ min: 0, max: 99 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.constantFrom({}, { 'random.seed': '-9223372036854775808' }, { 'random.seed': '7' }),
        async (quickstart, at, sizes, seed) => {
          const whole = (await (await start({ quickstart, ...seed })).poll(100, within)).records
          const resumed = await start({ quickstart, ...seed }, context(offsetOf(whole, at)))
          const rest: ConnectRecord[] = []
          for (let i = 0; rest.length < 99 - at; i++)
            rest.push(
              ...(await resumed.poll(Math.min(sizes[i % sizes.length] ?? 1, 99 - at - rest.length), within)).records,
            )
          expect(seen(rest)).toEqual(seen(whole.slice(at + 1)))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('the seed decides, else the name of the connector; tasks differ', async () => {
    const of = async (raw: RawConfig, from: SourceContext) =>
      JSON.stringify(seen((await (await start({ quickstart: 'users', ...raw }, from)).poll(20, within)).records))
    const named = await of({}, context())
    expect(await of({}, context())).toBe(named)
    expect(await of({}, context(undefined, 0, 'other'))).not.toBe(named)
    expect(await of({}, context(undefined, 1))).not.toBe(named)
    const seeded = await of({ 'random.seed': '5' }, context())
    expect(await of({ 'random.seed': '5' }, context(undefined, 0, 'other'))).toBe(seeded)
    expect(seeded).not.toBe(named)
  })

  test('offsets have the names of the JVM task, and its offsets are understood', async () => {
    const first = (await (await start({ quickstart: 'orders' })).poll(1, within)).records[0]
    expect(first?.origin).toMatchObject({
      partition: { 'task.id': 0 },
      offset: { 'task.generation': 1, 'current.iteration': 1, 'random.seed': expect.any(Number) },
    })
    const jvm = { 'task.generation': 3, 'current.iteration': 42, 'random.seed': -4962768465676381896n }
    const { records } = await (await start({ quickstart: 'orders' }, context(jvm))).poll(1, within)
    expect(seen(records)).toMatchObject([{ key: 42 }])
    expect(records[0]?.headers[0]).toMatchObject({ key: 'task.generation', value: 3 })
    expect(records[0]?.origin).toMatchObject({ offset: { ...jvm, 'task.generation': 4, 'current.iteration': 43 } })
  })

  test('each task generates its iterations, then it is done, also when it is started again', async () => {
    const task = await start({ quickstart: 'orders', iterations: '25' })
    expect(await task.poll(20, within)).not.toHaveProperty('done')
    const last = await task.poll(20, within)
    expect(last.records).toHaveLength(5)
    expect(last.done).toBe(true)
    const again = await start({ quickstart: 'orders', iterations: '25' }, context(offsetOf(last.records, 4)))
    expect(await again.poll(20, within)).toEqual({ records: [], done: true })
  })
})

describe('pacing', () => {
  test('a rate is kept to the record, in batches some milliseconds apart', async () => {
    let now = 5_000_000
    const task = await start({ quickstart: 'orders', 'penstock.datagen.rate': '2000' }, context(), () => now)
    let count = 0
    let polls = 0
    for (const end = now + 10_000; now <= end; polls++) {
      const { records, idleMs } = await task.poll(5000, within)
      count += records.length
      now += idleMs ?? 0
    }
    expect(count).toBe(20_001)
    expect(polls).toBeGreaterThan(1000)
  })

  test('slow rates hold across restarts: the due time is in the offset', async () => {
    let now = 5_000_000
    const config = { quickstart: 'orders', 'penstock.datagen.rate': '0.1' }
    const first = await (await start(config, context(), () => now)).poll(10, within)
    expect(first).toMatchObject({ records: [{}], idleMs: 10_000 })
    now += 4000
    const early = await start(config, context(offsetOf(first.records, 0)), () => now)
    expect(await early.poll(10, within)).toEqual({ records: [], idleMs: 6000, certain: true })
    now += 6000
    const due = await start(config, context(offsetOf(first.records, 0)), () => now)
    expect((await due.poll(10, within)).records).toHaveLength(1)
  })

  test('after a pause, a second is caught up with and the rest forgiven', async () => {
    let now = 5_000_000
    const task = await start({ quickstart: 'orders', 'penstock.datagen.rate': '100' }, context(), () => now)
    await task.poll(10, within)
    now += 60_000
    const burst = await task.poll(60, within)
    expect(burst.records).toHaveLength(60)
    expect(burst.idleMs).toBeUndefined()
    expect((await task.poll(1000, within)).records).toHaveLength(41)
  })

  test('max.interval is the longest gap, half of it the usual one', async () => {
    let now = 5_000_000
    const task = await start({ quickstart: 'orders', 'max.interval': '100' }, context(), () => now)
    let count = 0
    for (const end = now + 100_000; now <= end; ) {
      const { records, idleMs } = await task.poll(1000, within)
      expect(idleMs).toBeLessThanOrEqual(100)
      count += records.length
      now += idleMs ?? 0
    }
    expect(Math.abs(count - 2000)).toBeLessThan(150)
  })
})

describe('settings', () => {
  test('exactly one source of the schema', async () => {
    const every = ['schema.string', 'schema.filename', 'quickstart']
    const text = ['Must set exactly one of schema.string, schema.filename, quickstart']
    expect(await errorsOf({})).toEqual(new Map(every.map((name) => [name, text])))
    expect([...(await errorsOf({ quickstart: 'users', 'schema.filename': '/x' })).keys()]).toEqual([
      'schema.filename',
      'quickstart',
    ])
    expect(await errorsOf({ quickstart: 'Users' })).toEqual(new Map())
  })

  test.each([
    [{ quickstart: 'nothing' }, /quickstart must be one out of pageviews,/],
    [{ 'schema.string': '{"type": "strin' }, /Unable to parse the provided schema/],
    [{ 'schema.string': '"string"' }, /it must be a record/],
    [{ 'penstock.datagen.rate': '0' }, /Value must be above 0/],
  ])('%j is refused', (raw, message) => {
    expect(() => parse(settings, { 'kafka.topic': 'out', ...raw })).toThrow(message)
  })

  test('a key field that is not there, a file that is not there', async () => {
    expect((await errorsOf({ quickstart: 'users', 'schema.keyfield': 'id' })).get('schema.keyfield')).toEqual([
      "The schema does not contain the field provided in 'schema.keyfield'",
    ])
    expect((await errorsOf({ 'schema.filename': '/none.avsc' })).get('schema.filename')?.[0]).toMatch(
      /Unable to find the schema file \/none.avsc/,
    )
  })

  test('a schema from a file, with comments and a key field', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'datagen-'))
    const file = join(dir, 'own.avsc')
    writeFileSync(file, '{"type": "record", "name": "own", // mine\n "fields": [{"name": "id", "type": "string"}]}')
    const { records } = await (await start({ 'schema.filename': file, 'schema.keyfield': 'id' })).poll(1, within)
    expect(records[0]?.key).toMatch(/^[0-9A-Za-z]{8,15}$/)
    rmSync(dir, { recursive: true })
  })

  test('tasks.max tasks, each with its id', async () => {
    const raw = { 'kafka.topic': 'out', quickstart: 'users' }
    expect(await datagen.split?.(parse(datagen.settings, raw), raw, 3, { tasks: [], budget: within, log })).toEqual([
      { ...raw, 'task.id': '0' },
      { ...raw, 'task.id': '1' },
      { ...raw, 'task.id': '2' },
    ])
  })

  test('offsets that a user sets', () => {
    const check = (partition: Position | null, offset: Position | null) => () =>
      datagen.checkOffsets?.([{ partition, offset }], {})
    expect(check({ 'task.id': 0 }, { 'current.iteration': 7 })).not.toThrow()
    expect(check({ 'task.id': 0 }, { 'task.generation': 1, 'current.iteration': 7, 'random.seed': -5n })).not.toThrow()
    expect(check({ 'task.id': 0 }, null)).not.toThrow()
    expect(check({ task: 0 }, null)).toThrow(/source partition of Datagen/)
    expect(check(null, null)).toThrow(/source partition of Datagen/)
    expect(check({ 'task.id': 0 }, { iteration: 7 })).toThrow(/needs "current.iteration"/)
    expect(check({ 'task.id': 0 }, { 'current.iteration': -1 })).toThrow(/needs "current.iteration"/)
    expect(check({ 'task.id': 0 }, { 'current.iteration': 1, 'random.seed': 'x' })).toThrow(/must be an integer/)
  })
})

function offsetOf(records: readonly ConnectRecord[], index: number): Position {
  const origin = records[index]?.origin
  if (origin?.kind !== 'source') throw new Error('no source record')
  return origin.offset
}
