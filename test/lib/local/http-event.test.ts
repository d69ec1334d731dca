import { once } from 'node:events'
import { createServer, type Server, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type HttpAnswer, type HttpEvent, sendAnswer, toEvent } from '../../../lib/local/http-event.ts'
import { readBody } from '../../../lib/local/runtime-api.ts'

let server: Server
let port: number
let event: HttpEvent
let answer: HttpAnswer | string

beforeAll(async () => {
  server = createServer(async (request, response) => {
    event = toEvent(request, await readBody(request))
    sendAnswer(response, Buffer.from(JSON.stringify(answer)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(() => server.close())

beforeEach(() => {
  answer = { statusCode: 200 }
})

async function call(
  method: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  body: Uint8Array | string = '',
) {
  const sent = send({ port, host: '127.0.0.1', method, path, headers }).end(body)
  const [response] = await once(sent, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }
}

test('a request becomes an event of payload format 2.0', async () => {
  const headers = { 'Content-Type': 'application/json', 'X-Two': ['a', 'b'], Cookie: 'c=1; d=2' }
  await call('PUT', '/connectors/a%2Fb/config?expand=status&expand=info&x=%20y', headers, '{"é":1}')
  expect(event).toMatchObject({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/connectors/a%2Fb/config',
    rawQueryString: 'expand=status&expand=info&x=%20y',
    queryStringParameters: { expand: 'status,info', x: ' y' },
    cookies: ['c=1', 'd=2'],
    headers: { 'content-type': 'application/json', 'x-two': 'a, b' },
    requestContext: {
      http: { method: 'PUT', path: '/connectors/a%2Fb/config', protocol: 'HTTP/1.1' },
      stage: '$default',
    },
    body: '{"é":1}',
    isBase64Encoded: false,
  })
  expect(event.headers).not.toHaveProperty('cookie')
})

test('a request without query and body has neither', async () => {
  await call('GET', '/')
  expect(event).toMatchObject({ rawPath: '/', rawQueryString: '', isBase64Encoded: false })
  expect(event).not.toHaveProperty('body')
  expect(event).not.toHaveProperty('queryStringParameters')
})

test('a body that is not text travels as Base64, both ways', async () => {
  answer = {
    statusCode: 201,
    body: '/wA=',
    isBase64Encoded: true,
    headers: { 'content-type': 'application/octet-stream' },
  }
  const { status, body } = await call(
    'POST',
    '/x',
    { 'Content-Type': 'application/octet-stream' },
    Buffer.from([255, 0]),
  )
  expect(event).toMatchObject({ body: '/wA=', isBase64Encoded: true })
  expect(status).toBe(201)
  expect([...body]).toEqual([255, 0])
})

test('an answer has its status, headers and cookies', async () => {
  answer = { statusCode: 409, headers: { 'x-a': 'b', 'x-n': 1 }, cookies: ['a=1', 'b=2'], body: 'é' }
  const { status, headers, body } = await call('GET', '/')
  expect(status).toBe(409)
  expect(headers).toMatchObject({ 'x-a': 'b', 'x-n': '1', 'set-cookie': ['a=1', 'b=2'] })
  expect(body.toString()).toBe('é')
})

test('an answer without a status is the body', async () => {
  answer = 'plain'
  const { status, headers, body } = await call('GET', '/')
  expect({ status, type: headers['content-type'], body: body.toString() }).toEqual({
    status: 200,
    type: 'application/json',
    body: '"plain"',
  })
})
