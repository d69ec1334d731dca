/**
 * A connector's config, with its task configs, in the table. What is too long for the connector's item, of 400 KB with
 * its statuses, is in items of its own: `config#NAME`, by the position that it reflects.
 */
import { RetriableError } from '../connect/errors.ts'
import type { Attribute, Item } from './attributes.ts'
import { type ConnectorConfig, configItem, configOf, NO_CONFIG } from './connector-config.ts'
import { pack, unpack } from './packed.ts'
import type { Key, Table } from './table.ts'

/** Bytes in the connector's own item; the traces of failed tasks need the rest. */
const ROOM = 100_000
const PART = 300_000

/** `parts` of the item: whose, and how many; 0 where the item holds the config again, and those of before are still there. */
type Parts = { readonly id: string; readonly count: number }

type Long = Pick<ConnectorConfig, 'config' | 'tasks' | 'pending'>

/** The attributes of the connector's item; the same config at the same position is stored the same by everyone. */
export async function storeConfig(
  table: Table,
  connector: string,
  incarnation: string,
  config: ConnectorConfig,
  before: Item | null,
): Promise<Item> {
  const item = configItem(config)
  const size = lengthOf(item['config']) + lengthOf(item['tasks']) + lengthOf(item['pending'])
  const id = `${incarnation}/${config.position}`
  if (size <= ROOM) return { ...item, parts: (partsOf(before)?.count ?? 0) > 0 ? { id, count: 0 } : null }
  const { tasks, pending } = config
  const long: Long = { config: config.config, tasks, pending }
  const packed = pack(long)
  const bytes = typeof packed === 'string' ? Buffer.from(packed) : packed
  const count = Math.ceil(bytes.length / PART)
  await Promise.all(
    Array.from({ length: count }, (_, part) =>
      table.put(key(connector, id, part), { id, bytes: bytes.subarray(part * PART, (part + 1) * PART) }),
    ),
  )
  const rest = configItem({ ...config, config: NO_CONFIG.config, tasks: [], pending: {} })
  return { ...rest, parts: { id, count } }
}

/** What the connector's item says, with its parts. */
export async function loadConfig(table: Table, connector: string, item: Item): Promise<ConnectorConfig> {
  const parts = partsOf(item)
  if (parts === null || parts.count === 0) return configOf(item)
  const keys = Array.from({ length: parts.count }, (_, part) => key(connector, parts.id, part))
  const found = new Map((await table.batchGet(keys)).map(({ sk, bytes }) => [sk, bytes as Uint8Array]))
  const bytes = keys.flatMap(({ sk }) => found.get(sk) ?? [])
  if (bytes.length < parts.count) throw new RetriableError(`The config of connector ${connector} is being replaced`)
  return { ...configOf(item), ...(unpack(Buffer.concat(bytes)) as Long) }
}

/** Those of neither this item nor the one before it, which someone may still be reading. */
export async function dropOldParts(table: Table, connector: string, before: Item | null, now: Item): Promise<void> {
  if (partsOf(before) === null && partsOf(now) === null) return
  const needed = [partsOf(before)?.id, partsOf(now)?.id]
  const items = await table.query(partition(connector))
  const old = items.filter(({ id }) => !needed.includes(String(id)))
  await Promise.all(old.map(({ sk }) => table.delete({ pk: partition(connector), sk: String(sk) })))
}

function partsOf(item: Item | null): Parts | null {
  return (item?.['parts'] ?? null) as Parts | null
}

function lengthOf(attribute: Attribute | undefined): number {
  return typeof attribute === 'string' || attribute instanceof Uint8Array ? attribute.length : 0
}

function partition(connector: string): string {
  return `config#${connector}`
}

function key(connector: string, id: string, part: number): Key {
  return { pk: partition(connector), sk: `${id}#${String(part).padStart(4, '0')}` }
}
