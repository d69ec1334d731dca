/** What must be so once a chaos run has settled. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectorProgress } from '../penstock.ts'
import { type Read, readTopic } from '../topic.ts'
import { type Arrived, eventsArrived, fileArrived, linesArrived, rowsArrived } from './arrived.ts'
import type { Connector, World } from './world.ts'

const ARRIVE_MS = 180_000

export interface Checked {
  readonly arrived: ReadonlyMap<string, Arrived>
  readonly topics: ReadonlyMap<string, readonly Read[]>
  /** Nothing where all is as it must be. */
  readonly problems: readonly string[]
}

export async function check(world: World): Promise<Checked> {
  const topics = new Map<string, readonly Read[]>()
  for (const topic of ['events', 'lines', 'plain-lines'])
    topics.set(topic, await readTopic(world.broker.bootstrap, topic))
  const of = (topic: string) => topics.get(topic) ?? []
  const { files, lines } = world
  const arrived = new Map([
    ['events', eventsArrived(of('events'))],
    ['lines', linesArrived(of('lines'), lines.lines.count)],
    ['plain-lines', linesArrived(of('plain-lines'), lines['plain-lines'].count)],
    ['events-file', await inTime(async () => fileArrived(of('events'), await linesOf(files.eventsFile)))],
    ['lines-db', await inTime(async () => rowsArrived(byPosition(of('lines')), linesTable(files.linesDb)))],
    ['plain-latest', await inTime(async () => rowsArrived(latest(of('plain-lines')), latestTable(files.plainDb)))],
  ])
  const problems = world.connectors.flatMap((connector) => wrong(connector, arrived.get(connector.name)))
  for (const connector of world.connectors) problems.push(...(await countersOf(connector)))
  for (const cloud of Object.values(world.clouds)) problems.push(...(await logged(cloud.folder)))
  return { arrived, topics, problems }
}

/** Once nothing is lost, or time is over. */
async function inTime(look: () => Promise<Arrived>): Promise<Arrived> {
  for (const end = Date.now() + ARRIVE_MS; ; await sleep(500)) {
    const found = await look()
    if (found.lost === 0 || Date.now() > end) return found
  }
}

function wrong({ name, guarantee, kind }: Connector, arrived: Arrived | undefined): string[] {
  const { lost = 0, doubled = 0, disorder = 0, foreign = 0 } = arrived ?? {}
  const mayDouble = kind === 'sink' || guarantee === 'at-least-once'
  const counts = { lost, doubled: mayDouble ? 0 : doubled, 'out of order': disorder, foreign }
  return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${name}: ${count} ${what}`]))
}

/**
 * docs/counters.md: what was read has ended, or is in flight and ahead of the commits: of a slice that was cut off, and
 * that nobody has come after. A running slice tells once a second.
 */
async function countersOf({ penstock, name }: Connector): Promise<string[]> {
  let found: string[] = []
  for (const end = Date.now() + ARRIVE_MS; Date.now() < end; await sleep(500)) {
    const { status, body } = await penstock.get(`/penstock/connectors/${name}`)
    if (status !== 200) continue
    found = (body as ConnectorProgress).tasks.flatMap(({ id, counters, accounting }) => {
      const { read, filtered, written, skipped, deadLettered } = counters
      const { passed, gaps, uncounted, ahead, mismatch } = accounting
      const inFlight = read - (filtered + written + skipped + deadLettered)
      const adds = inFlight >= 0 && inFlight <= ahead && passed === read - ahead + gaps + uncounted
      const holds = mismatch === null && adds
      return holds ? [] : [`the counters of ${name}-${id}: ${JSON.stringify({ counters, accounting })}`]
    })
    if (found.length === 0) return []
  }
  return found
}

async function logged(folder: string): Promise<string[]> {
  const lines = await logLines(folder)
  return lines.filter((line) => line.includes('the counters do not add up'))
}

/** Of the task function. */
export async function logLines(folder: string): Promise<string[]> {
  const file = join(folder, 'data', 'logs', 'penstock-task.log')
  const parts = await Promise.all([`${file}.1`, file].map((part) => readFile(part, 'utf8').catch(() => '')))
  return parts.join('').split('\n')
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').slice(0, -1)
}

function byPosition(topic: readonly Read[]): ReadonlyMap<string, string> {
  return new Map(topic.map(({ partition, offset, value }) => [`${partition} ${offset}`, value ?? '']))
}

function latest(topic: readonly Read[]): ReadonlyMap<string, string> {
  return new Map(topic.map(({ key, value }) => [key ?? '', value ?? '']))
}

function linesTable(file: string): ReadonlyMap<string, string> {
  const rows = rowsOf(file, 'SELECT __connect_partition AS p, __connect_offset AS o, record_value AS v FROM lines')
  return new Map(rows.map(({ p, o, v }) => [`${p} ${o}`, String(v)]))
}

function latestTable(file: string): ReadonlyMap<string, string> {
  const rows = rowsOf(file, 'SELECT k, record_value AS v FROM "plain-lines"')
  return new Map(rows.map(({ k, v }) => [String(k), String(v)]))
}

function rowsOf(file: string, query: string): Record<string, unknown>[] {
  // Vite doesn't know it as one of Node's own.
  const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite')
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database.prepare(query).all()
  } finally {
    database.close()
  }
}
