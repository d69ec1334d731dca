import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { penstock } from './run-penstock.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../../examples')
const folder = mkdtempSync(join(tmpdir(), 'penstock-preview-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a line in, a line out; status 1 where one failed', async () => {
  const records = join(folder, 'records.txt')
  const example = readFileSync(join(EXAMPLES, 'orders.jsonl'), 'utf8')
  writeFileSync(records, `${example}not JSON\n`)
  const run = penstock(['preview', '--config', join(EXAMPLES, 'orders.json'), '--records', records])
  expect(await run.ended).toBe(1)
  const answers = run.output().trimEnd().split('\n')
  expect(answers.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { record: { topic: 'shop_orders', value: { payload: { order_id: 1, card: '****' } } } },
    { record: { topic: 'shop_orders', offset: 7 } },
    { record: null },
    { error: { at: 'value.converter', hint: 'plain text' } },
  ])
  expect(answers[1]).toContain('"total":3.0')
})

test('records come from the standard input, and all went well', async () => {
  const run = penstock(
    ['preview', '--config', join(EXAMPLES, 'orders.json'), '--records', '-', '--stages'],
    undefined,
    {
      input: '{"id":5}',
    },
  )
  expect(await run.ended).toBe(0)
  expect(JSON.parse(run.output())).toMatchObject({
    stages: ['converter', 'gone', 'mask', 'rename', 'route'].map((stage) => ({ stage })),
  })
})

test.each([
  [['preview', '--config', 'none.json'], 1, /none\.json can't be read/],
  [['preview', '--config', join(EXAMPLES, 'orders.json'), '--records', 'none.jsonl'], 1, /none\.jsonl can't be read/],
  [
    ['preview', '--config', join(EXAMPLES, 'orders.json'), '--topic', 't', '--bootstrap', 'localhost:1'],
    1,
    /Mend --topic/,
  ],
  [['preview', '--config', join(EXAMPLES, 'orders.json'), '--topic', 't', '--records', '-'], 2, /cannot be used with/],
  [['test', join(EXAMPLES, '*.nothing')], 1, /No file matches/],
])('a mistake is told without a stack: %j', async (args, status, message) => {
  const run = penstock(args, folder)
  expect(await run.ended).toBe(status)
  expect(run.output()).toMatch(message)
  expect(run.output()).not.toContain('    at ')
})

test('the examples hold', async () => {
  const run = penstock(['test', join(EXAMPLES, '*.test.json')])
  expect(await run.ended, run.output()).toBe(0)
  expect(run.output()).toMatch(/[1-9]\d* passed, 0 failed/)
})

test('what is other than expected is told by its place, with status 1', async () => {
  const file = join(folder, 'wrong.test.json')
  const value = (id: number) => ({ schema: null, payload: { id } })
  const record = { kind: 'sink', topic: 'orders', key: null, value: value(1) }
  const config = { 'connector.class': 'FileStreamSink', topics: 'orders' }
  const cases = [
    { name: 'as it is', record, expected: { record } },
    { name: 'another value', record, expected: { record: { ...record, value: value(2), timestamp: 5 } } },
    { name: 'dropped', record, expected: { record: null } },
    { name: 'fails', record: '{', expected: { error: { class: 'X', message: 'y', stage: 'apply' } } },
    { name: 'should fail', record, expected: { error: { class: 'X', message: 'y', stage: 'apply' } } },
  ]
  writeFileSync(file, JSON.stringify({ name: 'wrong', config, cases }))
  const run = penstock(['test', file])
  expect(await run.ended).toBe(1)
  expect(run.output()).toContain('✓ as it is')
  expect(run.output()).toContain('record.value.payload.id: expected 2, got 1\n')
  expect(run.output()).toContain('record.timestamp: expected 5, got null\n')
  expect(run.output()).toContain('records: expected [], got [{"kind":"sink"')
  expect(run.output()).toContain('error.class: expected "X", got "org.apache.kafka.connect.errors.DataException"\n')
  expect(run.output()).toContain('expected {"error":{"class":"X"')
  expect(run.output()).toContain('1 passed, 4 failed')
})
