/** The REST API on a real Kafka and a real table, without a coordinator: what one does, tests do by themselves. */
import { randomUUID } from 'node:crypto'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { type App, createApp } from '../../../lib/rest/app.ts'
import type { Deps } from '../../../lib/rest/deps.ts'
import { pluginRegistry } from '../../../lib/rest/plugin-registry.ts'
import { openState, type State } from '../../../lib/state/open.ts'
import { openTable, type Table } from '../../../lib/state/table.ts'
import type { BusEvent } from '../../../lib/worker/events.ts'
import { LOCAL_DEFAULTS, worker } from '../../../lib/worker/settings.ts'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'

export interface RestServer extends AsyncDisposable {
  readonly app: App
  readonly state: State
  readonly table: Table
  readonly dynamo: Dynamo
  /** Deletes the table. */
  loseTable(): Promise<void>
  /** What the bus was told. */
  readonly told: BusEvent[]
  readonly admin: Cluster
  /** A second instance of the function over the same topics and table, with other worker settings. */
  another(settings?: Readonly<Record<string, string>>): Promise<RestInstance>
  request: Ask
}

type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>

export interface RestInstance extends AsyncDisposable {
  readonly app: App
  readonly state: State
  readonly admin: Cluster
  request: Ask
}

export interface Answered {
  readonly status: number
  readonly contentType: string | null
  readonly location: string | null
  readonly body: unknown
}

export async function startRest(options: { readonly dynamo?: Dynamo } = {}): Promise<RestServer> {
  const [broker, dynamo] = await Promise.all([startKafka(), options.dynamo ?? startDynamo()])
  const id = randomUUID().slice(0, 8)
  const told: BusEvent[] = []
  const first = await instance(broker, dynamo, id, told)
  await first.state.rebuild()
  return {
    app: first.app,
    state: first.state,
    table: first.table,
    dynamo,
    async loseTable() {
      const client = new DynamoDBClient(dynamo.config)
      await client.send(new DeleteTableCommand({ TableName: first.table.name }))
      client.destroy()
    },
    told,
    admin: first.admin,
    another: (settings) => instance(broker, dynamo, id, told, settings),
    request: first.request,
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]()
      await dynamo.stop()
    },
  }
}

async function instance(
  broker: KafkaBroker,
  dynamo: Dynamo,
  id: string,
  told: BusEvent[],
  own: Readonly<Record<string, string>> = {},
): Promise<RestInstance & { readonly table: Table }> {
  const settings = worker({
    ...LOCAL_DEFAULTS,
    'bootstrap.servers': broker.bootstrap,
    'group.id': `rest-${id}`,
    ...own,
  })
  const cluster = await connect(clientSettings(settings.raw, 'admin').client)
  const table = openTable(`rest-${id}`, dynamo.config)
  const state = openState({ cluster, table, worker: settings })
  const deps: Deps = {
    configs: state.configs,
    statuses: state.statuses,
    leases: state.leases,
    loggers: state.loggers,
    offsets: state.offsets,
    custody: state.custody,
    offsetHistory: state.offsetHistory,
    usage: state.usage,
    rebuild: () => state.rebuild(),
    admin: cluster,
    registry: pluginRegistry,
    events: { emit: async (event) => void told.push(event) },
    worker: settings,
    workerId: 'localhost:8083',
    clock: Date.now,
    log: console,
    logs: null,
  }
  const app = createApp(deps)
  return {
    app,
    state,
    table,
    admin: cluster,
    request: (method, path, body, headers) => ask(app, method, path, body, headers),
    async [Symbol.asyncDispose]() {
      await state.close()
      await cluster.close()
    },
  }
}

export async function ask(
  app: App,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const typed = text === undefined ? {} : { 'content-type': 'application/json' }
  const all = Object.entries({ accept: 'application/json', ...typed, ...headers }).filter(([, value]) => value !== '')
  const init = { method, headers: Object.fromEntries(all), ...(text === undefined ? {} : { body: Buffer.from(text) }) }
  const response = await app.fetch(new Request(`http://localhost${path}`, init))
  const answer = await response.text()
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    location: response.headers.get('location'),
    body: answer === '' ? null : (JSON.parse(answer) as unknown),
  }
}
