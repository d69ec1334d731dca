/**
 * HTTP on loopback, as API Gateway would: requests become events of the REST function. Answers by itself what only
 * the local cloud knows (`/penstock/instances`, `/penstock/local`), and `/health` while a part isn't standing.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Outcome } from './function-config.ts'
import { type HttpEvent, sendAnswer, toEvent } from './http-event.ts'
import { LocalError } from './local-error.ts'
import type { Part } from './part.ts'
import { LOOPBACK } from './ports.ts'
import { BodyTooLarge, readBody } from './runtime-api.ts'

const BODY_LIMIT = 6 * 1024 * 1024

/** What is behind the front end, once it stands. */
interface Backend {
  rest(event: HttpEvent): Promise<Outcome>
  /** The answers of this server itself, by path. */
  readonly pages: Readonly<Record<string, () => Promise<unknown>>>
  /** Parts that have ended though they shouldn't have. */
  down(): readonly string[]
}

export interface FrontEnd extends Part {
  readonly port: number
  /** Until then every request is answered with 503. */
  open(backend: Backend): void
}

/** `LocalError` where the port is taken. */
export async function startFrontEnd(port: number): Promise<FrontEnd> {
  let backend: Backend | null = null
  const server = createServer((request, response) => {
    respond(backend, request, response).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) refuse(response, 413, `A request may have ${BODY_LIMIT} bytes`)
      else refuse(response, 500, error instanceof Error ? error.message : String(error))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(port, error)))
    server.listen(port, LOOPBACK, resolve)
  })
  const claimed = (server.address() as AddressInfo).port
  return {
    address: `http://${LOOPBACK}:${claimed}`,
    port: claimed,
    pid: process.pid,
    open(opened) {
      backend = opened
    },
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function portError(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE')
    return new LocalError(`Port ${port} is taken: the REST API can't listen there`, 'Choose another with --port', error)
  if (error.code === 'EACCES')
    return new LocalError(`Port ${port} may not be used`, 'Choose another with --port', error)
  return error
}

async function respond(backend: Backend | null, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  if (backend === null) return status(response, 503, 'starting', 'Penstock is still starting up.')
  const page = request.method === 'GET' ? backend.pages[path] : undefined
  if (page !== undefined) return json(response, 200, await page())
  const down = backend.down()
  if (path === '/health' && down.length > 0) return status(response, 503, 'unhealthy', `${down.join(' and ')} ended.`)
  const outcome = await backend.rest(toEvent(request, await readBody(request, BODY_LIMIT)))
  if (outcome.functionError === null) return sendAnswer(response, outcome.payload)
  const { errorMessage } = JSON.parse(outcome.payload.toString()) as { errorMessage?: string }
  if (path === '/health') return status(response, 503, 'unhealthy', errorMessage ?? 'The REST function failed.')
  refuse(response, 500, errorMessage ?? 'The REST function failed')
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
