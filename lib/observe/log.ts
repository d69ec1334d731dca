/** Logs: a JSON object per line, or lines for people on a terminal. Passwords print as `[hidden]`. */
import { pino } from 'pino'
import type { PluginLog } from '../connect/plugin.ts'
import type { Threshold } from './levels.ts'
import { type LogLevel, type LogLine, prettyLine } from './log-line.ts'
import type { Secrets } from './secrets.ts'

export type LogFields = Readonly<Record<string, unknown>>

export interface Logger extends PluginLog {
  /** Lines with `fields` in addition: the connector, the task, the epoch. */
  child(fields: LogFields): Logger
  /** From now on this logger's own lines have these too. */
  add(fields: LogFields): void
  /** Of this logger's own lines; null is the level it began with. */
  setLevel(level: Threshold | null): void
}

export interface LogOptions {
  readonly level?: LogLevel
  readonly pretty?: boolean
  /** Takes each line, with its newline; stdout without it. */
  readonly write?: (line: string) => void
  /** What no line may show. */
  readonly secrets?: Secrets
}

/** `fields` are in every line. Lines are written at once: a frozen or killed instance loses none. */
export function logger(fields: LogFields, options: LogOptions = {}): Logger {
  const { level = levelOf(process.env['PENSTOCK_LOG_LEVEL']), pretty = process.stdout.isTTY === true } = options
  const { write = standardOutput(), secrets } = options
  const clean = (line: string) => secrets?.scrub(line) ?? line
  const settings = {
    level,
    base: { ...fields },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const root = pino(settings, {
    write: (line: string) => write(pretty ? prettyLine(JSON.parse(clean(line)) as LogLine) : clean(line)),
  })
  return loggerOf(root)
}

interface Lines {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Lines
  setBindings(fields: object): void
  level: string
}

function loggerOf(lines: Lines, own: string = lines.level): Logger {
  return {
    debug: (message, fields = {}) => lines.debug(fields, message),
    info: (message, fields = {}) => lines.info(fields, message),
    warn: (message, fields = {}) => lines.warn(fields, message),
    error: (message, fields = {}) => lines.error(fields, message),
    child: (fields) => loggerOf(lines.child(fields), own),
    add: (fields) => lines.setBindings(fields),
    setLevel: (level) => {
      lines.level = level ?? own
    },
  }
}

/** Written at once, as it is: for what is no log line. */
export function printLine(line: string): void {
  standardOutput()(line)
}

function standardOutput(): (line: string) => void {
  const destination = pino.destination({ dest: 1, sync: true })
  return (line) => void destination.write(line)
}

function levelOf(text: string | undefined): LogLevel {
  return text === 'debug' || text === 'warn' || text === 'error' ? text : 'info'
}
