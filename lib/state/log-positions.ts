/**
 * Up to where the views in the table reflect the topics, and whether the table is whole.
 *
 * A table that was lost and made anew is another incarnation: what a process still carries over from the one before
 * must not get into it, for its views would lack what only the other knew.
 */
import type { Item } from './attributes.ts'
import { absent, all, below, equal } from './expression.ts'
import { type ItemUpdate, type Key, type Table, TableGone } from './table.ts'

export interface ConfigLog {
  readonly incarnation: string
  /** Offset of the next record of the config topic's one partition. */
  readonly position: number
}

const CONFIG: Key = { pk: 'log', sk: 'config' }
const STATUS: Key = { pk: 'log', sk: 'status' }
/** Several, as transactions on one item get into each other's way. */
const MARKERS = 16

/** `TableGone` where there is none. */
export async function configLog(table: Table): Promise<ConfigLog> {
  const item = await table.get(CONFIG)
  if (item === null) throw new TableGone(table.name)
  return { incarnation: String(item['incarnation']), position: Number(item['position']) }
}

/** Begins an incarnation, of which nothing is applied yet, unless one has begun. */
export async function beginConfigLog(table: Table, incarnation: string): Promise<void> {
  await table.put(CONFIG, { incarnation, position: 0 }, absent('pk'))
}

/** The views of the incarnation reflect all before `position`. */
export async function advanceConfigLog(table: Table, reached: ConfigLog): Promise<void> {
  const { key, update, condition } = advancing(reached)
  await table.update(key, update, condition)
}

/** `advanceConfigLog` as a part of a greater write; refused where others have gone as far. */
export function advancing({ incarnation, position }: ConfigLog): ItemUpdate {
  const condition = all(equal('incarnation', incarnation), below('position', position))
  return { key: CONFIG, update: { set: [['position', position]] }, condition }
}

/** Offset of the next record of each partition of the status topic. `TableGone` where the table isn't whole. */
export async function statusLog(table: Table): Promise<readonly number[]> {
  const item = await table.get(STATUS)
  if (item === null) throw new TableGone(table.name)
  return item['positions'] as readonly number[]
}

/** Only from where the caller began: others may have gone further. */
export async function advanceStatusLog(table: Table, from: readonly number[], to: readonly number[]): Promise<void> {
  await table.update(STATUS, { set: [['positions', to]] }, equal('positions', from))
}

/** Says that views and leases are all there. */
export async function markWhole(table: Table, positions: readonly number[]): Promise<void> {
  const item: Item = {}
  await Promise.all(Array.from({ length: MARKERS }, (_, shard) => table.put(marker(shard), item)))
  await table.put(STATUS, { positions }, absent('pk'))
}

export async function isWhole(table: Table): Promise<boolean> {
  return (await table.get(STATUS)) !== null
}

/** An item that exists where the table is whole, for conditions; one of several, by a number of the caller's. */
export function wholeMarker(number: number): Key {
  return marker(number % MARKERS)
}

function marker(shard: number): Key {
  return { pk: 'log', sk: `whole#${shard}` }
}
