/**
 * The levels of loggers as users set them (KIP-495, KIP-976): all in one item of the table; those of cluster scope also
 * in the config topic, `logger-cluster-NAME`, where JVM workers read them.
 */
import type { Item } from './attributes.ts'
import type { EncodedRecord } from './config-records.ts'
import { absent, equal } from './expression.ts'
import { isJsonObject, jsonText, tryParseJson } from './json-text.ts'
import type { Key, Table } from './table.ts'

/** log4j's. */
export const LOGGER_LEVELS = ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL'] as const
export type LoggerLevel = (typeof LOGGER_LEVELS)[number]

export const ROOT_LOGGER = 'root'

export interface LoggerState {
  readonly level: LoggerLevel
  /** Epoch ms. */
  readonly lastModified: number
}

export interface LoggerChange {
  readonly logger: string
  readonly level: LoggerLevel
  /** Epoch ms. */
  readonly at: number
  /** Of the record in the config topic: one that isn't newer than the last changes nothing. */
  readonly position?: number
}

export interface Loggers {
  /** Those that were set, by name. */
  all(): Promise<ReadonlyMap<string, LoggerState>>
  /** Sets a logger and those that were set below it; answers the names whose level is another now. */
  set(change: LoggerChange): Promise<readonly string[]>
}

const PREFIX = 'logger-cluster-'

export function encodeLogger(logger: string, level: LoggerLevel): EncodedRecord {
  return { key: PREFIX + logger, value: jsonText({ level }) }
}

/** Null for another record, and for a level that nobody knows. */
export function parseLogger(
  key: string,
  value: string | null,
): { readonly logger: string; readonly level: LoggerLevel } | null {
  if (!key.startsWith(PREFIX) || value === null) return null
  const fields = tryParseJson(value)
  const level = isJsonObject(fields) && typeof fields['level'] === 'string' ? loggerLevel(fields['level']) : null
  return level === null ? null : { logger: key.slice(PREFIX.length), level }
}

/** In any case, with blanks around it. */
export function loggerLevel(text: string): LoggerLevel | null {
  return LOGGER_LEVELS.find((level) => level === text.trim().toUpperCase()) ?? null
}

const KEY: Key = { pk: 'log', sk: 'loggers' }

type States = Readonly<Record<string, { readonly level: LoggerLevel; readonly lastModified: number }>>

export function createLoggers(table: Table): Loggers {
  return {
    async all() {
      return new Map(Object.entries(statesOf(await table.get(KEY))))
    },
    async set(change) {
      for (;;) {
        const item = await table.get(KEY)
        const reached = Number(item?.['position'] ?? -1)
        if (change.position !== undefined && change.position <= reached) return []
        const { states, changed } = changedBy(statesOf(item), change)
        const revision = Number(item?.['revision'] ?? 0)
        const next: Item = { states, revision: revision + 1, position: change.position ?? reached }
        const condition = item === null ? absent('pk') : equal('revision', revision)
        if (await table.put(KEY, next, condition)) return changed
      }
    },
  }
}

function statesOf(item: Item | null): States {
  return (item?.['states'] ?? {}) as States
}

/** As Connect's `Loggers`: all known names that begin with the logger's, each by itself; the root's are all. */
function changedBy(
  before: States,
  { logger, level, at }: LoggerChange,
): { readonly states: States; readonly changed: string[] } {
  const isRoot = logger.toLowerCase() === ROOT_LOGGER
  const own = isRoot ? ROOT_LOGGER : logger
  const below = Object.keys(before).filter((name) => isRoot || (name !== ROOT_LOGGER && name.startsWith(own)))
  const changed = [...new Set([own, ...below])].filter((name) => before[name]?.level !== level)
  const after = Object.fromEntries(changed.map((name) => [name, { level, lastModified: at }]))
  return { states: { ...before, ...after }, changed: changed.sort() }
}
