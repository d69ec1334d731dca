import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toRequest } from '../../../lib/rest/api-gateway.ts'
import { ask, type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
})

afterAll(() => rest[Symbol.asyncDispose]())

const SOURCE = 'org.apache.kafka.connect.file.FileStreamSourceConnector'
const fileSource = (name: string, more: Record<string, string> = {}) => ({
  name,
  'connector.class': SOURCE,
  'tasks.max': '1',
  file: '/tmp/in.txt',
  topic: 'lines',
  ...more,
})

/** What a coordinator does once a connector is new: task configs, then its statuses. */
async function settle(name: string, tasks = 1): Promise<void> {
  const { configs, statuses } = rest.state
  await configs.catchUp()
  const view = await configs.view(name)
  if (view?.config == null) throw new Error(`${name} isn't there`)
  const config = { ...view.config, 'task.class': 'Task', 'penstock.assignment': 'lines:0' }
  const numbers = Array.from({ length: tasks }, (_, task) => task)
  const records = numbers.map((task) => ({ kind: 'task' as const, connector: name, task, config }))
  const commit = { kind: 'commit' as const, connector: name, tasks }
  await configs.write(name, { configPosition: view.configPosition }, [...records, commit])
  const status = { state: 'RUNNING' as const, trace: null, workerId: 'other:443', generation: 1, version: '4.3.1' }
  await statuses.publish([
    { kind: 'connector', connector: name, status },
    ...numbers.map((task) => ({ kind: 'task' as const, connector: name, task, status })),
  ])
}

