/**
 * Connector configs, target states and task configs: the config topic is the truth, the table has a view of each
 * connector with the topic positions that it reflects (docs/architecture.md, "The config topic has no conditional
 * append").
 */
import { randomUUID } from 'node:crypto'
import { ConnectError } from '../connect/errors.ts'
import type { Item } from './attributes.ts'
import { type ConfigRecord, encodeConfigRecord, type OtherRecord, parseConfigRecord } from './config-records.ts'
import { applyRecord, type ConnectorConfig, configItem, configOf, NO_CONFIG } from './connector-config.ts'
import { CONNECTORS, type ConnectorView, connectorKey, type Intent, viewOf } from './connector-view.ts'
import { absent, all, type Condition, equal } from './expression.ts'
import type { LogRecord, TopicLog } from './log.ts'
import { advanceConfigLog, type ConfigLog, configLog } from './log-positions.ts'
import { type Table, TableGone } from './table.ts'

export type { ConfigRecord, OtherRecord, Properties, TargetState } from './config-records.ts'
export type { ConnectorView, Intent } from './connector-view.ts'

/** How long a writer may take, in ms: then another may begin. */
export const INTENT_MS = 5_000
/** A writer that comes later than this to its append, in ms, gives up rather than write into another's time. */
const APPEND_BY_MS = 2_000
const AT_ONCE = 10

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
  /** Those with a config; also the deleted ones where asked for. */
  views(options?: { readonly deleted?: boolean }): Promise<ConnectorView[]>
  /**
   * Writes one connector's records in one go, in order, and applies them. 'conflict': not as expected, another writer
   * is at it, or another's record came between; nothing or all may have been written, so look again and decide anew.
   */
  write(name: string, expected: Expected, records: readonly ConfigRecord[]): Promise<'written' | 'conflict'>
}

/** Sees the records that no view holds, once or more. */
export type OnOther = (record: OtherRecord | (ConfigRecord & { kind: 'restart' }), position: number) => void

export function createConfigs(table: Table, log: TopicLog, onOther: OnOther = () => {}): Configs {
  return new LoggedConfigs(table, log, onOther)
}

interface Positioned {
  readonly record: ConfigRecord
  readonly position: number
}

class LoggedConfigs implements Configs {
  readonly #table: Table
  readonly #log: TopicLog
  readonly #onOther: OnOther
  #incarnation: string | null = null

  constructor(table: Table, log: TopicLog, onOther: OnOther) {
    this.#table = table
    this.#log = log
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
    if (applied.position < end) await this.#apply(await this.#log.read([applied.position], [end]), applied)
    return this.#advance(applied, end)
  }

  async view(name: string): Promise<ConnectorView | null> {
    const item = await this.#table.get(connectorKey(name))
    const config = item === null ? NO_CONFIG : await this.#configOf(item)
    return item === null || config.position < 0 ? null : viewOf(item, config)
  }

  async views(options: { readonly deleted?: boolean } = {}): Promise<ConnectorView[]> {
    const items = await this.#table.query(CONNECTORS)
    const views = await Promise.all(items.map(async (item) => viewOf(item, await this.#configOf(item))))
    return options.deleted ? views : views.filter(({ config }) => config !== null)
  }

  async write(name: string, expected: Expected, records: readonly ConfigRecord[]): Promise<'written' | 'conflict'> {
    if (records.some((record) => record.connector !== name)) throw new TypeError(`All records must be ${name}'s`)
    const seen = await this.#catchUp()
    const intent = await this.#intend(name, expected, seen)
    if (intent === null) return 'conflict'
    if (Date.now() - intent.at > APPEND_BY_MS) return this.#giveUp(name, intent)
    const encoded = records.map(encodeConfigRecord)
    const written = await this.#log.append(encoded)
    const end = Math.max(...written.map(({ position }) => position)) + 1
    const read = await this.#log.read([seen.position], [end])
    await this.#apply(read, seen)
    await this.#advance(seen, end)
    await this.#giveUp(name, intent)
    const own = read.filter(({ key, value }) => belongsTo(parseConfigRecord(key, value), name))
    const alone =
      own.length === encoded.length &&
      own.every(({ key, value }, i) => key === encoded[i]?.key && value === encoded[i]?.value)
    return alone ? 'written' : 'conflict'
  }

  async #intend(name: string, expected: Expected, log: ConfigLog): Promise<Intent | null> {
    const item = await this.#table.get(connectorKey(name))
    if (!isAsExpected(await this.#foldable(item, log), expected)) return null
    const held = (item?.['intent'] ?? null) as Intent | null
    const now = Date.now()
    if (held !== null && now - held.at < INTENT_MS) return null
    const intent: Intent = { id: randomUUID(), at: now }
    const free = held === null ? absent('intent') : equal(['intent', 'id'], held.id)
    const update = { set: [['intent', { ...intent }]] } as const
    const outcome = await this.#table.update(connectorKey(name), update, all(asRead(item), free))
    return outcome.done || (outcome.item?.['intent'] as Intent | undefined)?.id === intent.id ? intent : null
  }

  async #giveUp(name: string, { id }: Intent): Promise<'conflict'> {
    await this.#table.update(connectorKey(name), { remove: ['intent'] }, equal(['intent', 'id'], id))
    return 'conflict'
  }

  /** `log`: the position to which the views reflected the topic when the records were read, from there on. */
  async #apply(read: readonly LogRecord[], log: ConfigLog): Promise<void> {
    const byConnector = new Map<string, Positioned[]>()
    for (const { key, value, position } of read) {
      const record = parseConfigRecord(key, value)
      if (record.kind === 'other' || record.kind === 'restart') this.#onOther(record, position)
      else byConnector.set(record.connector, [...(byConnector.get(record.connector) ?? []), { record, position }])
    }
    const waiting = [...byConnector]
    const lane = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await this.#applyTo(...next, log)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  }

  async #applyTo(name: string, records: readonly Positioned[], log: ConfigLog): Promise<void> {
    for (;;) {
      const item = await this.#table.get(connectorKey(name))
      const before = await this.#foldable(item, log)
      const after = records.reduce((config, { record, position }) => applyRecord(config, record, position), before)
      if (after === before) return
      const fields = { ...configItem(after), incarnation: log.incarnation }
      const outcome = await this.#table.update(connectorKey(name), { set: Object.entries(fields) }, asRead(item))
      if (outcome.done) return
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
    if (item['incarnation'] === incarnation) return configOf(item)
    if ((await configLog(this.#table)).incarnation !== incarnation) throw new TableGone(this.#table.name)
    return NO_CONFIG
  }

  async #configOf(item: Item): Promise<ConnectorConfig> {
    const { incarnation } = item
    if (incarnation === undefined) return NO_CONFIG
    if (incarnation !== this.#incarnation) this.#incarnation = (await configLog(this.#table)).incarnation
    return incarnation === this.#incarnation ? configOf(item) : NO_CONFIG
  }

  #renewed(end: number, position: number): ConnectError {
    const { topic } = this.#log
    return new ConnectError(
      `The config topic ${topic} ends at ${end}, yet the table ${this.#table.name} knows it up to ${position}: the topic was made anew. Delete the table, and it is rebuilt from the topics`,
    )
  }
}

function belongsTo(record: ConfigRecord | OtherRecord, name: string): boolean {
  return record.kind !== 'other' && record.connector === name
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
