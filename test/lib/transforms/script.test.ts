import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError, DataError } from '../../../lib/connect/errors.ts'
import { apply, applyAll, recordOf } from './apply.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'penstock-script-'))
afterAll(() => rmSync(FOLDER, { recursive: true }))

/** Applies a script with this text to the record. */
function run(text: string, value = { n: 1 } as Record<string, number>, name = `${crypto.randomUUID()}.mts`) {
  const file = join(FOLDER, name)
  writeFileSync(file, text)
  return apply('penstock.transforms.Script', { 'script.file': file }, recordOf(value))
}

test('applies a function in TypeScript or JavaScript', async () => {
  const typed = `interface Row { n: number }
export default (record: { value: Row, withValue(schema: null, value: unknown): unknown }) =>
  record.value.n < 0 ? null : record.withValue(null, { n: record.value.n + 1 })`
  expect((await run(typed))?.value).toEqual({ n: 2 })
  expect(await run(typed, { n: -1 })).toBeNull()
  const plain = 'export default (record) => record.withTopic("other")'
  expect((await run(plain, { n: 1 }, 'plain.mjs'))?.topic).toBe('other')
})

test('a script may make several records of one', async () => {
  const file = join(import.meta.dirname, 'twice-script.mts')
  const made = await applyAll('penstock.transforms.Script', { 'script.file': file }, recordOf('x', { topic: 'orders' }))
  expect(made.map(({ topic }) => topic)).toEqual(['orders', 'audit'])
  await expect(run('export default (record) => [record, 1]')).rejects.toThrow(DataError)
})

test('what a script throws, or returns wrongly, is an error of the record', async () => {
  await expect(run('export default () => { throw new Error("no luck") }')).rejects.toThrow(/topic t: no luck/)
  await expect(run('export default () => { throw new Error("no luck") }')).rejects.toThrow(DataError)
  await expect(run('export default () => undefined')).rejects.toThrow(DataError)
})

test('a module that is missing, wrong or without a function is refused', async () => {
  for (const text of [
    'export default (',
    'export default 1',
    'export const a = 1',
    'await 1; export default () => null',
  ])
    await expect(run(text)).rejects.toThrow(ConfigError)
  const missing = { 'script.file': join(FOLDER, 'missing.ts') }
  await expect(apply('penstock.transforms.Script', missing, recordOf(1))).rejects.toThrow(/script\.file.*missing\.ts/)
})
