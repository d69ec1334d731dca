/**
 * A write to the config topic, which has no conditional append (docs/architecture.md): an intent on the connector's item,
 * the append, and the view. Where nobody else was at it that is one request to Kafka and two to the table; where the
 * append tells that others may have been, what they wrote is read back.
 */
import { randomUUID } from 'node:crypto'
import { ConnectError } from '../connect/errors.ts'
import type { Item } from './attributes.ts'
import { type Origin, versionUpdates } from './config-history.ts'
import {
  type ConfigRecord,
  type EncodedRecord,
  encodeConfigRecord,
  type OtherRecord,
  parseConfigRecord,
} from './config-records.ts'
import { asRead, type ConfigViews, fold, type Held, INTENT_MS, type Positioned } from './config-views.ts'
import { type ConnectorConfig, NO_CONFIG } from './connector-config.ts'
import { connectorKey, type Intent } from './connector-view.ts'
import { absent, all, type Condition, equal } from './expression.ts'
import { storeConfig } from './large-config.ts'
import { advancing } from './log-positions.ts'
import { type Outcome, TableGone } from './table.ts'

/** What must still be so for a write to happen; what is left out isn't looked at. */
export interface Expected {
  /** `ConnectorView.configPosition`; null for a connector of which no record was ever seen. */
  readonly configPosition: number | null
  readonly targetPosition?: number
  readonly generation?: number | null
}

/** A writer that comes later than this to its append, in ms, gives up rather than write into another's time. */
const APPEND_BY_MS = 2_000
/** Of a record's value: a topic takes batches of 1 MiB unless it is told otherwise, as a JVM worker's producer does. */
const RECORD_BYTES = 1_000_000
/** Of all records: so many are one batch, with nothing in between, and have room in the connector's item. */
const AT_ONCE_BYTES = 100_000

/** `Configs.write`. */
export async function writeConfig(
  views: ConfigViews,
  name: string,
  expected: Expected,
  records: readonly ConfigRecord[],
  origin: Origin | null,
): Promise<'written' | 'conflict'> {
  if (records.some((record) => record.connector !== name)) throw new TypeError(`All records must be ${name}'s`)
  const encoded = records.map((record) => encodeWithin(record))
  const held = await intend(views, name, expected, origin)
  if (held === null) return 'conflict'
  const appendedAt = Date.now()
  if (appendedAt - held.intent.at > APPEND_BY_MS) return giveUp(views, held)
  const written = await views.log.append(encoded)
  const base = Math.min(...written.map(({ position }) => position))
  // As whoever reads them will have them.
  const own = encoded.flatMap(({ key, value }, i): Positioned[] => {
    const record = parseConfigRecord(key, value)
    return belongsTo(record, name) ? [{ record, position: base + i, timestamp: appendedAt }] : []
  })
  const isPlain = own.length === encoded.length && bytesOf(encoded) <= AT_ONCE_BYTES
  if (isPlain && (await applyAtOnce(views, held, own))) return 'written'
  return readBack(views, held, encoded, base + encoded.length)
}

/** Sets the intent upon what this process knows of the connector; where that isn't as expected, upon what is there. */
async function intend(
  views: ConfigViews,
  name: string,
  expected: Expected,
  origin: Origin | null,
): Promise<Held | null> {
  const { known } = views
  const recent = views.recent.get(name)
  const isOfOld = recent !== null && recent.incarnation !== known?.incarnation
  if (known === null || isOfOld || !isAsExpected(recent?.config ?? NO_CONFIG, expected))
    return intendAfterLook(views, name, expected, origin)
  const seen = recent === null ? null : { incarnation: recent.incarnation, position: recent.config.position }
  // That there is nothing of a connector proves nothing unless the table is whole.
  const [{ held, item }, { incarnation }] = await Promise.all([
    setIntent(views, name, all(asRead(seen), absent('intent')), origin),
    recent === null ? views.reflected() : known,
  ])
  if (held !== null && incarnation === known.incarnation) return { ...held, log: known }
  if (held !== null) await giveUp(views, held)
  const intent = (item?.['intent'] ?? null) as Intent | null
  if (isLive(intent)) return null
  const isStale = item !== null && item['incarnation'] === known.incarnation && intent === null
  if (!isStale) return intendAfterLook(views, name, expected, origin)
  // Others have changed it since: that is known now, and whoever has decided on less decides anew.
  await views.configOf(item)
  return null
}

type IntentSet = { readonly held: Omit<Held, 'log'> | null; readonly item: Item | null }

async function setIntent(
  { table }: ConfigViews,
  name: string,
  condition: Condition,
  origin: Origin | null,
): Promise<IntentSet> {
  const intent: Intent = { id: randomUUID(), at: Date.now(), origin }
  const update = { set: [['intent', { ...intent, origin: origin === null ? null : { ...origin } }]] } as const
  const { done, item }: Outcome = await table.update(connectorKey(name), update, condition)
  // An answer that was lost makes the SDK ask twice.
  const isOurs = done || (item?.['intent'] as Intent | undefined)?.id === intent.id
  return { held: isOurs && item !== null ? { name, intent, item, cleared: false } : null, item }
}

