/** What a REST endpoint gets and gives; the HTTP around it is in app.ts, its description in openapi.ts. */
import { described, integer, named, object, type Schema, text } from './schema.ts'

export interface Call {
  /** The path's connector or plugin name, decoded. */
  readonly name: string
  /** The path's task number. */
  readonly task: number
  readonly query: URLSearchParams
  /** Who has logged in by name; null where nobody has to. */
  readonly user: string | null
  /** The body as JSON. `RestError` 400 where it is none, 415 where it has no Content-Type. */
  json(): Promise<unknown>
  /** The body as it was sent. */
  text(): Promise<string>
}

export interface Answer {
  readonly status: number
  /** Absent: no body, and no Content-Type. */
  readonly body?: unknown
  /** The body, where it is text already: JSON, or what the route produces. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `:name` and `:task`. */
  readonly path: string
  /** One line; this and what follows is what the OpenAPI document says. */
  readonly summary?: string
  /** Query parameters by name; none has to be there. */
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: Schema
  /** The media type of its answers; absent: JSON. */
  readonly produces?: 'application/json' | 'text/plain'
  /** What an answer holds, by status; null: no body. Errors needn't be named: they all are `{error_code, message}`. */
  readonly answers?: Readonly<Record<number, Schema | null>>
  handle(call: Call): Promise<Answer>
}

export const errorMessage = named(
  'ErrorMessage',
  object({ error_code: described('The status', integer), message: text }),
)

/** An answer of `{error_code, message}`. */
export class RestError extends Error {
  override readonly name = 'RestError'
  readonly status: number
  /** False for what Connect's HTTP layer says itself: such answers have no Content-Type. */
  readonly typed: boolean

  constructor(status: number, message: string, options: { readonly cause?: unknown; readonly typed?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.typed = options.typed ?? true
  }
}

export const badRequest = (message: string): RestError => new RestError(400, message)
export const notFound = (message: string): RestError => new RestError(404, message)
export const conflict = (message: string): RestError => new RestError(409, message)

const REASONS: Readonly<Record<number, string>> = {
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  415: 'Unsupported Media Type',
}

/** As Jersey words it: `HTTP 404 Not Found`. */
export function httpError(status: 404 | 405 | 406 | 415, typed = false): RestError {
  return new RestError(status, `HTTP ${status} ${REASONS[status]}`, { typed })
}

export const ok = (body: unknown): Answer => ({ status: 200, body })
export const accepted = (body?: unknown): Answer => (body === undefined ? { status: 202 } : { status: 202, body })
export const noContent: Answer = { status: 204 }

/** A query parameter as Java's `Boolean.parseBoolean` reads it. */
export function flag(call: Call, name: string, fallback = false): boolean {
  const text = call.query.get(name)
  return text === null ? fallback : text.toLowerCase() === 'true'
}
