/** Where a connector's log lines are had from. */
import type { LogLevel, LogLine } from './log-line.ts'

export interface LogQuery {
  readonly connector: string
  /** Null: of all tasks, and of the connector itself. */
  readonly task: number | null
  /** This one and those above it. */
  readonly level: LogLevel
  /** Epoch ms. */
  readonly since: number
  readonly limit: number
}

export interface LogReader {
  /** The youngest lines, the oldest of them first. */
  read(query: LogQuery): Promise<readonly LogLine[]>
}