/** Upon all that the topic holds: a void intent is of a writer that has perhaps appended. */
async function intendAfterLook(
  views: ConfigViews,
  name: string,
  expected: Expected,
  origin: Origin | null,
): Promise<Held | null> {
  const log = await views.catchUp()
  const item = await views.table.get(connectorKey(name))
  if (!isAsExpected(await views.foldable(item, log), expected)) return null
  const before = (item?.['intent'] ?? null) as Intent | null
  if (isLive(before)) return null
  const free = before === null ? absent('intent') : equal(['intent', 'id'], before.id)
  const { held } = await setIntent(views, name, all(asRead(item), free), origin)
  return held === null ? null : { ...held, log }
}

/** The view, without the intent, the log's position and the history in one write; false where others may have been. */
async function applyAtOnce(views: ConfigViews, held: Held, own: readonly Positioned[]): Promise<boolean> {
  const { name, item, intent } = held
  const [base, end] = [own[0]?.position ?? 0, (own.at(-1)?.position ?? 0) + 1]
  const log = views.known?.position === base ? views.known : await views.reflected()
  if (log.position < base || log.incarnation !== held.log.incarnation) return false
  const before = await views.foldable(item, log)
  const { config, versions } = fold(
    before,
    own.filter(({ record }) => record.kind !== 'restart'),
    intent.origin,
  )
  const stored = await storeConfig(views.table, name, log.incarnation, config, item)
  if (stored['parts'] !== null) return false
  const fields = { ...stored, incarnation: log.incarnation }
  const set = config === before ? [] : Object.entries(fields)
  const condition = all(asRead(item), equal(['intent', 'id'], intent.id))
  const reached = { incarnation: log.incarnation, position: end }
  const done = await views.table.updateAll([
    { key: connectorKey(name), update: { set, remove: ['intent'] }, condition },
    advancing(reached),
    ...versionUpdates(name, versions),
  ])
  if (!done) return false
  if (config !== before) views.recent.keep(name, fields, config)
  views.reached(reached)
  for (const { record, position } of own) if (record.kind === 'restart') views.onOther(record, position)
  return true
}

/** Applies what has come since the intent, others' records too. */
async function readBack(
  views: ConfigViews,
  held: Held,
  encoded: readonly EncodedRecord[],
  end: number,
): Promise<'written' | 'conflict'> {
  const read = await views.log.read([held.log.position], [end])
  const log = await views.reflected()
  if (log.incarnation !== held.log.incarnation) throw new TableGone(views.table.name)
  const unapplied = read.filter(({ position }) => position >= log.position)
  await views.reflect(unapplied, log, end, held)
  if (!held.cleared) await giveUp(views, held)
  const decidedOn = Number(held.item['position'] ?? -1)
  const since = read.filter(({ key, value, position }) => {
    return position > decidedOn && belongsTo(parseConfigRecord(key, value), held.name)
  })
  const alone =
    since.length === encoded.length &&
    since.every(({ key, value }, i) => key === encoded[i]?.key && value === encoded[i]?.value)
  return alone ? 'written' : 'conflict'
}

async function giveUp({ table }: ConfigViews, { name, intent }: Omit<Held, 'log'>): Promise<'conflict'> {
  await table.update(connectorKey(name), { remove: ['intent'] }, equal(['intent', 'id'], intent.id))
  return 'conflict'
}

/** Rejects what no record can hold: a request for it is answered with 500, as by Connect. */
function encodeWithin(record: ConfigRecord): EncodedRecord {
  const encoded = encodeConfigRecord(record)
  const bytes = Buffer.byteLength(encoded.value ?? '')
  if (bytes <= RECORD_BYTES) return encoded
  const what = record.kind === 'task' ? `config of task ${record.task} of connector` : 'config of connector'
  throw new ConnectError(
    `The ${what} ${record.connector} has ${bytes} bytes, and a record of the config topic holds ${RECORD_BYTES}. Keep long values elsewhere, and refer to them by a config provider: \${file:...}`,
  )
}

function bytesOf(encoded: readonly EncodedRecord[]): number {
  return encoded.reduce((sum, { key, value }) => sum + key.length + Buffer.byteLength(value ?? ''), 0)
}

function belongsTo(record: ConfigRecord | OtherRecord, name: string): record is ConfigRecord {
  return record.kind !== 'other' && record.connector === name
}

function isLive(intent: Intent | null): boolean {
  return intent !== null && Date.now() - intent.at < INTENT_MS
}

function isAsExpected(config: ConnectorConfig, expected: Expected): boolean {
  const { configPosition, targetPosition = config.targetPosition, generation = config.generation } = expected
  if ((configPosition ?? -1) !== config.configPosition) return false
  return targetPosition === config.targetPosition && generation === config.generation
}
