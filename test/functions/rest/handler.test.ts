/** The function as it is deployed: its bundle, in a process of its own, called with API Gateway's events. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleFunction } from '../../../lib/local/bundle.ts'
import { LOCAL_DEFAULTS } from '../../../lib/worker/settings.ts'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'

let folder: string
let broker: KafkaBroker
let dynamo: Dynamo

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-rest-'))
  bundleFunction('rest', folder)
  ;[broker, dynamo] = await Promise.all([startKafka(), startDynamo()])
})

afterAll(async () => {
  await dynamo.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Result {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** The answers to events, one after the other, of one cold instance. */
async function call(bootstrap: string, events: readonly Partial<APIGatewayProxyEventV2>[]): Promise<Result[]> {
  const script = `
    const { handler } = await import(${JSON.stringify(join(folder, 'index.mjs'))})
    const answers = []
    for (const event of ${JSON.stringify(events)}) answers.push(await handler(event, {}))
    process.stdout.write('\\n' + JSON.stringify(answers) + '\\n', () => process.exit(0))`
  const env = {
    PATH: process.env['PATH'] ?? '',
    PENSTOCK_WORKER: JSON.stringify({
      ...LOCAL_DEFAULTS,
      'bootstrap.servers': bootstrap,
      'group.id': 'rest-handler',
      'socket.connection.setup.timeout.ms': '1000',
    }),
    PENSTOCK_TABLE: 'rest-handler',
    PENSTOCK_BUS: 'bus',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: dynamo.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  }
  const args = ['--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result[]
}

function event(method: string, path: string, body?: object): Partial<APIGatewayProxyEventV2> {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    requestContext: { http: { method, path } } as APIGatewayProxyEventV2['requestContext'],
    isBase64Encoded: body !== undefined,
    ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)).toString('base64') }),
  }
}

test('makes the table it lacks and a connector, and stands by its write where the bus does not answer', async () => {
  const config = { 'connector.class': 'FileStreamSource', topic: 't' }
  const [made, seen, decoded] = await call(broker.bootstrap, [
    event('POST', '/connectors', { name: 'a b%', config }),
    event('GET', '/connectors/a%20b%25'),
    event('GET', '/connectors/a b%'),
  ])
  expect(made).toMatchObject({ statusCode: 201, headers: { location: '/connectors/a%20b%25' } })
  expect(JSON.parse(made?.body ?? '')).toMatchObject({ name: 'a b%', type: 'source' })
  expect(seen?.statusCode).toBe(200)
  expect(decoded?.body).toBe(seen?.body)
})

test('says where it looked for Kafka when that is away, and looks again', async () => {
  const [first, second] = await call('127.0.0.1:1', [event('GET', '/connectors'), event('GET', '/connectors')])
  for (const answer of [first, second]) {
    expect(answer?.statusCode).toBe(503)
    expect(answer?.body).toContain('127.0.0.1:1')
  }
})
