/** GET /penstock/metrics, as Prometheus reads it: of leases in a real table and statuses in a real topic. */
import parse, { type Family } from 'parse-prometheus-text-format'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Meter } from '../../../lib/pipeline/meter.ts'
import { CONNECTOR_METRICS, TASK_METRICS, WORKER_METRICS } from '../../../lib/rest/metrics/connect-metrics.ts'
import { type End, NO_PROGRESS, type Progress } from '../../../lib/state/lease.ts'
import { type Measures, packed } from '../../../lib/state/measures.ts'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

const SOURCE = 'orders "eu"\\1'
const SINK = 'archive'

beforeAll(async () => {
  rest = await startRest()
  const file = { file: '/tmp/f', topic: 't', 'tasks.max': '1' }
  await make(SOURCE, { 'connector.class': 'FileStreamSource', ...file, 'value.converter': 'StringConverter' }, [
    { state: 'RUNNING', measures: sourceMeasures(), more: { read: 50, written: 48, filtered: 2 }, sealed: null },
  ])
  const transforms = {
    transforms: 'only',
    'transforms.only.type': 'org.apache.kafka.connect.transforms.Filter',
    'transforms.only.predicate': 'gone',
  }
  const predicates = {
    predicates: 'gone',
    'predicates.gone.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
  }
  const config = { 'connector.class': 'FileStreamSink', topics: 't', 'tasks.max': '2', ...transforms, ...predicates }
  const mismatch = { ...NO_PROGRESS.accounting, uncounted: 3, mismatch: 'they do not' }
  const failed = { kind: 'failed', error: { message: 'no', trace: 'no', retriable: true } } as const
  await make(SINK, config, [
    { state: 'RUNNING', measures: sinkMeasures(), more: { read: 9, lag: 12, accounting: mismatch }, sealed: null },
    { state: 'FAILED', measures: sinkMeasures(), more: { read: 9, lag: 0 }, sealed: failed },
  ])
})

afterAll(() => rest?.[Symbol.asyncDispose]())

function sourceMeasures(): Measures {
  const meter = new Meter()
  meter.polled(30, 20)
  meter.polled(20, 40)
  meter.acknowledged(30, Date.now() - 40)
  meter.acknowledged(18, Date.now() - 3_000)
  meter.committed(7)
  meter.transaction(30)
  meter.transaction(20)
  const measures = meter.measures()
  return { ...measures, sums: { ...measures.sums, restarts: 2, handOvers: 4, handOverMs: 100 } }
}

function sinkMeasures(): Measures {
  const meter = new Meter()
  meter.assigned(2, 10)
  meter.polled(9, 0)
  meter.put(8, 16)
  meter.taken(8, Date.now() - 600_000)
  meter.error()
  meter.count('skipped')
  meter.count('retries')
  meter.committed(5)
  meter.count('commitFailures')
  return meter.measures()
}

interface Made {
  readonly state: 'RUNNING' | 'FAILED'
  readonly measures: Measures
  readonly more: Partial<Progress>
  /** Null: the slice still runs. */
  readonly sealed: End | null
}

async function make(name: string, config: Record<string, string>, tasks: readonly Made[]): Promise<void> {
  const { configs, statuses, leases } = rest.state
  const answer = await rest.request('POST', '/connectors', { name, config })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  const view = await configs.view(name)
  const made = tasks.map((_, task) => ({ kind: 'task' as const, connector: name, task, config }))
  const commit = { kind: 'commit' as const, connector: name, tasks: tasks.length }
  await configs.write(name, { configPosition: view?.configPosition ?? null }, [...made, commit])
  const status = { trace: null, workerId: 'w:1', generation: 1, version: '4.3.1' }
  const ofTasks = tasks.map(({ state }, task) => {
    return { kind: 'task' as const, connector: name, task, status: { ...status, state } }
  })
  const own = { kind: 'connector' as const, connector: name, status: { ...status, state: 'RUNNING' as const } }
  await statuses.publish([own, ...ofTasks])
  for (const [task, { measures, more, sealed }] of tasks.entries()) {
    const now = Date.now()
    await leases.invite(name, task, { after: null, epoch: 1, generation: 1, invitedAt: now, restarts: 0 })
    const owner = { epoch: 1, owner: 'r/1', plannedEnd: now + 300_000 }
    await leases.claim(name, task, { ...owner, deadline: now + 600_000 })
    const progress = { ...NO_PROGRESS, ...more, measured: packed(measures) }
    if (sealed === null) await leases.heartbeat(name, task, { ...owner, progress, made: true })
    else await leases.seal(name, task, { ...owner, end: sealed, progress, made: true, clean: true })
  }
}

