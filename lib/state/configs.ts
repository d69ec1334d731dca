/**
 * Connector configs, target states and task configs: the config topic is the truth, the table has a view of each
 * connector with the topic positions that it reflects (docs/architecture.md, "The config topic has no conditional
 * append").
 */
import type { Item } from './attributes.ts'
import { type ConfigVersion, keptVersions, type Origin } from './config-history.ts'
import { type ConfigRecord, parseConfigRecord } from './config-records.ts'
import { ConfigViews, type OnOther } from './config-views.ts'
import { type Expected, writeConfig } from './config-write.ts'
import { CONNECTORS, type ConnectorView, connectorKey, viewOf } from './connector-view.ts'
import type { TopicLog } from './log.ts'
import { encodeLogger, type LoggerLevel, type Loggers } from './loggers.ts'
import type { Table } from './table.ts'

export type { ConfigChange, ConfigVersion, Origin } from './config-history.ts'
export type { ConfigRecord, OtherRecord, Properties, TargetState } from './config-records.ts'
export { INTENT_MS, type OnOther } from './config-views.ts'
export type { Expected } from './config-write.ts'
export type { ConnectorView, Intent } from './connector-view.ts'

export interface Configs {
  /**
   * Applies the topic's tail to the views; answers the position (offset of the next record). Without a tail: one
   * ListOffsets and one read of the table, at once. `TableGone` where the table is lost.
   */
  catchUp(): Promise<number>
  /** A consistent read; null for a connector of which no record was ever seen. A deleted one has `config` null. */
  view(name: string): Promise<ConnectorView | null>
  /**
   * As this process saw it last, without its statuses and without a request; null for a connector that it never saw.
   * A write that is decided on it conflicts where that isn't so any more.
   */
  known(name: string): ConnectorView | null
  /** As `view`, of many at once. */
  viewsOf(names: readonly string[]): Promise<ConnectorView[]>
  /** The connectors that the topic's records between two positions are of. */
  changed(from: number, to: number): Promise<ReadonlySet<string>>
  /** Those with a config; also the deleted ones where asked for. */
  views(options?: { readonly deleted?: boolean }): Promise<ConnectorView[]>
  /**
   * Writes one connector's records in one go, in order, and applies them. 'conflict': not as expected, another writer
   * is at it, or another's record came between; nothing or all may have been written, so look again and decide anew.
   * Records that no view reflects yet are seen after the append alone: who must not write upon them catches up before.
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

export function createConfigs(table: Table, log: TopicLog, loggers: Loggers, onOther: OnOther = () => {}): Configs {
  const views = new ConfigViews(table, log, loggers, onOther)

  const viewOfItem = async (item: Item) => viewOf(item, await views.configOf(item))

  async function view(name: string): Promise<ConnectorView | null> {
    const item = await table.get(connectorKey(name))
    const config = item === null ? null : await views.configOf(item)
    return item === null || config === null || config.position < 0 ? null : viewOf(item, config)
  }

  return {
    async catchUp() {
      return (await views.catchUp()).position
    },
    view,
    known(name) {
      const recent = views.recent.get(name)
      return recent === null ? null : viewOf({ sk: name }, recent.config)
    },
    async viewsOf(names) {
      return Promise.all((await table.batchGet(names.map(connectorKey))).map(viewOfItem))
    },
    async views({ deleted = false } = {}) {
      const found = await Promise.all((await table.query(CONNECTORS)).map(viewOfItem))
      return deleted ? found : found.filter(({ config }) => config !== null)
    },
    async changed(from, to) {
      const records = (await log.read([from], [to])).map(({ key, value }) => parseConfigRecord(key, value))
      return new Set(records.flatMap((record) => (record.kind === 'other' ? [] : [record.connector])))
    },
    write: (name, expected, records, origin) => writeConfig(views, name, expected, records, origin ?? null),
    async setLoggerLevel(logger, level) {
      await log.append([encodeLogger(logger, level)])
      await views.catchUp()
    },
    async history(name) {
      const found = await view(name)
      return found === null ? [] : keptVersions(table, found)
    },
  }
}
