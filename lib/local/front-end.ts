/**
 * HTTP, on loopback unless told otherwise, as API Gateway would: requests become events of the REST function. Answers by itself what only
 * the local cloud knows (`/penstock/instances`, `/penstock/local`), and `/health` while a part isn't standing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RawConfig } from '../connect/settings.ts'
import type { Access } from '../rest/access.ts'
import { type Listener, listen } from '../rest/listeners.ts'
import type { Outcome } from './function-config.ts'
import { type HttpEvent, sendAnswer, toEvent } from './http-event.ts'
import { LocalError } from './local-error.ts'
import type { Part } from './part.ts'
import { BodyTooLarge, readBody } from './runtime-api.ts'

const BODY_LIMIT = 6 * 1024 * 1024

/** What is behind the front end, once it stands. */
interface Backend {
  rest(event: HttpEvent): Promise<Outcome>
  /** Who may see the pages; what the functions answer they guard themselves. */
  readonly access: Access
  /** The answers of this server itself, by path. */
  readonly pages: Readonly<Record<string, () => Promise<unknown>>>
  /** Parts that have ended though they shouldn't have. */
  down(): readonly string[]
}

export interface FrontEnd extends Part {
  readonly host: string
  readonly port: number
  /** Until then every request is answered with 503. */
  open(backend: Backend): void
}

/** `raw`: the worker's settings, of `ssl.*`. `LocalError` where a port is taken, `ConfigError` for a keystore that can't be used. */
export async function startFrontEnd(listeners: readonly Listener[], raw: RawConfig): Promise<FrontEnd> {
  let backend: Backend | null = null
  const listening = await listen(listeners, raw, (request, response) => {
    respond(backend, request, response).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) refuse(response, 413, `A request may have ${BODY_LIMIT} bytes`)
      else refuse(response, 500, error instanceof Error ? error.message : String(error))
    })
  }).catch((error: NodeJS.ErrnoException) => {
    throw listenError(error)
  })
  const { url: address, host, port } = listening
  return {
    address,
    host,
    port,
    pid: process.pid,
    open(opened) {
      backend = opened
    },
    stop: () => listening.close(),
  }
}

function listenError(error: NodeJS.ErrnoException & { readonly port?: number; readonly address?: string }): Error {
  const { code, port, address } = error
  if (code === 'EADDRINUSE')
    return new LocalError(`Port ${port} is taken: the REST API can't listen there`, 'Choose another with --port', error)
  if (code === 'EACCES') return new LocalError(`Port ${port} may not be used`, 'Choose another with --port', error)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new LocalError(`${address ?? 'The host'} is no address of this machine`, 'Mend listeners', error)
  return error
}

async function respond(backend: Backend | null, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  if (backend === null) return status(response, 503, 'starting', 'Penstock is still starting up.')
  const page = request.method === 'GET' ? backend.pages[path] : undefined
  if (page !== undefined) return sendPage(backend.access, page, request, response)
  const down = backend.down()
  if (path === '/health' && down.length > 0) return status(response, 503, 'unhealthy', `${down.join(' and ')} ended.`)
  const outcome = await backend.rest(toEvent(request, await readBody(request, BODY_LIMIT)))
  if (outcome.functionError === null) return sendAnswer(response, outcome.payload)
  const { errorMessage } = JSON.parse(outcome.payload.toString()) as { errorMessage?: string }
  if (path === '/health') return status(response, 503, 'unhealthy', errorMessage ?? 'The REST function failed.')
  refuse(response, 500, errorMessage ?? 'The REST function failed')
}

async function sendPage(
  access: Access,
  page: () => Promise<unknown>,
  { method = 'GET', url = '/', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const own = ['authorization', 'origin'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  const request = new Request(`http://localhost${url}`, { method, headers: Object.fromEntries(own) })
  const answer = await access.answer(request, async () => Response.json(await page()))
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}

function status(response: ServerResponse, code: number, state: string, message: string): void {
  json(response, code, { status: state, message })
}

/** In the form of Connect's own errors. */
function refuse(response: ServerResponse, code: number, message: string): void {
  if (response.headersSent) response.destroy()
  else json(response, code, { error_code: code, message })
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