async function scrape(of: (line: string) => boolean = () => true): Promise<Map<string, Family>> {
  // As Prometheus asks.
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  const response = await rest.app.fetch(new Request('http://h/penstock/metrics', { headers: { accept } }))
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('#') || of(line))
  return new Map(parse(`${lines.join('\n')}\n`).map((family) => [family.name, family]))
}

test('a source shows Connect’s metrics by the names of the JMX exporter', async () => {
  const found = await scrape()
  const task = { connector: SOURCE, task: '0' }
  const of = (name: string, labels: object = {}) => {
    const wanted = Object.entries({ ...task, ...labels })
    return Number(
      found.get(name)?.metrics.find(({ labels }) => wanted.every(([key, value]) => labels?.[key] === value))?.value,
    )
  }
  expect(of('kafka_connect_source_task_source_record_poll_total')).toBe(50)
  expect(of('kafka_connect_source_task_source_record_write_total')).toBe(48)
  expect(of('kafka_connect_source_task_source_record_poll_rate')).toBe(50)
  expect(of('kafka_connect_source_task_poll_batch_avg_time_ms')).toBe(30)
  expect(of('kafka_connect_source_task_poll_batch_max_time_ms')).toBe(40)
  expect(of('kafka_connect_source_task_source_record_active_count')).toBe(50)
  expect(of('kafka_connect_source_task_transaction_size_avg')).toBe(25)
  expect(of('kafka_connect_source_task_transaction_size_min')).toBe(20)
  expect(of('kafka_connect_connector_task_batch_size_max')).toBe(30)
  expect(of('kafka_connect_connector_task_offset_commit_success_percentage')).toBe(1)
  expect(of('kafka_connect_connector_task_status', { status: 'running' })).toBe(1)
  expect(of('kafka_connect_connector_task_running_ratio')).toBe(1)
  const converter = { value_converter_class: 'StringConverter' }
  expect(of('kafka_connect_connector_task_value_converter_class', converter)).toBe(1)
  expect(found.get('kafka_connect_source_task_source_record_poll_total')?.type).toBe('COUNTER')
  expect(of('penstock_task_restarts_total')).toBe(2)
  expect(of('penstock_task_hand_over_gap_seconds_total')).toBe(0.1)
  expect(of('penstock_task_records', { outcome: 'filtered' })).toBe(2)
  expect(found.get('kafka_connect_sink_task_sink_record_read_total')?.metrics).toHaveLength(2)
})

