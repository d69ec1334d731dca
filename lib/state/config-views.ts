/** The views of the config topic in the table: how they follow it, and what this process knows of them. */
import { ConnectError } from '../connect/errors.ts'
import type { Item } from './attributes.ts'
import { type ConfigVersion, keepVersions, type Origin, versionOf } from './config-history.ts'
import { type ConfigRecord, type OtherRecord, parseConfigRecord } from './config-records.ts'
import { applyRecord, type ConnectorConfig, NO_CONFIG } from './connector-config.ts'
import { connectorKey, type Intent } from './connector-view.ts'
import { absent, all, type Condition, equal } from './expression.ts'
import { dropOldParts, loadConfig, storeConfig } from './large-config.ts'
import type { LogRecord, TopicLog } from './log.ts'
import { advanceConfigLog, type ConfigLog, configLog } from './log-positions.ts'
import { type LoggerChange, type Loggers, parseLogger } from './loggers.ts'
import { RecentConfigs } from './recent-configs.ts'
import { type Table, TableGone } from './table.ts'

/** How long a writer may take, in ms: then another may begin. */
export const INTENT_MS = 5_000
const AT_ONCE = 10

/** Sees the records that no view holds, once or more. */
export type OnOther = (record: OtherRecord | (ConfigRecord & { kind: 'restart' }), position: number) => void

/** An intent of this process, and the item as it is with it: nobody else changes the config meanwhile. */
export interface Held {
  readonly name: string
  readonly intent: Intent
  readonly item: Item
  /** Up to where all views reflected the topic when the intent was set, or further. */
  readonly log: ConfigLog
  /** With the view, once the records are in it. */
  cleared: boolean
}

export interface Positioned {
  readonly record: ConfigRecord
  readonly position: number
  readonly timestamp: number
}

interface Made {
  readonly name: string
  readonly versions: readonly ConfigVersion[]
}

/** A connector's config with some records more. */
export interface Folded {
  readonly config: ConnectorConfig
  /** Those that have come about by it. */
  readonly versions: readonly ConfigVersion[]
}

export class ConfigViews {
  readonly recent = new RecentConfigs()
  readonly table: Table
  readonly log: TopicLog
  readonly onOther: OnOther
  readonly #loggers: Loggers
  #known: ConfigLog | null = null

  constructor(table: Table, log: TopicLog, loggers: Loggers, onOther: OnOther) {
    this.table = table
    this.log = log
    this.onOther = onOther
    this.#loggers = loggers
  }

  /** As this process knows it, without a request: it may be further by now. Null before the first catch-up. */
  get known(): ConfigLog | null {
    return this.#known
  }

  /** Up to where all views reflect the topic. `TableGone` where the table isn't there. */
  async reflected(): Promise<ConfigLog> {
    return this.#knows(await configLog(this.table))
  }

  /** All views reflect the topic up to here. */
  reached(log: ConfigLog): void {
    this.#knows(log)
  }

