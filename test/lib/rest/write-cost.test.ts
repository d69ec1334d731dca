/** What a write costs in requests, counted where they leave the process. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { requestsSent } from '../../../lib/kafka/request-count.ts'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  // Whether others run the connectors is asked once a second, at the most: here all is in one.
  vi.useFakeTimers({ toFake: ['Date'] })
  rest = await startRest()
})

afterAll(async () => {
  await rest[Symbol.asyncDispose]()
  vi.useRealTimers()
})

const FILE = { 'connector.class': 'FileStreamSource', file: '/tmp/none', topic: 'lines' }

async function costOf(method: string, path: string, body?: unknown) {
  let table = 0
  const count = (message: unknown) => {
    const { request } = message as { readonly request: ClientRequest }
    if (`http://${request.getHeader('host')}` === rest.dynamo.endpoint) table++
  }
  const before = requestsSent()
  subscribe('http.client.request.start', count)
  const { status } = await rest.request(method, path, body)
  unsubscribe('http.client.request.start', count)
  return { status, kafka: requestsSent() - before, table }
}

test('a write is one request to Kafka and two to the table, where nobody else writes', async () => {
  await rest.request('POST', '/connectors', { name: 'first', config: FILE })
  const created = await costOf('POST', '/connectors', { name: 'a', config: FILE })
  // That nothing is known of a connector tells nothing unless the table is whole: it is asked beside.
  expect(created).toEqual({ status: 201, kafka: 1, table: 3 })
  const put = await costOf('PUT', '/connectors/a/config', { ...FILE, topic: 'others' })
  expect(put).toEqual({ status: 200, kafka: 1, table: 2 })
  expect(await costOf('PUT', '/connectors/a/pause')).toEqual({ status: 202, kafka: 1, table: 2 })
  expect(await costOf('PUT', '/connectors/a/resume')).toEqual({ status: 202, kafka: 1, table: 2 })
  expect(await costOf('DELETE', '/connectors/a')).toEqual({ status: 204, kafka: 1, table: 2 })
  expect((await rest.request('GET', '/connectors')).body).toEqual(['first'])
  const history = (await rest.request('GET', '/penstock/connectors/a/history')).body as { versions: object[] }
  expect(history.versions).toMatchObject([{ change: 'delete' }, { change: 'put' }, { change: 'create' }])
})

test('what another instance has written costs reads of the table, and no more of Kafka', async () => {
  await using other = await rest.another()
  await rest.request('POST', '/connectors', { name: 'b', config: FILE })
  await other.request('POST', '/connectors', { name: 'c', config: FILE })
  expect(await costOf('PUT', '/connectors/b/pause')).toEqual({ status: 202, kafka: 1, table: 3 })
  await other.request('PUT', '/connectors/b/config', { ...FILE, topic: 'others' })
  expect(await costOf('PUT', '/connectors/b/resume')).toEqual({ status: 202, kafka: 1, table: 4 })
  expect((await rest.request('GET', '/connectors/b/config')).body).toMatchObject({ topic: 'others' })
})
