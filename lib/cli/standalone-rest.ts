/** What a standalone worker answers over HTTP: its connectors and their statuses, to be read only. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Hono } from 'hono'
import { openAccess } from '../rest/access.ts'
import { type Listening, listen, listenersOf } from '../rest/listeners.ts'
import type { Worker } from '../worker/settings.ts'
import type { ConnectorStatus } from './standalone-worker.ts'

/** At the worker's `listeners`; without a host on all interfaces, as Connect. */
export async function serveStandalone(
  worker: Worker,
  statuses: ReadonlyMap<string, ConnectorStatus>,
): Promise<Listening> {
  const listeners = listenersOf(worker)
  const access = await openAccess(worker)
  const [first] = listeners
  const app = routes(statuses, { worker_id: `${first?.host || 'localhost'}:${first?.port}` })
  const answer = async ({ method = 'GET', url = '/', headers }: IncomingMessage, response: ServerResponse) => {
    const own = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    const request = new Request(`http://localhost${url}`, { method, headers: Object.fromEntries(own) })
    const answered = await access.answer(request, async (asked) => app.fetch(asked))
    response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(await answered.text())
  }
  return listen(listeners, worker.raw, (request, response) => {
    answer(request, response).catch((error: Error) =>
      response.writeHead(500).end(JSON.stringify({ error_code: 500, message: error.message })),
    )
  })
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
