/**
 * What connectors have used of what is paid for. A task's of the present day rides on the writes of its lease; here is
 * what was filed: a task's days that are over, and what has no lease. Nice to have, and no truth.
 */
import type { Item } from './attributes.ts'
import type { Key, Table } from './table.ts'

export interface Usage {
  readonly gbSeconds: number
  readonly invocations: number
  /** Request units of the table. */
  readonly tableReads: number
  readonly tableWrites: number
  readonly kafkaRequests: number
  readonly restRequests: number
  /** Put on the bus. */
  readonly events: number
  /** Messages of the delay queue. */
  readonly wakes: number
}

export const NO_USAGE: Usage = {
  gbSeconds: 0,
  invocations: 0,
  tableReads: 0,
  tableWrites: 0,
  kafkaRequests: 0,
  restRequests: 0,
  events: 0,
  wakes: 0,
}

/** Of one day, in UTC. */
export interface DayUsage extends Usage {
  /** `2026-01-31`. */
  readonly day: string
  /** When the first of it was used, epoch ms. */
  readonly since: number
}

export interface Filed {
  /** By day; only those asked for that have any. */
  readonly days: ReadonlyMap<string, Usage>
  /** Of all days. */
  readonly total: Usage
  /** When anything was used first, epoch ms. */
  readonly since: number
}

export interface UsageStore {
  /** Adds to what is filed under the name. */
  file(name: string, usage: DayUsage): Promise<void>
  /** Null: nothing was ever filed. */
  of(name: string, days: readonly string[]): Promise<Filed | null>
  /** By name. */
  all(days: readonly string[]): Promise<ReadonlyMap<string, Filed>>
}

export const FIELDS = Object.keys(NO_USAGE) as readonly (keyof Usage)[]

export function plus(a: Usage, b: Usage): Usage {
  return usageOf((field) => a[field] + b[field])
}

export function usageOf(value: (field: keyof Usage) => number): Usage {
  return Object.fromEntries(FIELDS.map((field) => [field, value(field)])) as Record<keyof Usage, number>
}

export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

const TOTAL = 'total'

export function createUsage(table: Table): UsageStore {
  return {
    async file(name, { day, since, ...usage }) {
      const used = FIELDS.filter((field) => usage[field] !== 0)
      if (used.length === 0) return
      const add = used.map((field) => [field, usage[field]] as const)
      await Promise.all([
        table.update(key(day, name), { add }),
        table.update(key(TOTAL, name), { add, setIfAbsent: [['since', since]] }),
      ])
    },
    async of(name, days) {
      const items = await table.batchGet([TOTAL, ...days].map((day) => key(day, name)))
      return gathered(items).get(name) ?? null
    },
    async all(days) {
      return gathered((await Promise.all([TOTAL, ...days].map((day) => table.query(partition(day))))).flat())
    },
  }
}

/** A name's days without its total were filed while they were read: the next look has both. */
function gathered(items: readonly Item[]): Map<string, Filed> {
  const filed = new Map<string, Filed & { readonly days: Map<string, Usage> }>()
  for (const item of items)
    if (item['pk'] === partition(TOTAL))
      filed.set(String(item['sk']), { days: new Map(), total: toUsage(item), since: Number(item['since']) })
  for (const item of items) {
    const day = String(item['pk']).slice(partition('').length)
    if (day !== TOTAL) filed.get(String(item['sk']))?.days.set(day, toUsage(item))
  }
  return filed
}

function toUsage(item: Item): Usage {
  return usageOf((field) => Number(item[field] ?? 0))
}

/** By day, so that all names' of a day are one query. */
function partition(day: string): string {
  return `usage#${day}`
}

function key(day: string, name: string): Key {
  return { pk: partition(day), sk: name }
}
