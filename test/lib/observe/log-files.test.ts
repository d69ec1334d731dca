import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLogFile, wholeLines } from '../../../lib/local/log-file.ts'
import { logFiles } from '../../../lib/observe/log-files.ts'
import type { LogQuery } from '../../../lib/observe/log-reader.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-logs-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const BEGIN = Date.parse('2026-01-01T00:00:00Z')
const line = (second: number, connector: string, fields: object = {}) =>
  `${JSON.stringify({ level: 'info', time: new Date(BEGIN + second * 1000).toISOString(), connector, task: 0, ...fields, message: `at ${second}` })}\n`

async function read(query: Partial<LogQuery>): Promise<unknown[]> {
  const all: LogQuery = { connector: 'orders', task: null, level: 'debug', since: 0, limit: 100, ...query }
  return (await logFiles(folder).read(all)).map(({ message }) => message)
}

test('lines of one connector from all files, in the order of their times', async () => {
  await writeFile(join(folder, 'a.log.1'), `${line(1, 'orders') + line(2, 'others')}no line of ours\n`)
  await writeFile(
    join(folder, 'a.log'),
    line(5, 'orders', { level: 'error', task: 1 }) + line(6, 'orders', { note: 'others' }),
  )
  await writeFile(join(folder, 'b.log'), `${line(4, 'orders') + line(3, 'orders2')}{"half`)
  expect(await read({})).toEqual(['at 1', 'at 4', 'at 5', 'at 6'])
  expect(await read({ level: 'warn' })).toEqual(['at 5'])
  expect(await read({ task: 1 })).toEqual(['at 5'])
  expect(await read({ limit: 2 })).toEqual(['at 5', 'at 6'])
  expect(await read({ since: BEGIN + 5_000 })).toEqual(['at 5', 'at 6'])
  expect(await read({ connector: 'none' })).toEqual([])
})

test('files of many chunks, with letters of several bytes', async () => {
  const file = join(folder, 'long.log')
  for (let part = 0; part < 10; part++)
    await appendFile(
      file,
      Array.from({ length: 500 }, (_, i) => line(10_000 + part * 500 + i, 'größe', { text: 'ä'.repeat(150) })).join(''),
    )
  const found = await read({ connector: 'größe', limit: 10_000 })
  expect(found).toEqual(Array.from({ length: 5_000 }, (_, i) => `at ${10_000 + i}`))
})

test('a log of a function is bounded, and keeps what was written last', async () => {
  const path = join(folder, 'bounded.log')
  const log = openLogFile(path, 1_000)
  for (let i = 0; i < 100; i++) log.write(line(100_000 + i, 'bounded'))
  log.close()
  expect((await stat(path)).size + (await stat(`${path}.1`)).size).toBeLessThan(2_300)
  const found = await read({ connector: 'bounded' })
  expect(found.length).toBeGreaterThan(8)
  expect(found.at(-1)).toBe('at 100099')
})

test('lines that come in pieces are put together', () => {
  const taken: string[] = []
  const lines = wholeLines((text) => taken.push(text))
  for (const piece of ['one\ntw', 'o', '\nthree\nfour\nfi', 've']) lines.chunk(piece)
  lines.end()
  expect(taken).toEqual(['one\n', 'two\nthree\nfour\n', 'five\n'])
})
