/**
 * Connector configs, target states and task configs: the config topic is the truth, the table has a view of each
 * connector with the topic positions that it reflects (docs/architecture.md, "The config topic has no conditional
 * append").
 */
import { randomUUID } from 'node:crypto'
import { ConnectError } from '../connect/errors.ts'
import type { Item } from './attributes.ts'
import { type ConfigVersion, keepVersions, keptVersions, type Origin, versionOf } from './config-history.ts'
import {
  type ConfigRecord,
  type EncodedRecord,
  encodeConfigRecord,
  type OtherRecord,
  parseConfigRecord,
} from './config-records.ts'
import { applyRecord, type ConnectorConfig, NO_CONFIG } from './connector-config.ts'
import { CONNECTORS, type ConnectorView, connectorKey, type Intent, viewOf } from './connector-view.ts'
import { absent, all, type Condition, equal } from './expression.ts'
import { dropOldParts, loadConfig, storeConfig } from './large-config.ts'
import type { LogRecord, TopicLog } from './log.ts'
import { advanceConfigLog, type ConfigLog, configLog } from './log-positions.ts'
import { encodeLogger, type LoggerChange, type LoggerLevel, type Loggers, parseLogger } from './loggers.ts'
import { type Table, TableGone } from './table.ts'

export type { ConfigChange, ConfigVersion, Origin } from './config-history.ts'
export type { ConfigRecord, OtherRecord, Properties, TargetState } from './config-records.ts'
export type { ConnectorView, Intent } from './connector-view.ts'

/** How long a writer may take, in ms: then another may begin. */
export const INTENT_MS = 5_000
/** A writer that comes later than this to its append, in ms, gives up rather than write into another's time. */
const APPEND_BY_MS = 2_000
const AT_ONCE = 10
/** Of a record's value: a topic takes batches of 1 MiB unless it is told otherwise, as a JVM worker's producer does. */
const RECORD_BYTES = 1_000_000

/** What must still be so for a write to happen; what is left out isn't looked at. */
export interface Expected {
  /** `ConnectorView.configPosition`; null for a connector of which no record was ever seen. */
  readonly configPosition: number | null
  readonly targetPosition?: number
  readonly generation?: number | null
}

export interface Configs {
  /**
   * Applies the topic's tail to the views; answers the position (offset of the next record). Without a tail: one
   * ListOffsets and one read of the table, at once. `TableGone` where the table is lost.
   */
  catchUp(): Promise<number>
  /** A consistent read; null for a connector of which no record was ever seen. A deleted one has `config` null. */
  view(name: string): Promise<ConnectorView | null>
  /** As `view`, of many at once. */
  viewsOf(names: readonly string[]): Promise<ConnectorView[]>
  /** Those with a config; also the deleted ones where asked for. */
  views(options?: { readonly deleted?: boolean }): Promise<ConnectorView[]>
  /**
   * Writes one connector's records in one go, in order, and applies them. 'conflict': not as expected, another writer
   * is at it, or another's record came between; nothing or all may have been written, so look again and decide anew.
   */
  write(
    name: string,
    expected: Expected,
    records: readonly ConfigRecord[],
    origin?: Origin,
  ): Promise<'written' | 'conflict'>
  /** Writes a level of cluster scope (KIP-976), and applies it. */
  setLoggerLevel(logger: string, level: LoggerLevel): Promise<void>
  /** A connector's configs as far as they are kept, the youngest first. */
  history(name: string): Promise<ConfigVersion[]>
}

/** An intent of this process, and the item as it is with it: nobody else changes the config meanwhile. */
interface Held {
  readonly name: string
  readonly intent: Intent
  readonly item: Item
  /** With the view, once the records are in it. */
  cleared: boolean
}

/** Sees the records that no view holds, once or more. */
export type OnOther = (record: OtherRecord | (ConfigRecord & { kind: 'restart' }), position: number) => void

export function createConfigs(table: Table, log: TopicLog, loggers: Loggers, onOther: OnOther = () => {}): Configs {
  return new LoggedConfigs(table, log, loggers, onOther)
}

interface Positioned {
  readonly record: ConfigRecord
  readonly position: number
  readonly timestamp: number
}

interface Made {
  readonly name: string
  readonly versions: readonly ConfigVersion[]
}

class LoggedConfigs implements Configs {
  readonly #table: Table
  readonly #log: TopicLog
  readonly #loggers: Loggers
  readonly #onOther: OnOther
  #incarnation: string | null = null

  constructor(table: Table, log: TopicLog, loggers: Loggers, onOther: OnOther) {
    this.#table = table
    this.#log = log
    this.#loggers = loggers
    this.#onOther = onOther
  }

