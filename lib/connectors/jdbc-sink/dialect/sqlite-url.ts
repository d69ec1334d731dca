import { resolve } from 'node:path'
import { ConfigError } from '../../../connect/errors.ts'

const PREFIX = /^jdbc:sqlite:(?:file:)?/

/** Pragmas of the connection that a URL may set, as the JVM driver takes them, and how it stores dates. */
const PRAGMAS = ['journal_mode', 'synchronous', 'busy_timeout', 'foreign_keys', 'cache_size'] as const

/** How long a write waits for another connection's lock: the process waits with it, so retries are to do the rest. */
const BUSY_TIMEOUT_MS = 1000

export interface SqliteUrl {
  readonly path: string
  readonly busyTimeoutMs: number
  /** `PRAGMA name = value`, in the URL's order. */
  readonly pragmas: ReadonlyMap<string, string>
  /** `date_class`: epoch ms, or text in `db.timezone`. */
  readonly dates: 'integer' | 'text'
}

export function isSqliteUrl(url: string): boolean {
  return PREFIX.test(url)
}

/** The database's file; none for a URL of another kind. */
export function sqliteFiles(url: string): readonly string[] {
  if (!isSqliteUrl(url)) return []
  const [path = ''] = url.replace(PREFIX, '').split('?', 1)
  return path === '' ? [] : [path]
}

/** Reads `jdbc:sqlite:/path/file.db?journal_mode=WAL&date_class=TEXT`. `ConfigError` for what isn't known. */
export function parseSqliteUrl(url: string): SqliteUrl {
  const [path = '', query = ''] = url.replace(PREFIX, '').split('?', 2)
  if (path === '' || path === ':memory:' || path.startsWith(':resource:'))
    throw ConfigError.invalid(
      'connection.url',
      url,
      'name a file, as jdbc:sqlite:/path/file.db: a database in memory ends with the task',
    )
  const pragmas = new Map<string, string>()
  let busyTimeoutMs = BUSY_TIMEOUT_MS
  let dates: SqliteUrl['dates'] = 'integer'
  for (const [name, value] of new URLSearchParams(query)) {
    const lower = value.toLowerCase()
    if (name === 'busy_timeout' && /^\d+$/.test(value)) busyTimeoutMs = Number(value)
    else if (name === 'date_class' && (lower === 'integer' || lower === 'text')) dates = lower
    else if ((PRAGMAS as readonly string[]).includes(name) && /^-?\w+$/.test(value)) pragmas.set(name, value)
    else
      throw ConfigError.invalid(
        'connection.url',
        url,
        `${name}=${value} is not known; ${PRAGMAS.join(', ')} and date_class (INTEGER, TEXT) are`,
      )
  }
  return { path: resolve(path), busyTimeoutMs, pragmas, dates }
}
