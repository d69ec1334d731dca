/** What became of the records: lost, doubled, out of order, or not from here. */
import type { Read } from '../topic.ts'
import { taskOf } from './kills.ts'
import { numberOf } from './lines.ts'

export interface Arrived {
  readonly records: number
  readonly lost: number
  readonly doubled: number
  /** How often one came before an earlier one of its key (of its partition, in a sink's file) had come at all. */
  readonly disorder: number
  /** What nobody has written, or of a transaction that was aborted. */
  readonly foreign: number
}

/** The lines of a file, and the records that came of them. */
export function linesArrived(topic: readonly Read[], written: number): Arrived {
  return numbered(
    topic.map((record) => ({ ...record, series: 'lines', number: numberOf(record.value ?? '') })),
    () => written,
  )
}

/** Each task of Datagen counts from 0 on; how far each came is known by its last record. */
export function eventsArrived(topic: readonly Read[]): Arrived {
  const highest = new Map<string, number>()
  const numbers = topic.map((record) => {
    const series = `task ${taskOf(record)}`
    const { n } = JSON.parse(record.value ?? '') as { n: number }
    highest.set(series, Math.max(highest.get(series) ?? 0, n))
    return { ...record, series, number: n }
  })
  return numbered(numbers, (series) => (highest.get(series) ?? -1) + 1)
}

interface Numbered extends Pick<Read, 'partition' | 'key'> {
  readonly series: string
  readonly number: number
}

function numbered(topic: readonly Numbered[], countOf: (series: string) => number): Arrived {
  const bySeries = Map.groupBy(topic, ({ series }) => series)
  let [lost, unique, foreign] = [0, 0, 0]
  for (const [series, records] of bySeries) {
    const numbers = new Set(records.map(({ number }) => number))
    const known = [...numbers].filter((number) => number >= 0 && number < countOf(series))
    lost += countOf(series) - known.length
    foreign += numbers.size - known.length
    unique += numbers.size
  }
  let disorder = 0
  for (const records of Map.groupBy(topic, ({ key, series }) => `${series} ${key}`).values()) {
    // A key has one partition.
    if (new Set(records.map(({ partition }) => partition)).size > 1) disorder++
    disorder += skips(records.map(({ number }) => number))
  }
  return { records: topic.length, lost, doubled: topic.length - unique, disorder, foreign }
}

/** The lines of a sink's file beside the records of its topic. */
export function fileArrived(topic: readonly Read[], lines: readonly string[]): Arrived {
  const byValue = new Map(topic.map((record) => [record.value, record]))
  const found = lines.flatMap((line) => byValue.get(line) ?? [])
  const unique = new Set(found).size
  let disorder = 0
  for (const records of Map.groupBy(found, ({ partition }) => partition).values())
    disorder += skips(records.map(({ offset }) => offset))
  return {
    records: lines.length,
    lost: byValue.size - unique,
    doubled: found.length - unique,
    disorder,
    foreign: lines.length - found.length,
  }
}

/** `rows`: what a table holds, by key; `expected`: what it must hold. */
export function rowsArrived(expected: ReadonlyMap<string, string>, rows: ReadonlyMap<string, string>): Arrived {
  const lost = [...expected].filter(([key, value]) => rows.get(key) !== value).length
  const foreign = [...rows.keys()].filter((key) => !expected.has(key)).length
  return { records: rows.size, lost, doubled: 0, disorder: 0, foreign }
}

/** How often a number comes before a smaller one of the series has come at all. Going back and again is none. */
function skips(numbers: readonly number[]): number {
  const places = new Map([...new Set(numbers)].sort((a, b) => a - b).map((number, place) => [number, place]))
  let highest = -1
  let count = 0
  for (const number of numbers) {
    const place = places.get(number) ?? 0
    if (place > highest + 1) count++
    highest = Math.max(highest, place)
  }
  return count
}
