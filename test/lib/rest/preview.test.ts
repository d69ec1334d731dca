import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer
beforeAll(async () => {
  rest = await startRest()
})
afterAll(() => rest[Symbol.asyncDispose]())

const config = { 'connector.class': 'FileStreamSink', topics: 'lines', 'value.converter.schemas.enable': false }
const post = (body: unknown) => rest.request('POST', '/penstock/preview', body)

test('an answer for each record, in order', async () => {
  const tombstone = { kind: 'sink', topic: 'other', key: null, value: null, offset: 3 }
  expect(await post({ config, records: ['{"id":1}', 'oops', tombstone, { id: 4 }] })).toMatchObject({
    status: 200,
    contentType: 'application/json',
    body: [
      { record: { kind: 'sink', topic: 'lines', value: { schema: null, payload: { id: 1 } } } },
      { error: { stage: 'apply', at: 'value.converter', hint: 'plain text' } },
      { record: { topic: 'other', value: null, offset: 3 } },
      { record: { value: { payload: { id: 4 } } } },
    ],
  })
  expect(await post({ config, records: ['1'], stages: true })).toMatchObject({
    body: [{ stages: [{ stage: 'converter' }] }],
  })
  expect((await post({ config, records: [] })).body).toEqual([])
})

test('numbers keep their digits on both ways', async () => {
  const value = '{"schema":null,"payload":{"id":9007199254740993,"price":2.0}}'
  const request = new Request('http://localhost/penstock/preview', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"config":${JSON.stringify(config)},"records":[{"topic":"t","value":${value}}]}`,
  })
  expect(await (await rest.app.fetch(request)).text()).toContain(`"value":${value}`)
})

test.each<[unknown, string]>([
  ['{', 'not JSON'],
  ['null', 'Expected {"config": {...}, "records": [...]}'],
  [{ records: [] }, 'config must be a JSON object'],
  [{ config }, 'records must be an array'],
  [{ config: { topics: 'a' }, records: [] }, 'connector.class'],
  [{ config: { ...config, 'connector.class': 'Nonsense' }, records: [] }, 'Nonsense'],
])('what cannot be is 400: %j', async (body, message) => {
  expect(await post(body)).toMatchObject({ status: 400, body: { message: expect.stringContaining(message) } })
})
