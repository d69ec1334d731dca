/** What `npm start` shows: the flights and the earthquakes arrive whole, and a line added to a source becomes a row. */
import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'

const require = createRequire(import.meta.url)
const { DatabaseSync } = require('node:sqlite') as typeof import('node:sqlite')

async function input(name: string): Promise<readonly Record<string, unknown>[]> {
  const data = JSON.parse(await readFile(join('node_modules', 'vega-datasets', 'data', name), 'utf8'))
  return Array.isArray(data) ? data : data.features
}

test('the demo', { timeout: 300_000 }, async () => {
  const before = Date.now()
  await using penstock = await Penstock.start({ demo: true })
  console.log(`healthy after ${Date.now() - before} ms`)
  const database = join(penstock.folder, 'data', 'demo.sqlite')
  /** No rows while the file or the table isn't there. */
  const query = (sql: string) => {
    if (!existsSync(database)) return []
    using db = new DatabaseSync(database, { readOnly: true, timeout: 10_000 })
    const there = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name IN ('flights', 'earthquakes')").get()
    return there?.['n'] === 2 ? (db.prepare(sql).all() as Record<string, unknown>[]) : []
  }
  const flights = await input('flights-20k.json')
  const earthquakes = await input('earthquakes.json')
  const counted = (table: string) => query(`SELECT count(*) AS n FROM ${table}`)[0]?.['n']
  await until('all flights', 120_000, async () => counted('flights') === flights.length)
  await until('all earthquakes', 120_000, async () => counted('earthquakes') === earthquakes.length)
  const delays = flights.reduce((sum, flight) => sum + Number(flight['delay']), 0)
  expect(query('SELECT sum(delay) AS sum, count(DISTINCT destination) AS masks FROM flights')).toEqual([
    { sum: delays, masks: 1 },
  ])

  const source = join(penstock.folder, 'data', 'demo', 'flights.jsonl')
  const line = { date: '2026/01/01 09:00', delay: 4321, distance: 1201, origin: 'OSL', destination: 'LIS' }
  const added = Date.now()
  await appendFile(source, `${JSON.stringify(line)}\n`)
  await until('the added line', 30_000, async () => query('SELECT * FROM flights WHERE delay = 4321').length === 1)
  console.log(`the added line was a row after ${Date.now() - added} ms`)
  await until('a hand-over', 60_000, async () => ((await penstock.progress('pageviews')).tasks[0]?.slices ?? 0) >= 2)
})