  #knows(log: ConfigLog): ConfigLog {
    const known = this.#known
    if (known === null || known.incarnation !== log.incarnation || known.position < log.position) this.#known = log
    return log
  }

  async catchUp(): Promise<ConfigLog> {
    const asked = this.log.ends()
    // A lost table is to be known as such, though the topic be missing too.
    asked.catch(() => {})
    const applied = await this.reflected()
    let [end = 0] = await asked
    // Others may have written and applied between the two answers.
    if (end < applied.position) [end = 0] = await this.log.ends()
    if (end < applied.position) throw this.#renewed(end, applied.position)
    const read = applied.position < end ? await this.log.read([applied.position], [end]) : []
    return this.reflect(read, applied, end)
  }

  /** What was read from where the views reflected the topic up to `end` gets into the views. `held`: the writer's. */
  async reflect(read: readonly LogRecord[], log: ConfigLog, end: number, held: Held | null = null): Promise<ConfigLog> {
    const made = await this.#apply(read, log, held)
    // The history is nice to have: what fails there is no reason to refuse the config.
    const kept = made.map(({ name, versions }) => keepVersions(this.table, name, versions).catch(() => {}))
    const [reached] = await Promise.all([this.#advance(log, end), ...kept])
    return this.#knows(reached)
  }

  async #apply(read: readonly LogRecord[], log: ConfigLog, held: Held | null): Promise<Made[]> {
    const byConnector = new Map<string, Positioned[]>()
    const levels: LoggerChange[] = []
    for (const { key, value, position, timestamp } of read) {
      const record = parseConfigRecord(key, value)
      const level = parseLogger(key, value)
      if (level !== null) levels.push({ ...level, at: timestamp, position })
      else if (record.kind === 'other' || record.kind === 'restart') this.onOther(record, position)
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
  ): Promise<readonly ConfigVersion[]> {
    for (let own = held; ; own = null) {
      const item = own?.item ?? (await this.table.get(connectorKey(name)))
      const before = await this.foldable(item, log)
      const { config, versions } = fold(before, records, originOf(item))
      if (config === before) return []
      const stored = await storeConfig(this.table, name, log.incarnation, config, item)
      const fields = { ...stored, incarnation: log.incarnation }
      const set = Object.entries(fields)
      const outcome =
        own === null
          ? await this.table.update(connectorKey(name), { set }, asRead(item))
          : await this.table.update(
              connectorKey(name),
              { set, remove: ['intent'] },
              all(asRead(item), equal(['intent', 'id'], own.intent.id)),
            )
      if (outcome.done) {
        if (own !== null) own.cleared = true
        this.recent.keep(name, fields, config)
        await dropOldParts(this.table, name, item, fields)
        return versions
      }
    }
  }

  async #advance({ incarnation, position }: ConfigLog, end: number): Promise<ConfigLog> {
    const reached = { incarnation, position: end }
    if (end > position) await advanceConfigLog(this.table, reached)
    return reached
  }

  /** The item's config as of the caller's incarnation, to go on from; `TableGone` where that is over. */
  async foldable(item: Item | null, { incarnation }: ConfigLog): Promise<ConnectorConfig> {
    if (item === null || item['incarnation'] === undefined) return NO_CONFIG
    if (item['incarnation'] === incarnation) return this.#load(item)
    if ((await this.reflected()).incarnation !== incarnation) throw new TableGone(this.table.name)
    return NO_CONFIG
  }

  /** The item's config; none where it is of an incarnation that is over. */
  async configOf(item: Item): Promise<ConnectorConfig> {
    const { incarnation } = item
    if (incarnation === undefined) return NO_CONFIG
    const present = incarnation === this.known?.incarnation ? this.known : await this.reflected()
    return incarnation === present.incarnation ? this.#load(item) : NO_CONFIG
  }

  async #load(item: Item): Promise<ConnectorConfig> {
    const known = this.recent.of(item)
    if (known !== null) return known
    const name = String(item['sk'])
    const config = await loadConfig(this.table, name, item)
    this.recent.keep(name, item, config)
    return config
  }

  #renewed(end: number, position: number): ConnectError {
    const { topic } = this.log
    return new ConnectError(
      `The config topic ${topic} ends at ${end}, yet the table ${this.table.name} knows it up to ${position}: the topic was made anew. Delete the table, and it is rebuilt from the topics`,
    )
  }
}

export function fold(before: ConnectorConfig, records: readonly Positioned[], origin: Origin | null): Folded {
  const versions: ConfigVersion[] = []
  let config = before
  for (const { record, position, timestamp } of records) {
    const last = config
    config = applyRecord(last, record, position)
    const version = versionOf(last, config, timestamp, origin)
    if (version !== null) versions.push(version)
  }
  return { config, versions }
}

/** Why the records are written that come now: as the writer's intent says, where one is at it. */
function originOf(item: Item | null): Origin | null {
  const intent = (item?.['intent'] ?? null) as Intent | null
  return intent === null || Date.now() - intent.at >= INTENT_MS ? null : intent.origin
}

/** Nobody has changed the item's config since. */
export function asRead(item: Item | null): Condition {
  const { position, incarnation } = item ?? {}
  if (position === undefined || incarnation === undefined) return absent('position')
  return all(equal('position', position), equal('incarnation', incarnation))
}
