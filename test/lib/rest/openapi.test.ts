/** The OpenAPI document is valid, names every route, and the answers are as it says. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routes } from '../../../lib/rest/app.ts'
import type { Deps } from '../../../lib/rest/deps.ts'
import { LOCAL_DEFAULTS, worker } from '../../../lib/worker/settings.ts'
import { type RestServer, startRest } from './rest-server.ts'

interface Operation {
  readonly operationId: string
  readonly summary?: string
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: object
}

let rest: RestServer
let document: Document

beforeAll(async () => {
  rest = await startRest()
  document = (await rest.request('GET', '/penstock/openapi.json')).body as Document
})

afterAll(() => rest[Symbol.asyncDispose]())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

test('is a valid document of OpenAPI 3.1', async () => {
  const result = await new Validator().validate({ ...document })
  expect(result).toMatchObject({ valid: true })
})

test('has every route, each with a summary, an answer, and a name of its own', () => {
  const declared = routes({ worker: worker(LOCAL_DEFAULTS) } as Deps).map(({ method, path }) => `${method} ${path}`)
  const described = operations().map(
    ({ path, method }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
  )
  expect(described.toSorted()).toEqual([...declared, 'GET /penstock/openapi.json'].toSorted())
  const ids = operations().map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  const bare = operations().filter(
    ({ operation }) => operation.summary === undefined || Object.keys(operation.responses).length < 2,
  )
  expect(bare.map(({ path, method }) => `${method} ${path}`)).toEqual([])
})

describe('answers are as described', () => {
  const config = { 'connector.class': 'FileStreamSource', topic: 'described', file: '/tmp/none' }

  test.for([
    ['GET', '/', '/'],
    ['GET', '/health', '/health'],
    ['POST', '/connectors', '/connectors', { name: 'described', config, initial_state: 'STOPPED' }],
    ['POST', '/connectors', '/connectors', { name: 'described', config }],
    ['GET', '/connectors', '/connectors'],
    ['GET', '/connectors?expand=status&expand=info', '/connectors'],
    ['GET', '/connectors/described', '/connectors/{name}'],
    ['GET', '/connectors/nobody', '/connectors/{name}'],
    ['PUT', '/connectors/described/config', '/connectors/{name}/config', { ...config, 'tasks.max': '2' }],
    ['PATCH', '/connectors/described/config', '/connectors/{name}/config', { 'batch.size': '5', file: null }],
    ['GET', '/connectors/described/config', '/connectors/{name}/config'],
    ['GET', '/connectors/described/status', '/connectors/{name}/status'],
    ['GET', '/connectors/described/tasks', '/connectors/{name}/tasks'],
    ['POST', '/connectors/described/restart?includeTasks=true', '/connectors/{name}/restart'],
    ['PUT', '/connectors/described/pause', '/connectors/{name}/pause'],
    ['PUT', '/connectors/described/stop', '/connectors/{name}/stop'],
    ['GET', '/connectors/described/offsets', '/connectors/{name}/offsets'],
    ['DELETE', '/connectors/described/offsets', '/connectors/{name}/offsets'],
    ['GET', '/connectors/described/topics', '/connectors/{name}/topics'],
    ['PUT', '/connectors/described/topics/reset', '/connectors/{name}/topics/reset'],
    ['GET', '/connector-plugins?connectorsOnly=false', '/connector-plugins'],
    ['GET', '/connector-plugins/JsonConverter/config', '/connector-plugins/{name}/config'],
    ['PUT', '/connector-plugins/FileStreamSource/config/validate', '/connector-plugins/{name}/config/validate', config],
    ['GET', '/admin/loggers', '/admin/loggers'],
    ['PUT', '/admin/loggers/a.b', '/admin/loggers/{name}', { level: 'debug' }],
    ['GET', '/admin/loggers/a.b', '/admin/loggers/{name}'],
    ['GET', '/penstock/connectors', '/penstock/connectors'],
    ['GET', '/penstock/connectors/described', '/penstock/connectors/{name}'],
    ['DELETE', '/connectors/described', '/connectors/{name}'],
  ] as const)('%s %s', async ([method, path, template, body]) => {
    const answer = await rest.request(method, path, body)
    const responses = document.paths[template]?.[method.toLowerCase()]?.responses ?? {}
    const response = responses[String(answer.status)] ?? (answer.status >= 400 ? responses['default'] : undefined)
    expect(response, `${answer.status} of ${method} ${template}`).toBeDefined()
    const schema = response?.content?.['application/json']?.schema
    if (schema === undefined) return expect(answer.body).toBeNull()
    const ajv = new Ajv2020({ strict: false })
    const isAsDescribed = ajv.compile({ ...schema, components: document.components })
    isAsDescribed(answer.body)
    expect(isAsDescribed.errors).toBeNull()
  })
})
