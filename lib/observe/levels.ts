/** Which of log4j's levels a log has: the nearest one of a name's ancestors, as `a.b` is of `a.b.c`, else the root's. */
/** Lines below it are left out; pino's words. */
export type Threshold = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

const THRESHOLDS: Readonly<Record<string, Threshold>> = {
  ALL: 'trace',
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
  OFF: 'silent',
}

/** `names`: what the log goes by, the name that counts first before the others. Null where no level was set. */
export function threshold(set: ReadonlyMap<string, string>, names: readonly string[]): Threshold | null {
  const found = names.map((name) => nearest(set, name)).find((level) => level !== undefined) ?? set.get('root')
  return found === undefined ? null : (THRESHOLDS[found] ?? null)
}

function nearest(set: ReadonlyMap<string, string>, name: string): string | undefined {
  for (let end = name.length; end > 0; end = name.lastIndexOf('.', end - 1)) {
    const level = set.get(name.slice(0, end))
    if (level !== undefined) return level
  }
  return undefined
}
