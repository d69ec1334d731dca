/**
 * Connect's REST API over HTTP: paths, methods, media types and errors as the JVM worker's Jersey answers them.
 * What the endpoints do is in one file per resource.
 */
import { Hono } from 'hono'
import { ConnectError, trace } from '../connect/errors.ts'
import { type Answer, httpError, RestError, type Route } from './answer.ts'
import { callOf } from './call.ts'
import { configHistory } from './config-history.ts'
import { connectorConfig } from './connector-config.ts'
import { connectorPlugins } from './connector-plugins.ts'
import { connectorStatus } from './connector-status.ts'
import { connectors } from './connectors.ts'
import { costs } from './cost.ts'
import { custody, refusingAside } from './custody.ts'
import type { Deps } from './deps.ts'
import { dlq } from './dlq.ts'
import { loggers } from './loggers.ts'
import { logLines } from './logs.ts'
import { mendingTable } from './lost-table.ts'
import { acceptsText, checkMediaTypes } from './media-types.ts'
import { metrics } from './metrics.ts'
import { offsetHistory } from './offset-history.ts'
import { offsets } from './offsets.ts'
import { openApi } from './openapi.ts'
import { penstock } from './penstock.ts'
import { preview } from './preview.ts'
import { restart } from './restart.ts'
import { CONNECT_VERSION, root } from './root.ts'
import { targetState } from './target-state.ts'
import { tasks } from './tasks.ts'
import { topics } from './topics.ts'

export interface App {
  fetch(request: Request): Promise<Response>
}

/** In the order of Connect's documentation, then our own. */
export function routes(deps: Deps): Route[] {
  return [
    ...root(deps),
    ...connectors(deps),
    ...connectorConfig(deps),
    ...connectorStatus(deps),
    ...restart(deps),
    ...targetState(deps),
    ...tasks(deps),
    ...offsets(deps),
    ...topics(deps),
    ...connectorPlugins(deps),
    ...loggers(deps),
    ...custody(deps),
    ...penstock(deps),
    ...configHistory(deps),
    ...offsetHistory(deps),
    ...costs(deps),
    ...metrics(deps),
    ...logLines(deps),
    ...dlq(deps),
    ...preview(deps),
  ]
}

export function createApp(deps: Deps): App {
  const hono = new Hono({ getPath: rawPath })
  const connects = routes(deps)
  const all = [...connects, openApi(connects, CONNECT_VERSION)]
  for (const route of all) {
    const handle = mendingTable(deps, { ...route, handle: refusingAside(deps, route) })
    hono.on(route.method, route.path, async (context) => {
      const request = context.req.raw
      checkMediaTypes(request, route.produces)
      return respond(await handle(callOf(deps, request, context.req.param())))
    })
  }
  for (const path of new Set(all.map((route) => route.path))) {
    const allowed = allowedMethods(all.filter((route) => route.path === path))
    hono.on('OPTIONS', path, (context) => options(context.req.raw, allowed))
    hono.all(path, () => failure(httpError(405)))
  }
  hono.notFound(() => failure(httpError(404)))
  hono.onError((error, { req }) => {
    const answer = failure(error)
    if (answer.status === 500)
      deps.log.error('a request failed', { method: req.method, path: req.path, error: trace(error) })
    return answer
  })
  return { fetch: async (request) => (isAmbiguous(request) ? ambiguous() : hono.fetch(request)) }
}

/** The path as it was sent: Jersey compares it without decoding. A slash at its end doesn't matter. */
function rawPath(request: Request): string {
  const path = new URL(request.url).pathname
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** A slash inside of a name, two in a row, or percent signs that mean nothing: refused, as Jetty does. */
function isAmbiguous(request: Request): boolean {
  const { pathname } = new URL(request.url)
  if (/%2f|%5c|\/\//i.test(pathname)) return true
  try {
    decodeURIComponent(pathname)
    return false
  } catch {
    return true
  }
}

function ambiguous(): Response {
  return failure(new RestError(400, 'Ambiguous URI path: a name may not contain an encoded slash, nor be . or ..'))
}

function options(request: Request, allowed: string): Response {
  const [body, type] = acceptsText(request) ? [allowed, 'text/plain'] : [null, 'application/json']
  return new Response(body, { headers: { Allow: allowed, 'Content-Type': type } })
}

/** Jersey's order of a set of methods; HEAD goes with GET. */
const METHODS = ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT', 'PATCH']

function allowedMethods(routes: readonly Route[]): string {
  const own = new Set<string>(['OPTIONS', ...routes.map((route) => route.method)])
  if (own.has('GET')) own.add('HEAD')
  return METHODS.filter((method) => own.has(method)).join(', ')
}

function respond(answer: Answer): Response {
  const { status, body, text, headers } = answer
  if (body === undefined && text === undefined) return new Response(null, { status, headers: { ...headers } })
  const bytes = text === undefined ? encode(body) : new TextEncoder().encode(text)
  return new Response(bytes, { status, headers: { 'Content-Type': 'application/json', ...headers } })
}

/** As bytes: a text would get a Content-Type of its own. */
function encode(body: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(body))
}

export function failure(error: Error): Response {
  const { status, message, typed } = asRestError(error)
  const headers: Record<string, string> = typed ? { 'Content-Type': 'application/json' } : {}
  return new Response(encode({ error_code: status, message }), { status, headers })
}

/** What may be tried again is 503; what nobody foresaw is 500. */
function asRestError(error: Error): RestError {
  if (error instanceof RestError) return error
  if (error instanceof ConnectError && error.kind === 'config')
    return new RestError(400, error.message, { cause: error })
  if (error instanceof ConnectError && error.kind === 'retriable')
    return new RestError(503, error.message, { cause: error })
  return new RestError(500, error.message, { cause: error })
}