test('a sink, its errors, its plugins and its states', async () => {
  const found = await scrape()
  const of = (name: string, task: string, labels: object = {}) => {
    const wanted = Object.entries({ connector: SINK, task, ...labels })
    const at = found.get(name)?.metrics.find(({ labels }) => wanted.every(([key, value]) => labels?.[key] === value))
    return at?.value === undefined ? null : Number(at.value)
  }
  expect(of('kafka_connect_sink_task_sink_record_read_total', '0')).toBe(9)
  expect(of('kafka_connect_sink_task_sink_record_send_total', '0')).toBe(8)
  expect(of('kafka_connect_sink_task_sink_record_lag_max', '0')).toBe(10)
  expect(of('kafka_connect_sink_task_partition_count', '0')).toBe(2)
  expect(of('kafka_connect_sink_task_put_batch_avg_time_ms', '0')).toBe(16)
  expect(of('kafka_connect_sink_task_sink_record_read_rate', '0')).toBe(9)
  // A task that doesn't run reads nothing, whatever its last slice did.
  expect(of('kafka_connect_sink_task_sink_record_read_rate', '1')).toBe(0)
  expect(of('kafka_connect_connector_task_offset_commit_failure_percentage', '0')).toBe(0.5)
  expect(of('kafka_connect_task_error_total_record_failures', '0')).toBe(1)
  expect(of('kafka_connect_task_error_total_records_skipped', '0')).toBe(1)
  expect(of('kafka_connect_task_error_total_retries', '0')).toBe(1)
  expect(of('kafka_connect_task_error_last_error_timestamp', '0')).toBeGreaterThan(Date.now() - 60_000)
  const filter = { transform: 'only', transform_class: 'org.apache.kafka.connect.transforms.Filter' }
  expect(of('kafka_connect_connector_transform_transform_class', '0', filter)).toBe(1)
  expect(of('kafka_connect_connector_predicate_predicate_version', '0', { predicate: 'gone' })).toBe(1)
  expect(of('penstock_task_lag', '0')).toBe(12)
  expect(of('penstock_task_uncounted_total', '0')).toBe(3)
  expect([of('penstock_task_mismatch', '0'), of('penstock_task_mismatch', '1')]).toEqual([1, 0])
  const counts = (state: string) => found.get(`kafka_connect_worker_connector_${state}_task_count`)?.metrics
  expect(counts('failed')?.find(({ labels }) => labels?.['connector'] === SINK)?.value).toBe('1')
  expect(counts('total')?.find(({ labels }) => labels?.['connector'] === SINK)?.value).toBe('2')
  expect(found.get('kafka_connect_worker_connector_count')?.metrics).toEqual([{ value: '2' }])
  expect(found.get('kafka_connect_worker_task_count')?.metrics).toEqual([{ value: '3' }])
})

test('latency is a histogram: until acknowledged, put, durable', async () => {
  // The parser takes a histogram's lines for one, whatever their labels.
  const of = async (task: string, until: string) => {
    const found = await scrape((line) => line.includes(`task="${task}",until="${until}"`))
    return found.get('penstock_record_latency_seconds')?.metrics[0]
  }
  const acknowledged = { '0.01': '0', '0.05': '30', '2.5': '30', '5': '48', '+Inf': '48' }
  expect((await of('0', 'acknowledged'))?.buckets).toMatchObject(acknowledged)
  expect((await of('1', 'put'))?.buckets).toMatchObject({ '300': '0', '+Inf': '8' })
  expect((await of('1', 'durable'))?.buckets).toMatchObject({ '300': '0', '+Inf': '0' })
  const sums = await rest.app.fetch(new Request('http://h/penstock/metrics')).then((response) => response.text())
  expect(sums).toContain(`penstock_record_latency_seconds_count{connector="${SINK}",task="1",until="put"} 8`)
  expect(sums).toMatch(/^penstock_record_latency_seconds_sum\{connector="archive",task="1",until="put"\} 4800/m)
})

test('a name is declared once', async () => {
  const names = [...WORKER_METRICS, ...CONNECTOR_METRICS, ...TASK_METRICS].map(({ name }) => name)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  for (const name of names) expect(name).toMatch(/^kafka_connect_[a-z_]+$/)
})

test('text is what clients get that ask for it; others may not ask for anything', async () => {
  const asked = (accept: string) =>
    rest.app.fetch(new Request('http://h/penstock/metrics', { headers: { accept } })).then(({ status }) => status)
  expect([await asked('text/plain'), await asked('*/*'), await asked('image/png')]).toEqual([200, 200, 406])
})
