/** Owners killed, and how long it takes until the next record. */
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLeases } from '../../../lib/state/leases.ts'
import { openTable } from '../../../lib/state/table.ts'
import type { Instance } from '../penstock.ts'
import type { Read } from '../topic.ts'
import type { Connector, World } from './world.ts'

const LOOK_MS = 5
const LONGEST_MS = 60_000

export interface Kill {
  readonly connector: string
  readonly task: number
  /** Epoch ms. */
  readonly at: number
  /** Nothing else was broken. */
  readonly alone: boolean
  /** Ms until the next line, of a sink that writes a file; null elsewhere, and where none came within a minute. */
  readonly lineMs: Promise<number | null>
}

export type Victim = Instance & { readonly of: Connector }

/** The instances that run a task now, of the connectors. */
export async function owners(connectors: readonly Connector[]): Promise<readonly Victim[]> {
  const clouds = [...new Set(connectors.map(({ penstock }) => penstock))]
  const listed = await Promise.all(clouds.map((penstock) => penstock.get('/penstock/instances')))
  const instances = listed.flatMap(({ status, body }) => (status === 200 ? (body as Instance[]) : []))
  return instances.flatMap((instance) => {
    const of = connectors.find(({ name }) => name === instance.connector)
    return of !== undefined && instance.state === 'owner' ? [{ ...instance, of }] : []
  })
}

/**
 * Whether a copy of the owner's invocation has been delivered: then its end is taken for a fact at its deadline alone
 * (docs/decisions/2026-11-21-doubled-invocations.md).
 */
export async function isDoubled(world: World, { of, task }: Victim): Promise<boolean> {
  const table = openTable((await of.penstock.local()).table, world.dynamo.config)
  const lease = await createLeases(table).get(of.name, task ?? 0)
  table.close()
  return lease?.doubled === true
}

/** False where it was gone already. 0 only asks. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

export function killOwner(world: World, { of, pid, task }: Victim, alone: boolean): Kill | null {
  if (!send(pid, 'SIGKILL')) return null
  const at = Date.now()
  const lineMs = of.name === 'events-file' ? nextLine(world.files.eventsFile, pid, at) : Promise.resolve(null)
  return { connector: of.name, task: task ?? 0, at, alone, lineMs }
}

/** From outside, as whoever waits for the line sees it. */
async function nextLine(file: string, pid: number, at: number): Promise<number | null> {
  while (send(pid, 0)) await sleep(1)
  const { size } = await stat(file)
  while (Date.now() - at < LONGEST_MS) {
    if ((await stat(file)).size > size) return Date.now() - at
    await sleep(LOOK_MS)
  }
  return null
}

/**
 * Of each kill of a source's owner the time to the task's next record that was committed, by the record's own timestamp
 * (CreateTime). `topic`: all records of it.
 */
export function nextRecords(kills: readonly Kill[], topic: readonly Read[]): (number | null)[] {
  const times = timesByTask(topic)
  return kills.map(({ task, at }) => {
    const next = times.get(task)?.find((time) => time > at)
    return next === undefined ? null : next - at
  })
}

export interface Silence {
  readonly ms: number
  /** Epoch ms. */
  readonly from: number
}

/** The longest time that a task of the topic was without a record. */
export function longestSilence(topic: readonly Read[]): Silence {
  const silences = [...timesByTask(topic).values()].flatMap((times) =>
    times.slice(1).map((time, i) => ({ ms: time - (times[i] ?? time), from: times[i] ?? time })),
  )
  return silences.reduce((longest, one) => (one.ms > longest.ms ? one : longest), { ms: 0, from: 0 })
}

function timesByTask(topic: readonly Read[]): ReadonlyMap<number, readonly number[]> {
  const times = Map.groupBy(topic, taskOf)
  return new Map([...times].map(([task, of]) => [task, of.map(({ timestamp }) => timestamp).sort((a, b) => a - b)]))
}

/** Which task made a record: Datagen says so in a header. */
export function taskOf({ headers }: Read): number {
  return Number(headers['task.id'] ?? 0)
}
