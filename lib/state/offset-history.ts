/**
 * What a connector's offsets were before each change that a user made, for undo: nice to have, and no truth. As in
 * config-history.ts the versions take a fixed number of places in turn.
 */
import type { Item } from './attributes.ts'
import { absent, any, below } from './expression.ts'
import { pack, unpack } from './packed.ts'
import type { Key, Table } from './table.ts'

export interface OffsetChangeOrigin {
  readonly change: 'alter' | 'reset' | 'undo'
  /** A user's name. */
  readonly by: string | null
}

export interface OffsetVersion extends OffsetChangeOrigin {
  /** Counts a connector's changes up from 1. */
  readonly version: number
  /** Epoch ms. */
  readonly time: number
  /** All there were before the change, as the JSON text of an array of `{partition, offset}`. */
  readonly before: string
}

export interface OffsetHistory {
  /** The youngest first. */
  all(connector: string): Promise<OffsetVersion[]>
  /** False where there is too much of it to be kept. */
  keep(connector: string, change: Omit<OffsetVersion, 'version'>): Promise<boolean>
}

const KEPT = 20
/** An item holds 400 KB. */
const LIMIT = 350_000

export function createOffsetHistory(table: Table): OffsetHistory {
  const all = async (connector: string) => {
    const versions = (await table.query(partition(connector))).map(toVersion)
    return versions.sort((a, b) => b.version - a.version)
  }
  return {
    all,
    async keep(connector, { before, ...change }) {
      const packed = pack(before)
      if (packed.length > LIMIT) return false
      for (;;) {
        const [last] = await all(connector)
        const version = (last?.version ?? 0) + 1
        const free = any(absent('pk'), below('version', version))
        if (await table.put(key(connector, version), { ...change, version, before: packed }, free)) return true
      }
    },
  }
}

function toVersion({ version, time, change, by, before }: Item): OffsetVersion {
  return {
    version: Number(version),
    time: Number(time),
    change: change as OffsetVersion['change'],
    by: by as string | null,
    before: unpack(before) as string,
  }
}

function partition(connector: string): string {
  return `offset-history#${connector}`
}

function key(connector: string, version: number): Key {
  return { pk: partition(connector), sk: String(version % KEPT) }
}
