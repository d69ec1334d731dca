/** /penstock/connectors/NAME/logs: a connector's log lines. */
import { LOG_LEVELS, type LogLevel } from '../observe/log-line.ts'
import type { LogQuery } from '../observe/log-reader.ts'
import { type Answer, badRequest, type Call, notFound, ok, type Route } from './answer.ts'
import { requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { anything, array, integer, map, named, object, oneOf, text } from './schema.ts'

const level = oneOf(...LOG_LEVELS)
const logs = named('Logs', object({ name: text, lines: array(map(anything)) }))

const LIMIT = 200
const MOST = 10_000

export function logLines(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/connectors/:name/logs',
      summary: 'The youngest log lines of a connector and its tasks, the oldest of them first',
      query: { level, since: text, task: integer, limit: integer },
      answers: { 200: logs },
      handle: (call) => read(deps, call),
    },
  ]
}

async function read(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const query = logQuery(call)
  if (deps.logs === null) throw notFound('The log lines are not kept where this server could read them')
  const lines = await deps.logs.read(query)
  // A deleted connector has lines, too.
  if (lines.length === 0) await requireView(deps, name)
  return ok({ name, lines })
}

function logQuery({ name, query }: Call): LogQuery {
  const { level = 'info', since = '0', task = null, limit = String(LIMIT) } = Object.fromEntries(query)
  if (!LOG_LEVELS.includes(level as LogLevel))
    throw badRequest(`Invalid level ${level}: it must be one of ${LOG_LEVELS.join(', ')}`)
  const count = Number(limit)
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw badRequest(`Invalid limit ${limit}: it must be a number, 1 to ${MOST}`)
  if (task !== null && !/^\d{1,9}$/.test(task)) throw badRequest(`Invalid task ${task}: it must be a number`)
  return {
    connector: name,
    task: task === null ? null : Number(task),
    level: level as LogLevel,
    since: time(since),
    limit: count,
  }
}

/** Epoch ms, or ISO 8601. */
function time(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (!Number.isFinite(ms))
    throw badRequest(`Invalid since ${text}: it must be epoch ms, or a time as 2026-01-01T12:00:00Z`)
  return ms
}