  async catchUp(): Promise<number> {
    return (await this.#catchUp()).position
  }

  async #catchUp(): Promise<ConfigLog> {
    const asked = this.#log.ends()
    // A lost table is to be known as such, though the topic be missing too.
    asked.catch(() => {})
    const applied = await configLog(this.#table)
    let [end = 0] = await asked
    this.#incarnation = applied.incarnation
    // Others may have written and applied between the two answers.
    if (end < applied.position) [end = 0] = await this.#log.ends()
    if (end < applied.position) throw this.#renewed(end, applied.position)
    const read = applied.position < end ? await this.#log.read([applied.position], [end]) : []
    return this.#reflect(read, applied, end)
  }

  async view(name: string): Promise<ConnectorView | null> {
    const item = await this.#table.get(connectorKey(name))
    const config = item === null ? NO_CONFIG : await this.#configOf(item)
    return item === null || config.position < 0 ? null : viewOf(item, config)
  }

  async viewsOf(names: readonly string[]): Promise<ConnectorView[]> {
    return this.#viewsOf(await this.#table.batchGet(names.map(connectorKey)))
  }

  async views(options: { readonly deleted?: boolean } = {}): Promise<ConnectorView[]> {
    const views = await this.#viewsOf(await this.#table.query(CONNECTORS))
    return options.deleted ? views : views.filter(({ config }) => config !== null)
  }

  #viewsOf(items: readonly Item[]): Promise<ConnectorView[]> {
    return Promise.all(items.map(async (item) => viewOf(item, await this.#configOf(item))))
  }

  async history(name: string): Promise<ConfigVersion[]> {
    const view = await this.view(name)
    return view === null ? [] : keptVersions(this.#table, view)
  }

  async write(
    name: string,
    expected: Expected,
    records: readonly ConfigRecord[],
    origin: Origin | null = null,
  ): Promise<'written' | 'conflict'> {
    if (records.some((record) => record.connector !== name)) throw new TypeError(`All records must be ${name}'s`)
    const encoded = records.map((record) => encodeWithin(record))
    const seen = await this.#catchUp()
    const held = await this.#intend(name, expected, seen, origin)
    if (held === null) return 'conflict'
    if (Date.now() - held.intent.at > APPEND_BY_MS) return this.#giveUp(held)
    const written = await this.#log.append(encoded)
    const end = Math.max(...written.map(({ position }) => position)) + 1
    const read = await this.#log.read([seen.position], [end])
    await this.#reflect(read, seen, end, held)
    if (!held.cleared) await this.#giveUp(held)
    const own = read.filter(({ key, value }) => belongsTo(parseConfigRecord(key, value), name))
    const alone =
      own.length === encoded.length &&
      own.every(({ key, value }, i) => key === encoded[i]?.key && value === encoded[i]?.value)
    return alone ? 'written' : 'conflict'
  }

  async setLoggerLevel(logger: string, level: LoggerLevel): Promise<void> {
    await this.#log.append([encodeLogger(logger, level)])
    await this.#catchUp()
  }

  async #intend(name: string, expected: Expected, log: ConfigLog, origin: Origin | null): Promise<Held | null> {
    const item = await this.#table.get(connectorKey(name))
    if (!isAsExpected(await this.#foldable(item, log), expected)) return null
    const held = (item?.['intent'] ?? null) as Intent | null
    const now = Date.now()
    if (held !== null && now - held.at < INTENT_MS) return null
    const intent: Intent = { id: randomUUID(), at: now, origin }
    const free = held === null ? absent('intent') : equal(['intent', 'id'], held.id)
    const update = { set: [['intent', { ...intent, origin: origin === null ? null : { ...origin } }]] } as const
    const outcome = await this.#table.update(connectorKey(name), update, all(asRead(item), free))
    const set = outcome.item
    const isOurs = outcome.done || (set?.['intent'] as Intent | undefined)?.id === intent.id
    return isOurs && set !== null ? { name, intent, item: set, cleared: false } : null
  }

  async #giveUp({ name, intent }: Held): Promise<'conflict'> {
    await this.#table.update(connectorKey(name), { remove: ['intent'] }, equal(['intent', 'id'], intent.id))
    return 'conflict'
  }

  /** What was read from where the views reflected the topic up to `end` gets into the views. `held`: the writer's. */
  async #reflect(
    read: readonly LogRecord[],
    log: ConfigLog,
    end: number,
    held: Held | null = null,
  ): Promise<ConfigLog> {
    const made = await this.#apply(read, log, held)
    // The history is nice to have: what fails there is no reason to refuse the config.
    const kept = made.map(({ name, versions }) => keepVersions(this.#table, name, versions).catch(() => {}))
    const [reached] = await Promise.all([this.#advance(log, end), ...kept])
    return reached
  }

  async #apply(read: readonly LogRecord[], log: ConfigLog, held: Held | null): Promise<Made[]> {
    const byConnector = new Map<string, Positioned[]>()
    const levels: LoggerChange[] = []
    for (const { key, value, position, timestamp } of read) {
      const record = parseConfigRecord(key, value)
      const level = parseLogger(key, value)
      if (level !== null) levels.push({ ...level, at: timestamp, position })
      else if (record.kind === 'other' || record.kind === 'restart') this.#onOther(record, position)
      else
        byConnector.set(record.connector, [
          ...(byConnector.get(record.connector) ?? []),
          { record, position, timestamp },
        ])
    }
    const waiting = [...byConnector]
    const made: Made[] = []
    const lane = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [name, records] = next
        const versions = await this.#applyTo(name, records, log, held?.name === name ? held : null)
        if (versions.length > 0) made.push({ name, versions })
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    for (const change of levels) await this.#loggers.set(change)
    return made
  }

  /** Answers the versions that have come about by it. */
  async #applyTo(
    name: string,
    records: readonly Positioned[],
    log: ConfigLog,
    held: Held | null,
  ): Promise<ConfigVersion[]> {
    for (let own = held; ; own = null) {
      const item = own?.item ?? (await this.#table.get(connectorKey(name)))
      const before = await this.#foldable(item, log)
      const origin = originOf(item)
      const versions: ConfigVersion[] = []
      let after = before
      for (const { record, position, timestamp } of records) {
        const last = after
        after = applyRecord(last, record, position)
        const version = versionOf(last, after, timestamp, origin)
        if (version !== null) versions.push(version)
      }
      if (after === before) return []
      const stored = await storeConfig(this.#table, name, log.incarnation, after, item)
      const fields = { ...stored, incarnation: log.incarnation }
      const set = Object.entries(fields)
      const outcome =
        own === null
          ? await this.#table.update(connectorKey(name), { set }, asRead(item))
          : await this.#table.update(
              connectorKey(name),
              { set, remove: ['intent'] },
              all(asRead(item), equal(['intent', 'id'], own.intent.id)),
            )
      if (outcome.done) {
        if (own !== null) own.cleared = true
        await dropOldParts(this.#table, name, item, fields)
        return versions
      }
    }
  }

  async #advance({ incarnation, position }: ConfigLog, end: number): Promise<ConfigLog> {
    const reached = { incarnation, position: end }
    if (end > position) await advanceConfigLog(this.#table, reached)
    return reached
  }

  /** The item's config as of the caller's incarnation, to go on from; `TableGone` where that is over. */
  async #foldable(item: Item | null, { incarnation }: ConfigLog): Promise<ConnectorConfig> {
    if (item === null || item['incarnation'] === undefined) return NO_CONFIG
    if (item['incarnation'] === incarnation) return this.#load(item)
    if ((await configLog(this.#table)).incarnation !== incarnation) throw new TableGone(this.#table.name)
    return NO_CONFIG
  }

  async #configOf(item: Item): Promise<ConnectorConfig> {
    const { incarnation } = item
    if (incarnation === undefined) return NO_CONFIG
    if (incarnation !== this.#incarnation) this.#incarnation = (await configLog(this.#table)).incarnation
    return incarnation === this.#incarnation ? this.#load(item) : NO_CONFIG
  }

  #load(item: Item): Promise<ConnectorConfig> {
    return loadConfig(this.#table, String(item['sk']), item)
  }

  #renewed(end: number, position: number): ConnectError {
    const { topic } = this.#log
    return new ConnectError(
      `The config topic ${topic} ends at ${end}, yet the table ${this.#table.name} knows it up to ${position}: the topic was made anew. Delete the table, and it is rebuilt from the topics`,
    )
  }
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

function belongsTo(record: ConfigRecord | OtherRecord, name: string): boolean {
  return record.kind !== 'other' && record.connector === name
}

/** Why the records are written that come now: as the writer's intent says, where one is at it. */
function originOf(item: Item | null): Origin | null {
  const intent = (item?.['intent'] ?? null) as Intent | null
  return intent === null || Date.now() - intent.at >= INTENT_MS ? null : intent.origin
}

function isAsExpected(config: ConnectorConfig, expected: Expected): boolean {
  const { configPosition, targetPosition = config.targetPosition, generation = config.generation } = expected
  if ((configPosition ?? -1) !== config.configPosition) return false
  return targetPosition === config.targetPosition && generation === config.generation
}

/** Nobody has changed the item's config since. */
function asRead(item: Item | null): Condition {
  const { position, incarnation } = item ?? {}
  if (position === undefined || incarnation === undefined) return absent('position')
  return all(equal('position', position), equal('incarnation', incarnation))
}
