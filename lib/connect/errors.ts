/**
 * The errors of the runtime. What isn't one of these is unknown, and fatal to the task: retry is opt-in.
 *
 * `javaClass` is what a JVM worker would put into a trace, a dead letter's headers or a REST answer.
 */
export type ErrorKind = 'retriable' | 'data' | 'config' | 'fatal'

export class ConnectError extends Error {
  readonly kind: ErrorKind
  readonly javaClass: string

  constructor(
    message: string,
    options: { readonly kind?: ErrorKind; readonly javaClass?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = options.kind ?? 'fatal'
    this.javaClass = options.javaClass ?? 'org.apache.kafka.connect.errors.ConnectException'
    this.name = new.target.name
  }
}

/** The operation may be tried again with the same records (`RetriableException`). */
export class RetriableError extends ConnectError {
  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'retriable', javaClass: 'org.apache.kafka.connect.errors.RetriableException', cause })
  }
}

/** One record can't be read, changed or written (`DataException`). */
export class DataError extends ConnectError {
  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'data', javaClass: 'org.apache.kafka.connect.errors.DataException', cause })
  }
}

/** A setting is missing or wrong (`org.apache.kafka.common.config.ConfigException`). */
export class ConfigError extends ConnectError {
  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'config', javaClass: 'org.apache.kafka.common.config.ConfigException', cause })
  }

  /** Kafka's own text for a value that a setting refuses. */
  static invalid(name: string, value: unknown, why?: string): ConfigError {
    const text = Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
    return new ConfigError(`Invalid value ${text} for configuration ${name}${why === undefined ? '' : `: ${why}`}`)
  }
}

/** The text of an error with its causes, as a status's `trace` shows it. */
export function trace(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const head =
    error instanceof ConnectError ? `${error.javaClass}: ${error.message}` : `${error.name}: ${error.message}`
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const text = [head, ...frames.map((line) => `\t${line.trim()}`)].join('\n')
  return error.cause === undefined ? text : `${text}\nCaused by: ${trace(error.cause)}`
}
