/** Slices of sinks, and one of a JDBC sink that keeps its positions: started, run until it is idle, drained. */
import { type Budget, budget } from '../../../lib/connect/budget.ts'
import type { SinkConnector } from '../../../lib/connect/plugin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { find } from '../../../lib/registry.ts'
import { type SinkStart, startSink } from '../../../lib/slice/start-sink.ts'
import { type Lease, NO_PROGRESS, type RunProgress } from '../../../lib/state/leases.ts'
import { ASSIGNMENT, assignmentText, sinkGroup } from '../../../lib/worker/assignment.ts'
import type { Runtime } from '../../../lib/worker/runtime.ts'
import type { Worker } from '../../../lib/worker/settings.ts'

export interface JdbcSlice {
  readonly cluster: Cluster
  readonly worker: Worker
  readonly connector: string
  /** Of one partition, with values as JSON. */
  readonly topic: string
  readonly file: string
  readonly epoch: number
  readonly config?: Readonly<Record<string, string>>
}

/** INSERTs into a table without a primary key: what is written twice is there twice. */
export function jdbcConfig({ connector, topic, file, config }: JdbcSlice): Readonly<Record<string, string>> {
  return {
    name: connector,
    'connector.class': 'JdbcSinkConnector',
    topics: topic,
    'connection.url': `jdbc:sqlite:${file}`,
    'table.name.format': 'lines',
    'auto.create': 'true',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'penstock.sink.exactly.once': 'true',
    ...config,
  }
}

export async function runJdbcSlice(slice: JdbcSlice): Promise<RunProgress> {
  const { cluster, worker, connector, topic, epoch } = slice
  const raw = jdbcConfig(slice)
  const progress = { ...NO_PROGRESS }
  const lease = { connector, task: 0, epoch, generation: 1, clean: false, slices: 1, progress } as unknown as Lease
  using time = budget(60_000)
  const run = await startSink({ ...(await sinkStart(cluster, worker, raw, topic, epoch, time)), lease })
  await run.run(time)
  await run.drain(time)
  await run.stop()
  return run.progress
}

/** Of a sink of one partition. */
export async function sinkStart(
  cluster: Cluster,
  worker: Worker,
  raw: Readonly<Record<string, string>>,
  topic: string,
  epoch: number,
  time: Budget,
): Promise<Omit<SinkStart, 'lease'>> {
  const connector = raw['name'] ?? ''
  const { consumer } = clientSettings(worker.raw, 'consumer')
  return {
    opened: {
      env: { worker, workerId: 'w:8083' },
      admin: cluster,
      secrets: { scrub: (text: string) => text },
    } as unknown as Runtime,
    view: { members: null },
    connector: (await find('connector', raw['connector.class'] ?? '')) as SinkConnector,
    raw,
    taskConfig: { ...raw, [ASSIGNMENT]: assignmentText(new Map([[topic, [0]]])) },
    event: { connector, task: 0, epoch, generation: 1, heir: false },
    cluster,
    consumerSettings: consumer,
    limitsPolls: false,
    group: sinkGroup(connector, {}),
    plugins: {
      converter: (name) => find('converter', name),
      headerConverter: (name) => find('header_converter', name),
      transform: (name) => find('transformation', name),
      predicate: (name) => find('predicate', name),
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    budget: time,
  }
}
