/** /admin/loggers (KIP-495, KIP-976), and what it does to the logs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logger } from '../../../lib/observe/log.ts'
import { logLevels } from '../../../lib/worker/log-levels.ts'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
})

afterAll(() => rest[Symbol.asyncDispose]())

const set = (name: string, level: unknown, query = '') =>
  rest.request('PUT', `/admin/loggers/${name}${query}`, { level })
const get = async (name: string) => (await rest.request('GET', `/admin/loggers/${name}`)).body

test('a level is set of a logger and of those below it, and the changed ones are answered', async () => {
  expect(await get('root')).toEqual({ level: 'INFO', last_modified: null })
  expect(await set('a.b', ' debug')).toMatchObject({ status: 200, body: ['a.b'] })
  expect(await set('a.b.c', 'INFO')).toMatchObject({ body: ['a.b.c'] })
  expect(await set('a', 'warn', '?scope=galaxy')).toMatchObject({ body: ['a', 'a.b', 'a.b.c'] })
  expect(await set('a', 'WARN', '?scope=worker')).toMatchObject({ body: [] })
  expect(await get('a.b.c')).toEqual({ level: 'WARN', last_modified: expect.any(Number) })
  expect((await rest.request('GET', '/admin/loggers')).body).toMatchObject({ root: {}, a: {}, 'a.b': {}, 'a.b.c': {} })
  expect(await rest.request('GET', '/admin/loggers/a.x')).toMatchObject({
    status: 404,
    body: { message: 'Logger a.x not found.' },
  })
})

test('one of cluster scope goes through the config topic, and is there in a table made anew', async () => {
  expect(await set('through.kafka', 'ERROR', '?scope=cluster')).toMatchObject({ status: 204, body: null })
  expect(await get('through.kafka')).toMatchObject({ level: 'ERROR' })
  await rest.loseTable()
  expect(await get('through.kafka')).toMatchObject({ level: 'ERROR' })
})

test.for([
  ['BOGUS', 404, "invalid log level 'BOGUS'."],
  [5, 404, "invalid log level '5'."],
  [null, 400, "Desired 'level' parameter was not specified in request."],
  ['', 400, 'The level must be one of OFF, FATAL, ERROR, WARN, INFO, DEBUG, TRACE, ALL'],
] as const)('the level %j is refused', async ([level, status, message]) => {
  for (const scope of ['', '?scope=cluster'])
    expect(await set('a', level, scope)).toMatchObject({ status, body: { error_code: status, message } })
})

test('the logs take it up, by their nearest name, and go back to their own level', async () => {
  await set('penstock.task', 'OFF')
  await set('penstock.task.orders', 'DEBUG')
  const levels = logLevels(rest.state.loggers)
  await levels.refresh()
  const lines: string[] = []
  const log = logger({}, { pretty: false, write: (line) => void lines.push(line) })
  const said = (names: readonly string[]) => {
    lines.length = 0
    const child = log.child({ task: 0 })
    levels.apply(child, names)
    child.debug('low')
    child.error('high')
    return lines.map((line) => (JSON.parse(line) as { readonly message: string }).message)
  }
  expect(said(['penstock.task.orders', 'org.example.Sink'])).toEqual(['low', 'high'])
  expect(said(['penstock.task.others'])).toEqual([])
  expect(said(['penstock.rest'])).toEqual(['high'])
})
