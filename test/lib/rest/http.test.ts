/** What Connect's HTTP layer answers by itself: unknown paths, methods, media types. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
})

afterAll(() => rest[Symbol.asyncDispose]())

const error = (status: number, text: string) => ({
  status,
  body: { error_code: status, message: `HTTP ${status} ${text}` },
})

test('the root and the health', async () => {
  expect(await rest.request('GET', '/')).toMatchObject({
    status: 200,
    contentType: 'application/json',
    body: { version: '4.3.1', commit: expect.any(String), kafka_cluster_id: expect.stringMatching(/./) },
  })
  expect((await rest.request('GET', '/health')).body).toEqual({
    status: 'healthy',
    message: 'Worker has completed startup and is ready to handle requests.',
  })
})

describe('an unknown path is 404 without a content type', () => {
  test.for(['/nope', '/connectors/a/nope', '/connector', '/connectors/a/tasks/0', '/%63onnectors', '/connectors/a/b'])(
    '%s',
    async (path) => {
      expect(await rest.request('GET', path)).toMatchObject({ ...error(404, 'Not Found'), contentType: null })
    },
  )
})

test('a task that is no number is 404 too', async () => {
  expect(await rest.request('GET', '/connectors/a/tasks/x/status')).toMatchObject(error(404, 'Not Found'))
})

describe('a wrong method is 405', () => {
  test.for([
    ['POST', '/'],
    ['DELETE', '/connectors'],
    ['PATCH', '/connectors'],
    ['POST', '/connectors/a/config'],
    ['GET', '/connectors/a/restart'],
    ['GET', '/connectors/a/pause'],
    ['POST', '/connector-plugins/FileStreamSource/config/validate'],
  ] as const)('%s %s', async ([method, path]) => {
    expect(await rest.request(method, path)).toMatchObject({ ...error(405, 'Method Not Allowed'), contentType: null })
  })
})

describe('media types', () => {
  test('what the client does not accept is 406', async () => {
    for (const accept of ['text/plain', 'application/xml', 'application/vnd.api+json'])
      expect(await rest.request('GET', '/connectors', undefined, { accept })).toMatchObject(
        error(406, 'Not Acceptable'),
      )
    for (const accept of ['*/*', 'application/*', 'text/html, application/json;q=0.5', 'application/json;q=0', ''])
      expect((await rest.request('GET', '/connectors', undefined, { accept })).status).toBe(200)
  })

  test('what is not JSON is 415, wherever a body may be', async () => {
    const headers = { 'content-type': 'text/plain' }
    for (const [method, path] of [
      ['POST', '/connectors'],
      ['PUT', '/connectors/a/config'],
      ['PUT', '/connectors/a/pause'],
      ['DELETE', '/connectors/a'],
    ] as const)
      expect(await rest.request(method, path, '{}', headers)).toMatchObject(error(415, 'Unsupported Media Type'))
    expect(await rest.request('POST', '/connectors', '{}', { 'content-type': '' })).toMatchObject(
      error(415, 'Unsupported Media Type'),
    )
    expect(
      (await rest.request('POST', '/connectors', '{}', { 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(400)
  })
})

test('OPTIONS names the methods, HEAD is a GET without a body', async () => {
  const response = await rest.app.fetch(new Request('http://localhost/connectors/a/config', { method: 'OPTIONS' }))
  expect(response.headers.get('allow')).toBe('HEAD, GET, OPTIONS, PUT, PATCH')
  expect(await response.text()).toBe('HEAD, GET, OPTIONS, PUT, PATCH')
  expect(await rest.request('HEAD', '/connectors')).toMatchObject({ status: 200, body: null })
  expect(await rest.request('HEAD', '/connectors/nobody')).toMatchObject({ status: 404, body: null })
})

test('OPTIONS answers a client that wants JSON without a body', async () => {
  const request = { method: 'OPTIONS', headers: { accept: 'application/json' } }
  const response = await rest.app.fetch(new Request('http://localhost/connectors', request))
  expect([response.headers.get('allow'), await response.text()]).toEqual(['HEAD, POST, GET, OPTIONS', ''])
})

test('what JVM workers ask of each other is refused', async () => {
  for (const [method, path] of [
    ['POST', '/connectors/a/tasks'],
    ['PUT', '/connectors/a/fence'],
  ] as const)
    expect(await rest.request(method, path, [])).toMatchObject({
      status: 400,
      body: { message: 'Internal request missing required signature' },
    })
})

test('numbers in a config are texts as Java prints them', async () => {
  const body = '{"connector.class":"FileStreamSource","topic":"t","a":1.0,"b":1e3,"c":12345678901234567890,"d":5}'
  expect(await rest.request('PUT', '/connectors/numbers/config', body)).toMatchObject({
    status: 201,
    body: { config: { a: '1.0', b: '1000.0', c: '12345678901234567890', d: '5' } },
  })
})

test('a slash at the end changes nothing', async () => {
  expect((await rest.request('GET', '/connectors/')).status).toBe(200)
})
