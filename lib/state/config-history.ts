/**
 * What a connector's configs were, for undo: nice to have, and no truth. A connector has as many places in the table as
 * versions are kept, which the versions take in turn, so that keeping one is one write and nothing has to be cleared.
 */
import type { Attribute, Item } from './attributes.ts'
import type { Properties } from './config-records.ts'
import type { ConnectorConfig } from './connector-config.ts'
import type { ConnectorView } from './connector-view.ts'
import { pack, unpack } from './packed.ts'
import type { ItemUpdate, Key, Table } from './table.ts'

/** Why a config was written; `write`: by a JVM worker, or whoever else writes to the config topic. */
export type ConfigChange = 'create' | 'put' | 'patch' | 'rollback' | 'delete' | 'write'

/** Who writes, and why. */
export interface Origin {
  readonly change: ConfigChange
  /** A user's name. */
  readonly by: string | null
}

export interface ConfigVersion extends Origin {
  /** Counts a connector's configs up from 1, deletions too. */
  readonly version: number
  /** Of the record, epoch ms. */
  readonly time: number
  /** As written, secrets too. Null: deleted. */
  readonly config: Properties | null
}

const KEPT = 50
/** An item holds 400 KB: a longer config has no version. */
const LIMIT = 350_000

/** The version that a record has made; null where the config is as before. */
export function versionOf(
  before: ConnectorConfig,
  after: ConnectorConfig,
  time: number,
  origin: Origin | null,
): ConfigVersion | null {
  if (after.revision === before.revision) return null
  const { revision, config } = after
  return { version: revision, time, change: changeOf(before, after, origin), by: origin?.by ?? null, config }
}

function changeOf(before: ConnectorConfig, { config }: ConnectorConfig, origin: Origin | null): ConfigChange {
  if (config === null) return 'delete'
  if (before.config === null && origin?.change !== 'rollback') return 'create'
  return origin?.change ?? 'write'
}

export async function keepVersions(table: Table, connector: string, versions: readonly ConfigVersion[]): Promise<void> {
  await Promise.all(versionUpdates(connector, versions).map(({ key, update }) => table.update(key, update)))
}

/** What keeps the versions. */
export function versionUpdates(connector: string, versions: readonly ConfigVersion[]): ItemUpdate[] {
  return versions.slice(-KEPT).flatMap(({ config, ...version }): ItemUpdate[] => {
    const packed = pack(config)
    const set = Object.entries<Attribute>({ ...version, config: packed })
    return packed.length > LIMIT ? [] : [{ key: key(connector, version.version), update: { set } }]
  })
}

/** The youngest first. */
export async function keptVersions(table: Table, { name, revision }: Named): Promise<ConfigVersion[]> {
  const versions = (await table.query(partition(name))).map(toVersion)
  return versions.filter(({ version }) => version <= revision).sort((a, b) => b.version - a.version)
}

type Named = Pick<ConnectorView, 'name' | 'revision'>

function toVersion({ version, time, change, by, config }: Item): ConfigVersion {
  return {
    version: Number(version),
    time: Number(time),
    change: change as ConfigChange,
    by: by as string | null,
    config: unpack(config) as Properties | null,
  }
}

function partition(connector: string): string {
  return `history#${connector}`
}

function key(connector: string, version: number): Key {
  return { pk: partition(connector), sk: String(version % KEPT) }
}
