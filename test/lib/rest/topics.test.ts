/** The topics that a connector has used, in the status topic (KIP-558). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { activeTopics } from '../../../lib/slice/active-topics.ts'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
  const config = { 'connector.class': 'FileStreamSource', topic: 't' }
  await rest.request('POST', '/connectors', { name: 'used', config, initial_state: 'STOPPED' })
})

afterAll(() => rest[Symbol.asyncDispose]())

const topics = async (name = 'used') => (await rest.request('GET', `/connectors/${name}/topics`)).body
const reset = (name: string) => rest.request('PUT', `/connectors/${name}/topics/reset`)

test('come with their records, go with a reset, and come back', async () => {
  const slice = { connector: 'used', task: 0 }
  const active = activeTopics(rest.state, slice, [], 0, console as never)
  expect(await topics()).toEqual({ used: { topics: [] } })
  await active.publish(new Set(['b', 'a']))
  expect(await topics()).toEqual({ used: { topics: ['a', 'b'] } })
  expect(await reset('used')).toMatchObject({ status: 202, body: null })
  expect(await topics()).toEqual({ used: { topics: [] } })
  const used = new Set(['a'])
  await active.publish(used)
  expect(used.size).toBe(0)
  expect(await topics()).toEqual({ used: { topics: ['a'] } })
})

test('are none of a connector that is not there, or no more', async () => {
  expect(await topics('nobody')).toEqual({ nobody: { topics: [] } })
  expect((await reset('nobody')).status).toBe(202)
  await rest.request('DELETE', '/connectors/used')
  expect(await topics()).toEqual({ used: { topics: [] } })
})

test('are not told where the worker does not track them, nor forgotten where it forbids that', async () => {
  const forbidden = (message: string) => ({ status: 403, body: { error_code: 403, message } })
  await using silent = await rest.another({ 'topic.tracking.enable': 'false' })
  expect(await silent.request('GET', '/connectors/used/topics')).toMatchObject(forbidden('Topic tracking is disabled.'))
  await using strict = await rest.another({ 'topic.tracking.allow.reset': 'false' })
  expect(await strict.request('PUT', '/connectors/used/topics/reset')).toMatchObject(
    forbidden('Topic tracking reset is disabled.'),
  )
})
