/** The demo's data, from the npm package vega-datasets: 20,000 flights and a week of earthquakes, a JSON line each. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const DATASETS = resolve(import.meta.dirname, '../../../node_modules/vega-datasets/data')

export interface DemoFiles {
  readonly flights: string
  readonly earthquakes: string
  /** Where the FileStream sink writes to. */
  readonly copy: string
  readonly database: string
}

/** Writes what isn't there yet: lines that somebody appended stay. */
export async function demoFiles(data: string, folder: string): Promise<DemoFiles> {
  const files = {
    flights: join(folder, 'flights.jsonl'),
    earthquakes: join(folder, 'earthquakes.jsonl'),
    copy: join(folder, 'flights-copy.txt'),
    database: join(data, 'demo.sqlite'),
  }
  await Promise.all([
    writeLines(files.flights, 'flights-20k.json', (flights) => flights as readonly unknown[]),
    writeLines(files.earthquakes, 'earthquakes.json', (feed) => (feed as { features: readonly unknown[] }).features),
  ])
  return files
}

async function writeLines(file: string, name: string, records: (parsed: unknown) => readonly unknown[]): Promise<void> {
  if (existsSync(file)) return
  const parsed: unknown = JSON.parse(await readFile(join(DATASETS, name), 'utf8'))
  await writeFile(
    file,
    records(parsed)
      .map((record) => `${JSON.stringify(record)}\n`)
      .join(''),
  )
}
