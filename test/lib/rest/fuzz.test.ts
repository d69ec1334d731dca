/**
 * Ten thousand requests that nobody would send: none crashes the function, none is answered with a failure of ours, and
 * none changes anything without owning up to it by a 2xx.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requestsSent } from '../../../lib/kafka/request-count.ts'
import { toRequest, toResult } from '../../../lib/rest/api-gateway.ts'
import { tableUnits } from '../../../lib/state/table-units.ts'
import { type Operation, requests, type Sent } from './fuzz-requests.ts'
import { type RestServer, startRest } from './rest-server.ts'

const REQUESTS = 10_000
/** The same requests each time, or others: PENSTOCK_FUZZ_SEED. */
const SEED = Number(process.env['PENSTOCK_FUZZ_SEED'] ?? 4711)
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

let rest: RestServer
let folder: string
let dynamo: DynamoDBClient

beforeAll(async () => {
  rest = await startRest()
  folder = await mkdtemp(join(tmpdir(), 'penstock-fuzz-'))
  dynamo = new DynamoDBClient(rest.dynamo.config)
})

afterAll(async () => {
  dynamo?.destroy()
  await rest?.[Symbol.asyncDispose]()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

interface State {
  /** The config topic's end. */
  readonly position: number
  /** A digest of all that the table holds. */
  readonly table: string
  /** Write units of the table, and requests to Kafka, by this process so far. */
  readonly writes: number
  readonly sent: number
}

/** Looked at again only where something may have been written since. */
async function stateAfter(before: State | null): Promise<State> {
  const { writes } = tableUnits()
  if (before?.writes === writes && before.sent === requestsSent()) return before
  const position = await rest.state.configs.catchUp()
  const table = before?.writes === writes ? before.table : await tableDigest()
  return { position, table, writes, sent: requestsSent() }
}

async function tableDigest(): Promise<string> {
  const items: string[] = []
  let page: ScanCommandOutput | undefined
  do {
    const from = page?.LastEvaluatedKey
    const scan = { TableName: rest.table.name, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }
    page = await dynamo.send(new ScanCommand(scan))
    for (const item of page.Items ?? []) items.push(JSON.stringify(Object.entries(item).sort()))
  } while (page.LastEvaluatedKey !== undefined)
  return createHash('sha256').update(items.sort().join('\n')).digest('hex')
}

/** Through the function's own edge: from API Gateway's event to the result. */
async function send({ method, path, query, headers, body, isBase64Encoded }: Sent): Promise<number> {
  const event = {
    version: '2.0',
    rawPath: path,
    rawQueryString: query,
    headers,
    requestContext: { http: { method } },
    isBase64Encoded,
    ...(body === undefined ? {} : { body }),
  } as unknown as APIGatewayProxyEventV2
  const { statusCode = 0 } = await toResult(await rest.app.fetch(toRequest(event)))
  return statusCode
}

async function operations(): Promise<Operation[]> {
  const { body } = await rest.request('GET', '/penstock/openapi.json')
  const { paths } = body as { paths: Readonly<Record<string, object>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    // A release stops all, and changes are refused from then on, as they should.
    path === '/penstock/release' ? [] : Object.keys(methods).map((method): Operation => [method.toUpperCase(), path]),
  )
}

test(`${REQUESTS} requests crash nothing and change nothing that they don't own up to`, async () => {
  const config = { 'connector.class': 'FileStreamSource', file: join(folder, 'in.txt'), topic: 't' }
  for (const name of ['a', 'stopped'])
    expect((await rest.request('POST', '/connectors', { name, config })).status).toBe(201)
  expect((await rest.request('PUT', '/connectors/stopped/stop')).status).toBe(204)
  const statuses = new Map<number, number>()
  let known = await stateAfter(null)

  const property = fc.asyncProperty(requests(await operations(), config), async (sent) => {
    const status = await send(sent)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    expect(status, 'a failure of ours').toBeLessThan(500)
    // What a reading one has changed shows at the next that isn't.
    if (READING.has(sent.method)) return
    const { position, table } = known
    known = await stateAfter(known)
    if (status < 300) return
    const changed = `changed by a ${sent.method} that was answered ${status}`
    expect({ position: known.position, table: known.table }, changed).toEqual({ position, table })
  })
  await fc.assert(property, { numRuns: REQUESTS, endOnFailure: true, seed: SEED })
  for (const status of [200, 201, 204, 400, 404, 405, 406, 409, 415])
    expect(statuses.get(status) ?? 0, `requests answered ${status}`).toBeGreaterThan(0)
}, 300_000)
