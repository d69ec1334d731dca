/** HTTP to the REST API of Penstock or of a JVM worker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError, EXIT } from './failure.ts'

export interface Server {
  readonly url: string
  /** The Authorization header; null for none. */
  readonly authorization: string | null
}

export interface ServerInfo {
  readonly version: string
  readonly commit: string
  readonly kafka_cluster_id: string
}

export interface Client {
  readonly url: string
  get<T>(path: string): Promise<T>
  /** The answer's body; null where it has none. `CliError` for every answer other than 2xx. */
  send<T>(method: string, path: string, body?: unknown): Promise<T | null>
  /** Null where the server has no such thing (404) or no such endpoint (404, 405). */
  find<T>(path: string): Promise<T | null>
  info(): Promise<ServerInfo>
  isPenstock(): Promise<boolean>
}

/** As long as a JVM worker may take over a request. */
const TIMEOUT_MS = 90_000
/** How long a JVM worker's rebalance is waited for. */
const REBALANCE_MS = 30_000
const REBALANCE_LOOK_MS = 500

interface Answered {
  readonly status: number
  readonly ok: boolean
  readonly text: string
}

export function createClient({ url, authorization }: Server): Client {
  let asked: Promise<ServerInfo> | undefined

  async function request(method: string, path: string, body?: unknown): Promise<Answered> {
    const headers = {
      accept: 'application/json',
      ...(authorization === null ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    for (const end = Date.now() + REBALANCE_MS; ; await sleep(REBALANCE_LOOK_MS)) {
      const answered = await once(`${url}${path}`, init)
      if (answered.status !== 409 || !/rebalanc|momentarily/i.test(answered.text) || Date.now() > end) return answered
    }
  }

  async function once(address: string, init: RequestInit): Promise<Answered> {
    try {
      const response = await fetch(address, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
      return { status: response.status, ok: response.ok, text: await response.text() }
    } catch (cause) {
      throw unreachable(url, cause as Error)
    }
  }

  async function send<T>(method: string, path: string, body?: unknown): Promise<T | null> {
    const answered = await request(method, path, body)
    if (answered.ok) return parsed<T>(url, answered.text)
    throw await refused(method, path, answered)
  }

  const info = () => {
    asked ??= send<ServerInfo>('GET', '/').then((found) => {
      if (typeof found?.version === 'string') return found
      throw new CliError(EXIT.failed, `What answers at ${url} is not Kafka Connect's REST API`, 'Mend --url')
    })
    return asked
  }
  const isPenstock = async () => (await info()).commit === 'penstock'

  async function refused(method: string, path: string, { status, text }: Answered): Promise<CliError> {
    const message = messageOf(text) ?? `HTTP ${status}`
    if (status === 401 || status === 403)
      return new CliError(EXIT.denied, `${url} refuses: ${message}`, credentialsHint(authorization))
    if (!isMissingEndpoint(status, message)) return new CliError(statusFor(status), message)
    const { version } = await info()
    if (path.startsWith('/penstock/') && !(await isPenstock()))
      return new CliError(
        EXIT.notFound,
        `This needs Penstock: ${url} is a Kafka Connect worker (${version})`,
        'What works with both is in docs/cli.md',
      )
    return new CliError(EXIT.notFound, `${url} (Connect ${version}) has no ${method} ${path.split('?')[0]}`)
  }

  return {
    url,
    send,
    info,
    isPenstock,
    get: async <T>(path: string) => (await send<T>('GET', path)) as T,
    async find<T>(path: string) {
      const answered = await request('GET', path)
      if (answered.ok) return parsed<T>(url, answered.text)
      if (answered.status === 404 || answered.status === 405) return null
      throw await refused('GET', path, answered)
    },
  }
}

/** As Jersey says it of paths and methods that it doesn't have; a connector's absence has other words. */
function isMissingEndpoint(status: number, message: string): boolean {
  return (status === 404 && message === 'HTTP 404 Not Found') || (status === 405 && message.startsWith('HTTP 405'))
}

function statusFor(status: number): number {
  if (status === 404) return EXIT.notFound
  if (status === 502 || status === 503 || status === 504) return EXIT.unreachable
  return EXIT.failed
}

function parsed<T>(url: string, text: string): T | null {
  if (text === '') return null
  try {
    return JSON.parse(text, exact) as T
  } catch (cause) {
    throw new CliError(EXIT.failed, `What answers at ${url} is not Kafka Connect's REST API`, 'Mend --url', cause)
  }
}

/** A reviver: integers that a number can't hold stay as they were sent, as offsets of sources may have them. */
export function exact(_: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  const lossy =
    typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)
  return lossy ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source) : value
}

function messageOf(text: string): string | null {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' && message !== '' ? message : null
  } catch {
    return null
  }
}

function unreachable(url: string, error: Error): CliError {
  const hint = 'Start one with `penstock up`, or name another with --url, PENSTOCK_URL or `penstock context use`'
  if (error.name === 'TimeoutError')
    return new CliError(EXIT.unreachable, `${url} did not answer within ${TIMEOUT_MS / 1000} s`, null, error)
  const cause = error.cause as { code?: string; message?: string } | undefined
  const why = cause?.code ?? cause?.message ?? error.message
  return new CliError(EXIT.unreachable, `No server answers at ${url} (${why})`, hint, error)
}

function credentialsHint(authorization: string | null): string {
  return authorization === null
    ? 'Give credentials with PENSTOCK_TOKEN, with PENSTOCK_USER and PENSTOCK_PASSWORD, or in a context'
    : 'The credentials were sent: they are not the ones it takes'
}

/** Encodes a name for a path. */
export function at(strings: TemplateStringsArray, ...names: readonly string[]): string {
  return strings.reduce((path, text, i) => `${path}${encodeURIComponent(names[i - 1] ?? '')}${text}`)
}
