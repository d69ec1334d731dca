/** What a standalone worker answers over HTTP: its connectors and their statuses, to be read only. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { ConfigError } from '../connect/errors.ts'
import type { ConnectorStatus } from './standalone-worker.ts'

export interface StandaloneRest {
  readonly url: string
  close(): Promise<void>
}

const DEFAULT_LISTENER = 'http://localhost:8083'

/** Listens at the first of `listeners`; without a host on all interfaces, as Connect. */
export async function serveStandalone(
  listeners: string | null,
  statuses: ReadonlyMap<string, ConnectorStatus>,
): Promise<StandaloneRest> {
  const listener = (listeners ?? DEFAULT_LISTENER).split(',')[0]?.trim() ?? ''
  const match = /^http:\/\/(\[[^\]]*\]|[^:/]*):(\d{1,5})$/i.exec(listener)
  if (match === null) throw ConfigError.invalid('listeners', listeners, 'Expected http://host:port')
  const [, host = '', port = ''] = match
  const worker = { worker_id: `${host === '' ? 'localhost' : host}:${port}` }
  const app = routes(statuses, worker)
  const server = createServer((request, response) => {
    const url = `http://${worker.worker_id}${request.url ?? '/'}`
    const answering = Promise.resolve(app.fetch(new Request(url, { method: request.method ?? 'GET' })))
    answering.then(
      async (answer) => {
        const text = await answer.text()
        response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(text)
      },
      (error: Error) => response.writeHead(500).end(JSON.stringify({ error_code: 500, message: error.message })),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(port), host === '' ? undefined : host.replace(/^\[|\]$/g, ''), resolve)
  })
  const bound = (server.address() as AddressInfo).port
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://${host === '' ? 'localhost' : host}:${bound}`, close }
}

function routes(statuses: ReadonlyMap<string, ConnectorStatus>, worker: { readonly worker_id: string }): Hono {
  const app = new Hono()
  const missing = (name: string) => ({ error_code: 404, message: `No status found for connector ${name}` })
  app.get('/health', (c) =>
    c.json({ status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' }),
  )
  app.get('/connectors', (c) => c.json([...statuses.keys()]))
  app.get('/connectors/:name', (c) => {
    const found = statuses.get(c.req.param('name'))
    if (found === undefined) return c.json(missing(c.req.param('name')), 404)
    const { name, config, type, tasks } = found
    return c.json({ name, config, tasks: tasks.map(({ id }) => ({ connector: name, task: id })), type })
  })
  app.get('/connectors/:name/status', (c) => {
    const found = statuses.get(c.req.param('name'))
    if (found === undefined) return c.json(missing(c.req.param('name')), 404)
    const { name, state, type } = found
    const tasks = found.tasks.map(({ id, state, trace }) => ({
      id,
      state,
      ...worker,
      ...(trace === null ? {} : { trace }),
    }))
    return c.json({ name, connector: { state, ...worker }, tasks, type })
  })
  app.notFound((c) => c.json({ error_code: 404, message: 'HTTP 404 Not Found' }, 404))
  return app
}
