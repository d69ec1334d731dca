/** The OpenAPI 3.1 document of the routes, from their own declarations. */
import { errorMessage, ok, type Route } from './answer.ts'
import { anything, integer, type JsonSchema, map, type Schema, text } from './schema.ts'

const PATH = '/penstock/openapi.json'

/** `routes`: all others; the document has this one too. */
export function openApi(routes: readonly Route[], version: string): Route {
  const own: Route = {
    method: 'GET',
    path: PATH,
    summary: 'This document',
    answers: { 200: map(anything) },
    handle: async () => ok(openApiDocument([...routes, own], version)),
  }
  return own
}

function openApiDocument(routes: readonly Route[], version: string): object {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Penstock',
      version,
      description: "Kafka Connect's REST API, and Penstock's own under /penstock/.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: { schemas },
  }
}

type Schemas = Record<string, unknown>

function operation(route: Route, schemas: Schemas): object {
  const { path, method, summary, body } = route
  const said = summary === undefined ? {} : { summary }
  const requestBody = body === undefined ? {} : { requestBody: { required: true, content: json(body, schemas) } }
  return {
    operationId: operationId(method, path),
    tags: [path.split('/')[1] || 'root'],
    ...said,
    parameters: parameters(route, schemas),
    ...requestBody,
    responses: responses(route, schemas),
  }
}

/** `getConnectorsNameStatus` */
function operationId(method: string, path: string): string {
  const words = path.split(/\W+/).filter((word) => word !== '')
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function parameters({ path, query = {} }: Route, schemas: Schemas): object[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    return { name, in: 'path', required: true, schema: name === 'task' ? integer : text }
  })
  const inQuery = Object.entries(query).map(([name, schema]) => {
    return { name, in: 'query', required: false, schema: reference(schema, schemas) }
  })
  return [...inPath, ...inQuery]
}

const MEANINGS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'Done' }

function responses({ answers = {}, produces = 'application/json' }: Route, schemas: Schemas): object {
  const good = Object.entries(answers).map(([status, schema]) => {
    const description = MEANINGS[status] ?? `Status ${status}`
    return [
      status,
      schema === null
        ? { description }
        : { description, content: { [produces]: { schema: reference(schema, schemas) } } },
    ]
  })
  const failed = { description: 'It could not be done', content: json(errorMessage, schemas) }
  return { ...Object.fromEntries(good), default: failed }
}

function json(schema: Schema, schemas: Schemas): object {
  return { 'application/json': { schema: reference(schema, schemas) } }
}

/** Named schemas stand among the document's, once. */
function reference(schema: JsonSchema, schemas: Schemas): unknown {
  const { title, ...rest } = schema
  if (typeof title !== 'string') return inside(schema, schemas)
  schemas[title] ??= inside(rest, schemas)
  return { $ref: `#/components/schemas/${title}` }
}

function inside(node: unknown, schemas: Schemas): unknown {
  if (Array.isArray(node)) return node.map((one) => inside(one, schemas))
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, value]) => {
    return [key, isSchema(value) ? reference(value, schemas) : inside(value, schemas)]
  })
  return Object.fromEntries(entries)
}

/** Of a schema's keywords only schemas are objects with a title of their own. */
function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && 'title' in value && typeof value.title === 'string'
}
