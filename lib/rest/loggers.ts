/** /admin/loggers (KIP-495, KIP-976): the levels of the functions' logs. */
import { LOGGER_LEVELS, type LoggerState, loggerLevel, ROOT_LOGGER } from '../state/loggers.ts'
import { type Answer, badRequest, type Call, noContent, notFound, ok, type Route } from './answer.ts'
import type { Deps } from './deps.ts'
import { array, integer, map, named, nullable, object, oneOf, text } from './schema.ts'

const loggerState = named('LoggerLevel', object({ level: oneOf(...LOGGER_LEVELS), last_modified: nullable(integer) }))

export function loggers(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/loggers',
      summary: 'The loggers that have a level of their own',
      answers: { 200: map(loggerState) },
      async handle() {
        const all = [...(await known(deps))].sort(([a], [b]) => (a < b ? -1 : 1))
        return ok(Object.fromEntries(all.map(([name, state]) => [name, shown(state)])))
      },
    },
    {
      method: 'GET',
      path: '/admin/loggers/:name',
      summary: 'The level of a logger',
      answers: { 200: loggerState },
      async handle({ name }) {
        const state = (await known(deps)).get(name.toLowerCase() === ROOT_LOGGER ? ROOT_LOGGER : name)
        if (state === undefined) throw notFound(`Logger ${name} not found.`)
        return ok(shown(state))
      },
    },
    {
      method: 'PUT',
      path: '/admin/loggers/:name',
      summary: 'Sets the level of a logger and of those below it; answers those that have changed, for worker scope',
      query: { scope: oneOf('worker', 'cluster') },
      body: object({ level: oneOf(...LOGGER_LEVELS) }),
      answers: { 200: array(text), 204: null },
      handle: (call) => set(deps, call),
    },
  ]
}

interface Shown {
  readonly level: LoggerState['level']
  /** Null: never. */
  readonly lastModified: number | null
}

const DEFAULT: Shown = { level: 'INFO', lastModified: null }

async function known({ configs, loggers: store }: Deps): Promise<ReadonlyMap<string, Shown>> {
  await configs.catchUp()
  return new Map<string, Shown>([[ROOT_LOGGER, DEFAULT], ...(await store.all())])
}

function shown({ level, lastModified }: Shown): object {
  return { level, last_modified: lastModified }
}

/** All functions are one worker: the scope tells only whether the level goes through the config topic, to JVM workers too. */
async function set(deps: Deps, call: Call): Promise<Answer> {
  const body = await call.json()
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('The request body must be a JSON object with the key level')
  const { level: asked = null } = body as { readonly level?: unknown }
  if (asked === null) throw badRequest("Desired 'level' parameter was not specified in request.")
  if (typeof asked === 'object' || String(asked).trim() === '')
    throw badRequest(`The level must be one of ${LOGGER_LEVELS.join(', ')}`)
  const level = loggerLevel(String(asked))
  if (level === null) throw notFound(`invalid log level '${asked}'.`)
  if (call.query.get('scope')?.toLowerCase() === 'cluster') {
    await deps.configs.setLoggerLevel(call.name, level)
    return noContent
  }
  return ok(await deps.loggers.set({ logger: call.name, level, at: deps.clock() }))
}
