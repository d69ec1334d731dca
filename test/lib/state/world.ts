/** A Kafka, a table, and the state of one Connect cluster on them, for a test file. */
import { randomUUID } from 'node:crypto'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { createProducer, type Producer } from '../../../lib/kafka/producer.ts'
import { producerSettings } from '../../../lib/kafka/producer-settings.ts'
import { createTransactionalProducer, type TransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { openState, type State, type StateOptions } from '../../../lib/state/open.ts'
import type { Table } from '../../../lib/state/table.ts'
import { type Worker, worker } from '../../../lib/worker/settings.ts'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'

export interface World extends AsyncDisposable {
  readonly cluster: Cluster
  readonly dynamo: Dynamo
  /** A Connect cluster of its own: topics and table. */
  group(raw?: Readonly<Record<string, string>>): Group
  producer(): Promise<Producer>
  /** Initialized: fences older ones with the same id. */
  transactional(id: string): Promise<TransactionalProducer>
}

export interface Group {
  readonly worker: Worker
  readonly table: string
  /** As another process has it: nothing is shared but the topics and the table. */
  open(options?: Partial<StateOptions>): State
  openTable(): Table
  dropTable(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const [kafka, dynamo]: [KafkaBroker, Dynamo] = await Promise.all([startKafka(), startDynamo()])
  const raw = { 'bootstrap.servers': kafka.bootstrap }
  const cluster = await connect(clientSettings(raw, 'admin').client)
  const client = new DynamoDBClient(dynamo.config)
  const opened: AsyncDisposable[] = []

  function group(more: Readonly<Record<string, string>> = {}): Group {
    const name = `group-${randomUUID()}`
    const factors = ['config', 'offset', 'status'].map((topic) => [`${topic}.storage.replication.factor`, '1'])
    const settings = worker({ ...raw, 'group.id': name, ...Object.fromEntries(factors), ...more })
    return {
      worker: settings,
      table: name,
      open(options = {}) {
        const state = openState({ cluster, table: dynamo.open(name), worker: settings, ...options })
        opened.push(state)
        return state
      },
      openTable: () => dynamo.open(name),
      async dropTable() {
        await client.send(new DeleteTableCommand({ TableName: name }))
      },
    }
  }

  return {
    cluster,
    dynamo,
    group,
    producer: () => createProducer(cluster, producerSettings()),
    async transactional(id) {
      const producer = await createTransactionalProducer(cluster, producerSettings(), id)
      await producer.init()
      return producer
    },
    async [Symbol.asyncDispose]() {
      for (const state of opened) await state[Symbol.asyncDispose]()
      client.destroy()
      await cluster.close()
      await dynamo.stop()
      await kafka.stop()
    },
  }
}
