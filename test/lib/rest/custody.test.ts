import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
  await rest.request('POST', '/connectors', { name: 'lines', config: CONFIG })
})

beforeEach(async () => {
  await rest.state.custody.release(null)
  await rest.state.custody.saw(null, 0)
})

afterAll(() => rest[Symbol.asyncDispose]())

const CONFIG = { 'connector.class': 'FileStreamSink', topics: 't', 'tasks.max': '1' }
const state = async () => (await rest.request('GET', '/penstock')).body

test('GET /penstock says who runs the connectors', async () => {
  expect(await state()).toMatchObject({ state: 'running', since: null, because: null, complete: null })
  await rest.state.custody.saw('1 Kafka Connect worker is in group g: http://w:8083/', 7)
  expect(await state()).toMatchObject({
    state: 'aside',
    since: 7,
    because: '1 Kafka Connect worker is in group g: http://w:8083/',
  })
})

test('while others run them, changes are refused with the reason, and reads are answered', async () => {
  await rest.state.custody.saw('1 Kafka Connect worker is in group g: http://w:8083/', 7)
  const refused = {
    status: 503,
    body: {
      error_code: 503,
      message:
        'Penstock stands aside: 1 Kafka Connect worker is in group g: http://w:8083/. Send changes there; Penstock goes on when they have left',
    },
  }
  expect(await rest.request('PUT', '/connectors/lines/pause')).toMatchObject(refused)
  expect(await rest.request('POST', '/connectors', { name: 'other', config: CONFIG })).toMatchObject(refused)
  expect(await rest.request('DELETE', '/connectors/lines')).toMatchObject(refused)
  expect(await rest.request('GET', '/connectors')).toMatchObject({ status: 200, body: ['lines'] })
  expect(await rest.request('GET', '/health')).toMatchObject({ status: 200, body: { status: 'healthy' } })
})

test('a release is durable and told to the coordinator; taking back undoes it', async () => {
  expect(await rest.request('POST', '/penstock/release')).toMatchObject({
    status: 202,
    body: { state: 'released', complete: false },
  })
  expect(rest.told.at(-1)).toEqual({ type: 'custody.changed', detail: {} })
  const { body } = await rest.request('PUT', '/connectors/lines/pause')
  expect((body as { message: string }).message).toContain('penstock release --undo takes them back')
  await rest.state.custody.release({ at: 9, complete: true })
  expect(await rest.request('POST', '/penstock/release')).toMatchObject({ body: { since: 9, complete: true } })
  expect(await rest.request('DELETE', '/penstock/release')).toMatchObject({ status: 202, body: { state: 'running' } })
  expect(await rest.request('PUT', '/connectors/lines/pause')).toMatchObject({ status: 202 })
})
