/** What the pipeline's tests share: a task's surroundings on a real broker, and small connectors with faults. */
import { afterAll, beforeAll } from 'vitest'
import { type Budget, budget } from '../../../lib/connect/budget.ts'
import { DataError } from '../../../lib/connect/errors.ts'
import {
  type ConverterPlugin,
  converter,
  type Failure,
  type OneToMany,
  type PluginLog,
  type PluginOf,
  type Polled,
  plugin,
  type SinkConnector,
  type SinkTask,
  type SourceConnector,
  sink,
  source,
  type Transform,
} from '../../../lib/connect/plugin.ts'
import { ConnectRecord, NO_HEADERS, type Origin, type Position } from '../../../lib/connect/record.ts'
import { STRING } from '../../../lib/connect/schema.ts'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import stringConverter from '../../../lib/converters/string-converter.ts'
import { createTopics, listOffsets } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { createConsumer } from '../../../lib/kafka/consumer.ts'
import { commit, committed } from '../../../lib/kafka/groups.ts'
import { createProducer, type Producer } from '../../../lib/kafka/producer.ts'
import { createTransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import type { PluginSource } from '../../../lib/pipeline/chain.ts'
import { openSink } from '../../../lib/pipeline/open-sink.ts'
import type { Outcome, Run } from '../../../lib/pipeline/run.ts'
import type { SinkDeps, SinkRun } from '../../../lib/pipeline/sink.ts'
import { sinkAssignment } from '../../../lib/pipeline/sink-assignment.ts'
import { openSource, type SourceDeps, type SourceRun } from '../../../lib/pipeline/source.ts'
import type { TopicOffsets } from '../../../lib/pipeline/source-offsets.ts'
import { startPositions } from '../../../lib/pipeline/start-positions.ts'
import { encodeOffsetKey, encodeOffsetValue } from '../../../lib/state/offset-records.ts'
import { connectorSettings } from '../../../lib/worker/connector-settings.ts'
import { type InFlight, inFlight } from '../../../lib/worker/in-flight.ts'
import { LOCAL_DEFAULTS, worker as parseWorker, type Worker } from '../../../lib/worker/settings.ts'
import { type BrokerOptions, type KafkaBroker, startKafka } from '../../kafka-broker.ts'

let names = 0
/** A name that no other test uses. */
export const unique = (base: string): string => `${base}-${process.pid}-${++names}`

export interface Surroundings extends AsyncDisposable {
  readonly broker: KafkaBroker
  readonly cluster: Cluster
  readonly worker: Worker
}

export async function surroundings(settings: RawConfig = {}, options: BrokerOptions = {}): Promise<Surroundings> {
  const broker = await startKafka(options)
  const worker = parseWorker({
    ...LOCAL_DEFAULTS,
    'bootstrap.servers': broker.bootstrap,
    'key.converter': stringConverter.class,
    'value.converter': stringConverter.class,
    'header.converter': stringConverter.class,
    'group.id': unique('pipeline'),
    ...settings,
  })
  const cluster = await connect(clientSettings(worker.raw, 'admin').client)
  const offsets = { name: worker.topics.offsets, partitions: 1, replicationFactor: 1 }
  await createTopics(cluster, [{ ...offsets, configs: { 'cleanup.policy': 'compact' } }])
  return { broker, cluster, worker, [Symbol.asyncDispose]: () => cluster.close() }
}

/** The surroundings of a test file, from its first test to its last. */
export let around: Surroundings

export function useSurroundings(): void {
  beforeAll(async () => {
    around = await surroundings()
  })
  afterAll(() => around?.[Symbol.asyncDispose]())
}

export interface Logged {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface KeptLog extends PluginLog {
  readonly lines: Logged[]
}

export function keptLog(): KeptLog {
  const lines: Logged[] = []
  const at =
    (level: Logged['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, message, fields })
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Offsets in memory, with Connect's bytes. */
export function offsetsInMemory(connector: string, topic: string): TopicOffsets & { readonly puts: number } {
  const kept = new Map<string, { partition: Position; offset: Position }>()
  const state = { puts: 0 }
  return {
    topic,
    get puts() {
      return state.puts
    },
    get: (partition) => kept.get(JSON.stringify(partition))?.offset,
    all: () => [...kept.values()],
    encode: (partition, offset) => ({
      key: Buffer.from(encodeOffsetKey(connector, partition)),
      value: Buffer.from(encodeOffsetValue(offset) ?? ''),
      kafkaPartition: 0,
    }),
    put(partition, offset) {
      state.puts++
      if (offset === null) kept.delete(JSON.stringify(partition))
      else kept.set(JSON.stringify(partition), { partition, offset })
    },
  }
}

/** Can't read or write the text `bad`. */
export const pickyConverter: ConverterPlugin = converter({
  class: 'test.PickyConverter',
  version: '1',
  doc: '',
  settings: {},
  create: () => ({
    toConnect: (_topic, payload) => ({ schema: STRING, value: picky(Buffer.from(payload ?? []).toString()) }),
    fromConnect: (_topic, _schema, value) => picky(String(value)),
  }),
})

function picky(text: string): string {
  if (text === 'bad') throw new DataError('bad is not good')
  return text
}

/** By a name of the test's own. */
export type Transforms = Readonly<Record<string, Transform['apply'] | OneToMany>>

function plugins(transforms: Transforms = {}): PluginSource {
  const missing = (name: string) => Promise.reject(new Error(`no plugin ${name}`))
  return {
    converter: (name) => Promise.resolve(name === pickyConverter.class ? pickyConverter : stringConverter),
    headerConverter: (): Promise<ConverterPlugin> => Promise.resolve(stringConverter),
    predicate: missing,
    transform(name): Promise<PluginOf<Transform | OneToMany>> {
      const found = transforms[name]
      if (found === undefined) return missing(name)
      const create = () => (typeof found === 'function' ? { apply: found } : found)
      return Promise.resolve(plugin({ class: name, version: '1', doc: '', settings: {}, create }))
    },
  }
}

export interface CountingOptions {
  /** Records in all. */
  readonly count: number
  readonly batch?: number
  /** Runs before each poll, which begins at `next`. */
  readonly beforePoll?: (next: number, budget: Budget) => void | Promise<void>
  readonly onCommitted?: (next: number) => void
  readonly topicOf?: (n: number) => string
  readonly textOf?: (n: number) => string
  /** What the end answers: done, or that it is idle for so long. */
  readonly idleMs?: number
}

/** Sends `0`, `1`, ... to a topic; the offset is the next number. */
export function counting(topic: string, options: CountingOptions): SourceConnector & { committed: number[] } {
  const { count, batch = 100, beforePoll, onCommitted, topicOf = () => topic, textOf = String, idleMs } = options
  const committed: number[] = []
  const partition = { name: 'numbers' }
  const declared = source({
    class: 'test.Counting',
    taskClass: 'test.CountingTask',
    version: '1',
    doc: '',
    settings: {},
    exactlyOnce: () => true,
    start(_config, { offsets }) {
      let next = Number(offsets.get(partition)?.['next'] ?? 0)
      return Promise.resolve({
        async poll(limit, budget): Promise<Polled> {
          await beforePoll?.(next, budget)
          const end = Math.min(count, next + Math.min(limit, batch))
          const records: ConnectRecord[] = []
          for (; next < end; next++) {
            const origin = { kind: 'source', partition, offset: { next: next + 1 } } as const
            records.push(
              new ConnectRecord(
                topicOf(next),
                null,
                STRING,
                `k${next}`,
                STRING,
                textOf(next),
                null,
                NO_HEADERS,
                origin,
              ),
            )
          }
          return next < count ? { records } : { records, ...(idleMs === undefined ? { done: true } : { idleMs }) }
        },
        committed(offsets) {
          for (const { offset } of offsets) {
            const next = Number(offset['next'])
            committed.push(next)
            onCommitted?.(next)
          }
          return Promise.resolve()
        },
        stop: () => Promise.resolve(),
      })
    },
  })
  return { ...declared, committed }
}

export interface Sunk {
  readonly values: string[]
  readonly origins: Origin[]
  flushes: number
}

export interface CollectingOptions {
  /** Runs before each put and may throw; what it answers are the failures. */
  readonly beforePut?: (
    records: readonly ConnectRecord[],
    budget: Budget,
  ) => undefined | readonly Failure[] | Promise<void>
  readonly flush?: SinkTask['flush']
}

/** Keeps what is put. */
export function collecting(options: CollectingOptions = {}): SinkConnector & { readonly sunk: Sunk } {
  const sunk: Sunk = { values: [], origins: [], flushes: 0 }
  const declared = sink({
    class: 'test.Collecting',
    taskClass: 'test.CollectingTask',
    version: '1',
    doc: '',
    settings: {},
    start: () =>
      Promise.resolve({
        async put(records, budget) {
          const failures = (await options.beforePut?.(records, budget)) ?? []
          const failed = new Set(failures.map(({ record }) => record))
          for (const record of records) {
            if (failed.has(record)) continue
            sunk.values.push(String(record.value))
            sunk.origins.push(record.origin)
          }
          return failures
        },
        flush(budget) {
          sunk.flushes++
          return options.flush === undefined ? Promise.resolve('all') : options.flush(budget)
        },
        stop: () => Promise.resolve(),
      }),
  })
  return { ...declared, sunk }
}

export interface SinkOptions {
  readonly config?: RawConfig
  /** Instead of the test's own. */
  readonly plugins?: PluginSource
  readonly transforms?: Transforms
  readonly log?: PluginLog
  readonly name?: string
  readonly inFlight?: Partial<InFlight>
  readonly idleAfterMs?: number
}

export interface OpenedSink extends AsyncDisposable {
  readonly run: SinkRun
  readonly group: string
}

/** One task with all partitions of the topics, from the group's offsets. */
export async function openSinkOf(
  { cluster, worker }: Surroundings,
  declaration: SinkConnector,
  topics: readonly string[],
  options: SinkOptions = {},
): Promise<OpenedSink> {
  const connector = options.name ?? unique('sink')
  const group = `connect-${connector}`
  const config = { name: connector, 'connector.class': declaration.class, topics: topics.join(','), ...options.config }
  const overrides = connectorSettings(config, worker).consumerOverrides
  const { consumer: settings } = clientSettings(worker.raw, 'consumer', overrides)
  const counts = new Map<string, number>()
  for (const topic of topics) counts.set(topic, (await cluster.topic(topic)).partitions.length)
  const isolation = settings.isolationLevel
  const assignment = sinkAssignment(counts, 1, 0)
  const found = await committed(cluster, group)
  const reset = settings.autoOffsetReset
  const positions = await startPositions({ cluster, assignment, committed: found, reset, isolation })
  const limits = { ...inFlight(), ...options.inFlight }
  const consumer = createConsumer(cluster, settings, { maxBytes: limits.fetched })
  const deps: SinkDeps = {
    connector,
    task: 0,
    declaration,
    config,
    taskConfig: config,
    worker,
    plugins: options.plugins ?? plugins(options.transforms),
    cluster,
    consumer,
    positions,
    reset,
    isolation,
    maxRecords: 'max.poll.records' in overrides ? settings.maxPollRecords : null,
    commit: (offsets) => commit(cluster, group, offsets),
    log: options.log ?? keptLog(),
    inFlight: limits,
    idleAfterMs: options.idleAfterMs ?? 400,
  }
  using time = budget(10_000)
  const run = await openSink(deps, time)
  return { run, group, [Symbol.asyncDispose]: () => consumer.close() }
}

/** The sum of the group's offsets. */
export async function committedTo({ cluster }: Surroundings, group: string): Promise<number> {
  return (await committed(cluster, group)).reduce((sum, { offset }) => sum + offset, 0)
}

export interface SourceOptions {
  readonly config?: RawConfig
  /** Instead of the test's own. */
  readonly plugins?: PluginSource
  readonly transforms?: Transforms
  readonly exactlyOnce?: boolean
  readonly offsets?: TopicOffsets
  readonly log?: PluginLog
  readonly name?: string
  readonly idleAfterMs?: number
}

export interface OpenedSource extends AsyncDisposable {
  readonly run: SourceRun
  readonly offsets: TopicOffsets
  readonly producer: Producer
  /** As a crash: nothing is flushed. */
  crash(): Promise<void>
}

export async function open(
  { cluster, worker }: Surroundings,
  declaration: SourceConnector,
  options: SourceOptions = {},
): Promise<OpenedSource> {
  const connector = options.name ?? unique('source')
  const config = { name: connector, 'connector.class': declaration.class, ...options.config }
  const { producer: settings } = clientSettings(
    worker.raw,
    'producer',
    connectorSettings(config, worker).producerOverrides,
  )
  const offsets = options.offsets ?? offsetsInMemory(connector, worker.topics.offsets)
  let delivery: SourceDeps['delivery']
  if (options.exactlyOnce) {
    const producer = createTransactionalProducer(cluster, settings, `${connector}-0`)
    delivery = { kind: 'exactly-once', producer, init: () => producer.init() }
  } else delivery = { kind: 'at-least-once', producer: await createProducer(cluster, settings) }
  const deps: SourceDeps = {
    connector,
    task: 0,
    declaration,
    config,
    taskConfig: config,
    worker,
    plugins: options.plugins ?? plugins(options.transforms),
    cluster,
    delivery,
    offsets,
    log: options.log ?? keptLog(),
    inFlight: inFlight(),
    idleAfterMs: options.idleAfterMs ?? 500,
  }
  using time = budget(10_000)
  const run = await openSource(deps, time)
  const crash = () => delivery.producer.close()
  return { run, offsets, producer: delivery.producer, crash, [Symbol.asyncDispose]: crash }
}

interface Found {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly text: string
}

/** What a consumer of committed records sees, by partition and offset. */
async function found({ cluster, worker }: Surroundings, topic: string): Promise<Found[]> {
  const { consumer: settings } = clientSettings(worker.raw, 'consumer')
  const consumer = createConsumer(cluster, { ...settings, isolationLevel: 'read_committed' })
  const { partitions } = await cluster.topic(topic, { refresh: true })
  consumer.assign(new Map([[topic, new Map(partitions.map(({ partition }) => [partition, 0]))]]))
  const records: Found[] = []
  const end = await ends(cluster, topic)
  const read = () => partitions.reduce((sum, { partition }) => sum + consumer.position(topic, partition), 0)
  while (read() < end) {
    for (const batch of await consumer.poll(100)) {
      const { partition, buffer } = batch
      batch.forEach((offset, _timestamp, keyStart, keyEnd, start, stop) => {
        const key = buffer.toString('utf8', keyStart, keyEnd)
        records.push({ partition, offset, key, text: buffer.toString('utf8', start, stop) })
      })
    }
  }
  await consumer.close()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

export async function texts(around: Surroundings, topic: string): Promise<string[]> {
  return (await found(around, topic)).map(({ text }) => text)
}

/** Offsets as the offsets topic has them, as after a crash. */
export async function offsetsOfTopic(around: Surroundings, connector: string): Promise<TopicOffsets> {
  const { offsets: topic } = around.worker.topics
  const offsets = offsetsInMemory(connector, topic)
  for (const { key, text } of await found(around, topic)) {
    const [name, partition] = JSON.parse(key) as [string, Position]
    if (name === connector) offsets.put(partition, JSON.parse(text) as Position)
  }
  return offsets
}

/** Runs until the run ends by itself or `ms` are over, and drains. */
export async function runAndDrain(run: Run, ms = 20_000): Promise<Outcome> {
  using time = budget(ms)
  const outcome = await run.run(time)
  using rest = budget(10_000)
  await run.drain(rest)
  await run.stop()
  return outcome
}

export const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i))

/** Records of a topic, all partitions, as offsets count them. */
export async function ends(cluster: Cluster, topic: string): Promise<number> {
  const { partitions } = await cluster.topic(topic, { refresh: true })
  const asked = partitions.map(({ partition }) => ({ topic, partition }))
  const found = await listOffsets(cluster, asked, 'latest')
  return found.reduce((sum, { offset }) => sum + offset, 0)
}
