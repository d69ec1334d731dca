/** A log line, and how it is shown to people. */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * What `logger` writes, as JSON. `connector`, `task`, `epoch` and `slice` (how many the task has had, this one included)
 * and other fields stand where they are known.
 */
export interface LogLine {
  readonly level: LogLevel
  /** ISO 8601, UTC. */
  readonly time: string
  readonly message: string
  readonly connector?: string
  readonly task?: number
  readonly epoch?: number
  readonly slice?: number
  readonly [field: string]: unknown
}

/** Null: no line of ours. */
export function parseLogLine(text: string): LogLine | null {
  if (!text.startsWith('{')) return null
  try {
    const line = JSON.parse(text) as Partial<LogLine>
    const ours = typeof line.time === 'string' && LOG_LEVELS.includes(line.level as LogLevel)
    return ours ? ({ ...line, message: String(line.message ?? '') } as LogLine) : null
  } catch {
    return null
  }
}

/** `12:30:45.678 WARN  orders-0 message key=value`; texts of several lines, as traces, follow below. */
export function prettyLine(line: LogLine, when = line.time.slice(11, 23)): string {
  const { time: _, level, message, connector, task, ...rest } = line
  const who = connector === undefined ? '' : ` ${connector}${task === undefined ? '' : `-${task}`}`
  const below: string[] = []
  const beside = Object.entries(rest).flatMap(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (!text.includes('\n')) return [`${key}=${text}`]
    below.push(`  ${text.replaceAll('\n', '\n  ')}\n`)
    return []
  })
  const head = `${when} ${level.toUpperCase().padEnd(5)}${who} ${message}`
  return `${[head, ...beside].join(' ')}\n${below.join('')}`
}
