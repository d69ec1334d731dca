/**
 * Who runs the connectors: Penstock, or a Connect cluster on the same topics. A release stands in the status topic, as
 * `penstock-release`, so that it outlives the table; a JVM worker passes that key by. That workers are there is for the
 * table alone: the next look at their group tells it anew.
 */
import type { Item } from './attributes.ts'
import { absent, any, below } from './expression.ts'
import { isJsonObject, jsonText, tryParseJson } from './json-text.ts'
import type { LogRecord, TopicLog } from './log.ts'
import type { Key, Table } from './table.ts'

export type Custody =
  | { readonly kind: 'penstock' }
  /** Others are in the Connect group, or still in a sink's: nothing is started until they have left. */
  | { readonly kind: 'aside'; readonly since: number; readonly because: string }
  /** Given back by a person. `complete`: nothing runs any more, and the offsets are written for whoever goes on. */
  | { readonly kind: 'released'; readonly since: number; readonly complete: boolean }

export interface CustodyStore {
  /** A consistent read. `looked`: when the groups were last looked at, epoch ms; 0 in a new table. */
  get(): Promise<{ readonly custody: Custody; readonly looked: number }>
  /** As `get`, or as it was within this process's last second: what a write asks before all else. */
  recently(): Promise<Custody>
  /** What a look at the groups has found: who is there, null for nobody. */
  saw(because: string | null, now: number): Promise<void>
  /** Durable in the topic when it resolves; null takes the connectors back. */
  release(release: Release | null): Promise<void>
}

export interface Release {
  /** Epoch ms. */
  readonly at: number
  readonly complete: boolean
}

const KEY = 'penstock-release'
const ITEM: Key = { pk: 'log', sk: 'custody' }
const RECENT_MS = 1_000

export function createCustody(table: Table, log: TopicLog): CustodyStore {
  let last: { readonly custody: Custody; readonly at: number } | null = null

  async function get() {
    const at = Date.now()
    const item = await table.get(ITEM)
    const custody = custodyOf(item)
    last = { custody, at }
    return { custody, looked: Number(item?.['looked'] ?? 0) }
  }

  return {
    get,
    async recently() {
      return last !== null && Date.now() - last.at < RECENT_MS ? last.custody : (await get()).custody
    },
    async saw(because, now) {
      last = null
      if (because === null) await table.update(ITEM, { set: [['looked', now]], remove: ['aside'] })
      else {
        const known = ((await table.get(ITEM))?.['aside'] ?? null) as { readonly since: number } | null
        const aside = { since: known?.since ?? now, because }
        await table.update(ITEM, {
          set: [
            ['looked', now],
            ['aside', aside],
          ],
        })
      }
    },
    async release(release) {
      const value = release === null ? null : jsonText({ ...release })
      const [written] = await log.append([{ key: KEY, value }])
      await apply(table, release, written?.position ?? 0)
      last = null
    },
  }
}

function custodyOf(item: Item | null): Custody {
  const aside = (item?.['aside'] ?? null) as { readonly since: number; readonly because: string } | null
  const release = (item?.['release'] ?? null) as Release | null
  if (release !== null) return { kind: 'released', since: release.at, complete: release.complete }
  return aside === null ? { kind: 'penstock' } : { kind: 'aside', ...aside }
}

/** What a part of the status topic says of it. */
export async function applyRelease(table: Table, records: readonly LogRecord[]): Promise<void> {
  const last = records.findLast(({ key }) => key === KEY)
  if (last !== undefined) await apply(table, parseRelease(last.value), last.position)
}

async function apply(table: Table, release: Release | null, position: number): Promise<void> {
  const set = [
    ['release', release === null ? null : { ...release }],
    ['position', position],
  ] as const
  await table.update(ITEM, { set }, any(absent('position'), below('position', position)))
}

function parseRelease(value: string | null): Release | null {
  const fields = value === null ? null : tryParseJson(value)
  if (!isJsonObject(fields)) return null
  const { at, complete } = fields as { readonly at?: unknown; readonly complete?: unknown }
  return typeof at === 'number' ? { at, complete: complete === true } : null
}