describe('a connector', () => {
  test('is made, shown, listed and deleted, and the coordinator is told', async () => {
    const config = fileSource('first')
    const before = rest.told.length
    const made = await rest.request('POST', '/connectors', { name: 'first', config })
    const info = { name: 'first', config, tasks: [], type: 'source' }
    expect(made).toMatchObject({ status: 201, location: '/connectors/first', body: info })
    expect(rest.told.slice(before)).toEqual([{ type: 'connector.changed', detail: { connector: 'first' } }])

    expect(await rest.request('GET', '/connectors')).toMatchObject({ status: 200, body: ['first'] })
    expect(await rest.request('GET', '/connectors/first')).toMatchObject({ status: 200, body: info })
    expect((await rest.request('GET', '/connectors/first/config')).body).toEqual(config)
    expect((await rest.request('GET', '/connectors/first/status')).body).toEqual({
      name: 'first',
      connector: { state: 'UNASSIGNED', worker_id: 'localhost:8083' },
      tasks: [],
      type: 'source',
    })

    expect(await rest.request('DELETE', '/connectors/first')).toMatchObject({ status: 204, body: null })
    expect(await rest.request('GET', '/connectors/first')).toMatchObject({
      status: 404,
      body: { error_code: 404, message: 'Connector first not found' },
    })
    expect((await rest.request('DELETE', '/connectors/first')).status).toBe(404)
  })

  test('shows its tasks and their states once they are there', async () => {
    await rest.request('PUT', '/connectors/tasks/config', fileSource('tasks'))
    await settle('tasks', 2)
    const config = { ...fileSource('tasks'), 'task.class': 'Task' }
    expect((await rest.request('GET', '/connectors/tasks/tasks')).body).toEqual([
      { id: { connector: 'tasks', task: 0 }, config },
      { id: { connector: 'tasks', task: 1 }, config },
    ])
    const trace = 'java.lang.Exception: no'
    const status = { state: 'FAILED' as const, trace, workerId: 'other:443', generation: 1, version: '4.3.1' }
    await rest.state.statuses.publish([{ kind: 'task', connector: 'tasks', task: 1, status }])
    expect((await rest.request('GET', '/connectors/tasks/status')).body).toEqual({
      name: 'tasks',
      connector: { state: 'RUNNING', worker_id: 'other:443', version: '4.3.1' },
      tasks: [
        { id: 0, state: 'RUNNING', worker_id: 'other:443', version: '4.3.1' },
        { id: 1, state: 'FAILED', worker_id: 'other:443', trace, version: '4.3.1' },
      ],
      type: 'source',
    })
    expect((await rest.request('GET', '/connectors/tasks/tasks/1/status')).body).toMatchObject({ id: 1, trace })
    expect(await rest.request('GET', '/connectors/tasks/tasks/2/status')).toMatchObject({
      status: 404,
      body: { message: 'No status found for task tasks-2' },
    })
    expect(await rest.request('GET', '/connectors?expand=status&expand=info&expand=other')).toMatchObject({
      body: { tasks: { status: { type: 'source' }, info: { tasks: [{ connector: 'tasks', task: 0 }, {}] } } },
    })
  })

  test('is made once of two requests at the same time, also on two instances', async () => {
    await using other = await rest.another()
    const body = { name: 'twice', config: fileSource('twice') }
    const answers = await Promise.all([
      rest.request('POST', '/connectors', body),
      rest.request('POST', '/connectors', body),
      ask(other.app, 'POST', '/connectors', body),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    expect(answers.find(({ status }) => status === 409)?.body).toEqual({
      error_code: 409,
      message: 'Connector twice already exists',
    })
  })

  test('that was deleted and made again has none of its old tasks', async () => {
    await rest.request('PUT', '/connectors/again/config', fileSource('again'))
    await settle('again')
    await rest.request('DELETE', '/connectors/again')
    const made = await rest.request('POST', '/connectors', { name: 'again', config: fileSource('again') })
    expect(made).toMatchObject({ status: 201, body: { tasks: [] } })
    expect((await rest.request('GET', '/connectors/again/tasks')).body).toEqual([])
  })

  test.for([
    ['a b', 'a%20b'],
    ['café', 'caf%C3%A9'],
    ['a+b', 'a+b'],
    ['a?b', 'a%3Fb'],
    ['a:b@c', 'a:b@c'],
  ])('may be called %s', async ([name = '', encoded]) => {
    const config = { 'connector.class': 'FileStreamSource', topic: 't' }
    const made = await rest.request('POST', '/connectors', { name, config, initial_state: 'stopped' })
    expect(made).toMatchObject({ status: 201, location: `/connectors/${encoded}` })
    expect(await rest.request('GET', `/connectors/${encoded}`)).toMatchObject({ status: 200, body: { name } })
    expect((await rest.request('DELETE', `/connectors/${encoded}`)).status).toBe(204)
  })

  test('with a slash in its name is refused, as no path could name it', async () => {
    const config = { 'connector.class': 'FileStreamSource', topic: 't' }
    expect((await rest.request('POST', '/connectors', { name: 'a/b', config })).status).toBe(400)
    expect((await rest.request('GET', '/connectors/a%2Fb')).status).toBe(400)
  })

  test.for(['.', '..'])('called %s is refused, and a path with it leads nowhere else', async (name) => {
    const config = { 'connector.class': 'FileStreamSource', topic: 't' }
    expect((await rest.request('POST', '/connectors', { name, config })).status).toBe(400)
    const send = async (method: string, path: string) => {
      const sent = { rawPath: path, rawQueryString: '', headers: {}, requestContext: { http: { method } } }
      return (await rest.app.fetch(toRequest(sent as unknown as APIGatewayProxyEventV2))).status
    }
    expect(await send('GET', `/connectors/${name}`)).toBe(400)
    expect(await send('GET', `/connectors/${name.replaceAll('.', '%2e')}/status`)).toBe(400)
    expect(await send('PUT', `/connectors/a/../${name}/b/config`)).toBe(400)
    expect(await send('GET', `/connectors/${name}a`)).toBe(404)
    expect(await send('GET', '/connectors')).toBe(200)
  })
})

describe('a config', () => {
  test('is made and changed by PUT, with its name added', async () => {
    const { name: _, ...config } = fileSource('put')
    expect(await rest.request('PUT', '/connectors/put/config', config)).toMatchObject({
      status: 201,
      location: '/connectors/put',
      body: { config: { ...config, name: 'put' } },
    })
    await settle('put')
    expect(await rest.request('PUT', '/connectors/put/config', { ...config, 'batch.size': 5 })).toMatchObject({
      status: 200,
      body: { config: { 'batch.size': '5' }, tasks: [{ connector: 'put', task: 0 }] },
    })
    expect(await rest.request('PUT', '/connectors/put/config', fileSource('other'))).toMatchObject({
      status: 400,
      body: { message: "Connector name configuration (other) doesn't match connector name in the URL (put)" },
    })
  })

  test('is merged by PATCH; null takes a setting away', async () => {
    await rest.request('PUT', '/connectors/patch/config', fileSource('patch', { 'batch.size': '10', 'x.y': '1' }))
    const patched = await rest.request('PATCH', '/connectors/patch/config', { 'batch.size': '20', 'x.y': null, z: 'n' })
    const config = fileSource('patch', { 'batch.size': '20', z: 'n' })
    expect(patched).toMatchObject({ status: 200, body: { config } })
    expect((await rest.request('GET', '/connectors/patch/config')).body).toEqual(config)
    expect(await rest.request('PATCH', '/connectors/nobody/config', { a: 'b' })).toMatchObject({
      status: 404,
      body: { message: 'Connector nobody not found' },
    })
  })

  test('with errors is refused with all of them, and nothing is written', async () => {
    const config = { 'connector.class': SOURCE, 'tasks.max': 'x', extra: null }
    expect(await rest.request('POST', '/connectors', { name: 'bad', config })).toMatchObject({
      status: 400,
      body: {
        error_code: 400,
        message: [
          'Connector configuration is invalid and contains the following 4 error(s):',
          'Null value can not be supplied as the configuration value.',
          'Invalid value x for configuration tasks.max: Not a number of type INT',
          'Invalid value null for configuration tasks.max: Value must be non-null',
          'Missing required configuration "topic" which has no default value.',
          'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
        ].join('\n'),
      },
    })
    expect((await rest.request('GET', '/connectors/bad')).status).toBe(404)
  })

  test.for([
    'bad',
    '',
    '[]',
    'null',
    '"x"',
    '{}',
    '{"name":"a"}',
    '{"name":"a","config":[]}',
    '{"name":{},"config":{}}',
  ])('in a body that is none (%s) is refused with 400 and words that help', async (text) => {
    const { status, body } = await rest.request('POST', '/connectors', text)
    expect({ status, body }).toEqual({ status: 400, body: { error_code: 400, message: expect.stringMatching(/\w/) } })
  })

  test('without a connector class shows no secret', async () => {
    const config = { 'connection.password': 'hunter2', topic: 't' }
    const { status, body } = await rest.request('POST', '/connectors', { name: 'secret', config })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain('contains no connector type')
    expect(JSON.stringify(body)).not.toContain('hunter2')
  })
})

describe('a target state', () => {
  test('is the initial one, then what was asked for', async () => {
    const target = async () => (await rest.state.configs.view('state'))?.targetState
    await rest.request('POST', '/connectors', { name: 'state', config: fileSource('state'), initial_state: 'PAUSED' })
    expect(await target()).toBe('PAUSED')
    expect(await rest.request('PUT', '/connectors/state/resume')).toMatchObject({ status: 202, body: null })
    expect(await target()).toBe('STARTED')
    expect((await rest.request('PUT', '/connectors/state/pause')).status).toBe(202)
    expect(await target()).toBe('PAUSED')
    await rest.request('PUT', '/connectors/state/resume')
    await settle('state')
    expect((await rest.request('PUT', '/connectors/state/stop')).status).toBe(204)
    expect(await target()).toBe('STOPPED')
    expect((await rest.request('GET', '/connectors/state/tasks')).body).toEqual([])
    await rest.request('PUT', '/connectors/state/config', fileSource('state', { 'batch.size': '7' }))
    expect(await target()).toBe('STOPPED')
  })

  test('of nobody, or that is none, is refused', async () => {
    expect(await rest.request('PUT', '/connectors/nobody/pause')).toMatchObject({
      status: 404,
      body: { message: 'Unknown connector nobody' },
    })
    const body = { name: 'bogus', config: fileSource('bogus'), initial_state: 'DESTROYED' }
    expect((await rest.request('POST', '/connectors', body)).status).toBe(400)
  })
})

describe('a table that was lost', () => {
  test('is made anew in the middle of a request', async () => {
    await rest.request('PUT', '/connectors/kept/config', fileSource('kept'))
    await settle('kept')
    await rest.loseTable()
    expect(await rest.request('GET', '/connectors/kept/status')).toMatchObject({
      status: 200,
      body: { connector: { state: 'RUNNING' }, tasks: [{ state: 'RUNNING' }] },
    })
    const config = fileSource('kept', { 'batch.size': '3' })
    expect((await rest.request('PUT', '/connectors/kept/config', config)).status).toBe(200)
  })
})

test('the list has what other instances change, as one that reads it for the first time', async () => {
  const all = [
    '/connectors',
    '/connectors?expand=status&expand=info',
    '/connectors?expand=status',
    '/connectors?expand=x',
  ]
  await using other = await rest.another()
  const lists = async () => Promise.all(all.map(async (path) => (await rest.request('GET', path)).body))
  const same = async () => {
    await using fresh = await rest.another()
    const expected = await Promise.all(all.map(async (path) => (await fresh.request('GET', path)).body))
    expect(await lists()).toEqual(expected)
    return expected[1] as Record<string, { info: { config: object }; status: { connector: object } }>
  }
  for (const name of ['list-a', 'list-b', 'list-c'])
    await other.request('POST', '/connectors', { name, config: fileSource(name) })
  await settle('list-a')
  await same()
  await other.request('PUT', '/connectors/list-a/config', fileSource('list-a', { topic: 'changed' }))
  const status = { state: 'PAUSED' as const, trace: null, workerId: 'w', generation: 1, version: null }
  await other.state.statuses.publish([{ kind: 'connector', connector: 'list-b', status }])
  await other.request('DELETE', '/connectors/list-c')
  const changed = await same()
  expect(changed['list-a']?.info.config).toMatchObject({ topic: 'changed' })
  expect(changed['list-b']?.status.connector).toMatchObject({ state: 'PAUSED' })
  expect(changed['list-c']).toBeUndefined()
  await other.request('POST', '/connectors', { name: 'list-c', config: fileSource('list-c') })
  expect((await same())['list-c']).toBeDefined()
  await rest.loseTable()
  await other.request('DELETE', '/connectors/list-a')
  expect((await same())['list-a']).toBeUndefined()
  for (const name of ['list-b', 'list-c']) await rest.request('DELETE', `/connectors/${name}`)
})
