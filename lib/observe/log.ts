/**
 * Logs: a JSON object per line, or lines for people under the local cloud (`PENSTOCK_LOCAL=1`). Passwords print as
 * `[hidden]`.
 */
import { pino } from 'pino'
import type { PluginLog } from '../connect/plugin.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger extends PluginLog {
  /** Lines with `fields` in addition: the connector, the task, the epoch. */
  child(fields: LogFields): Logger
}

export interface LogOptions {
  readonly level?: LogLevel
  readonly pretty?: boolean
  /** Takes each line, with its newline; stdout without it. */
  readonly write?: (line: string) => void
}

/** `fields` are in every line. Lines are written at once: a frozen or killed instance loses none. */
export function logger(fields: LogFields, options: LogOptions = {}): Logger {
  const { level = levelOf(process.env['PENSTOCK_LOG_LEVEL']), pretty = process.env['PENSTOCK_LOCAL'] === '1' } = options
  const write = options.write ?? standardOutput()
  const settings = {
    level,
    base: { ...fields },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const root = pino(settings, { write: pretty ? (line: string) => write(prettyLine(line)) : write })
  return loggerOf(root)
}

interface Lines {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Lines
}

function loggerOf(lines: Lines): Logger {
  return {
    debug: (message, fields = {}) => lines.debug(fields, message),
    info: (message, fields = {}) => lines.info(fields, message),
    warn: (message, fields = {}) => lines.warn(fields, message),
    error: (message, fields = {}) => lines.error(fields, message),
    child: (fields) => loggerOf(lines.child(fields)),
  }
}

function standardOutput(): (line: string) => void {
  const destination = pino.destination({ dest: 1, sync: true })
  return (line) => void destination.write(line)
}

function levelOf(text: string | undefined): LogLevel {
  return text === 'debug' || text === 'warn' || text === 'error' ? text : 'info'
}

/** `12:30:45.678 WARN  orders-0 message key=value`; texts of several lines, as traces, follow below. */
function prettyLine(line: string): string {
  const { time, level, message, connector, task, ...rest } = JSON.parse(line) as Record<string, unknown>
  const who = connector === undefined ? '' : ` ${connector}${task === undefined ? '' : `-${task}`}`
  const below: string[] = []
  const beside = Object.entries(rest).flatMap(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (!text.includes('\n')) return [`${key}=${text}`]
    below.push(`  ${text.replaceAll('\n', '\n  ')}\n`)
    return []
  })
  const head = `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)}${who} ${message}`
  return `${[head, ...beside].join(' ')}\n${below.join('')}`
}
