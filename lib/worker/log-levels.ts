/** Levels of loggers that users have set, on the functions' own logs. */
import { threshold } from '../observe/levels.ts'
import type { Logger } from '../observe/log.ts'
import type { Loggers } from '../state/loggers.ts'

export interface LogLevels {
  /** Looks what was set since; not more often than each 5 s. A look that fails changes nothing. */
  refresh(): Promise<void>
  /** Gives the log the level that was set of these names, the first before the others, or its default. */
  apply(log: Logger, names: readonly string[]): void
}

const FRESH_MS = 5_000

export function logLevels(loggers: Loggers): LogLevels {
  let set: ReadonlyMap<string, string> = new Map()
  let looked = 0
  return {
    async refresh() {
      if (Date.now() - looked < FRESH_MS) return
      looked = Date.now()
      const found = await loggers.all().catch(() => null)
      if (found !== null) set = new Map([...found].map(([name, { level }]) => [name, level]))
    },
    apply: (log, names) => log.setLevel(threshold(set, names)),
  }
}
