/** The connectors on a real broker that is both clusters, run as a slice runs them. */
import { budget } from '../../../../lib/connect/budget.ts'
import type { SourceConnector } from '../../../../lib/connect/plugin.ts'
import { parse, type RawConfig } from '../../../../lib/connect/settings.ts'
import byteArrayConverter from '../../../../lib/converters/byte-array-converter.ts'
import { listOffsets } from '../../../../lib/kafka/admin.ts'
import type { Cluster } from '../../../../lib/kafka/cluster.ts'
import { createConsumer } from '../../../../lib/kafka/consumer.ts'
import { createProducer } from '../../../../lib/kafka/producer.ts'
import { readHeaders } from '../../../../lib/kafka/record-batch-decoder.ts'
import type { PluginSource } from '../../../../lib/pipeline/chain.ts'
import type { TopicOffsets } from '../../../../lib/pipeline/source-offsets.ts'
import { find } from '../../../../lib/registry.ts'
import { consuming, producing } from '../../kafka/kit.ts'
import { around, keptLog, open, unique } from '../../pipeline/kit.ts'

const none = (name: string) => Promise.reject(new Error(`no plugin ${name}`))
const bytes: PluginSource = {
  converter: async () => byteArrayConverter,
  headerConverter: async () => byteArrayConverter,
  predicate: none,
  transform: none,
}

export function mirror(name: 'Source' | 'Heartbeat' | 'Checkpoint'): Promise<SourceConnector> {
  return find('source', `Mirror${name}Connector`) as Promise<SourceConnector>
}

/** Of a pair of clusters whose names no other test has. */
export function pairOf(config: RawConfig): Record<string, string> {
  const { bootstrap } = around.broker
  const factors = ['replication.factor', 'offset-syncs.topic.', 'checkpoints.topic.', 'heartbeats.topic.']
  return {
    name: unique('mirror'),
    'source.cluster.alias': unique('from'),
    'target.cluster.alias': unique('to'),
    'source.cluster.bootstrap.servers': bootstrap,
    'target.cluster.bootstrap.servers': bootstrap,
    'heartbeats.replication.enabled': 'false',
    'consumer.poll.timeout.ms': '50',
    ...Object.fromEntries(factors.map((of) => [of.endsWith('.') ? `${of}replication.factor` : of, '1'])),
    ...config,
  } as Record<string, string>
}

export async function splitOf(
  connector: SourceConnector,
  raw: RawConfig,
  maxTasks = 1,
  tasks: readonly RawConfig[] = [],
): Promise<readonly RawConfig[]> {
  using time = budget(30_000)
  const context = { tasks, budget: time, log: keptLog() }
  return (await connector.split?.(parse(connector.settings, raw), raw, maxTasks, context)) ?? []
}

export async function tendOf(
  connector: SourceConnector,
  raw: RawConfig,
  tasks: readonly RawConfig[],
): Promise<boolean> {
  using time = budget(30_000)
  const context = { tasks, budget: time, log: keptLog() }
  return (await connector.tend?.(parse(connector.settings, raw), raw, context)) ?? false
}

export interface Ran {
  readonly offsets: TopicOffsets
  /** Of an idle task: what `look` compares with. */
  readonly mark: string
}

/** A task from its offsets until it has nothing more. */
export async function run(
  connector: SourceConnector,
  task: RawConfig,
  options: { readonly exactlyOnce?: boolean; readonly offsets?: TopicOffsets; readonly idleAfterMs?: number } = {},
): Promise<Ran> {
  const opened = await open(around, connector, {
    idleAfterMs: 150,
    ...options,
    plugins: bytes,
    config: task,
    name: task['name'] ?? '',
  })
  await using _ = opened
  using time = budget(60_000)
  const outcome = await opened.run.run(time)
  await opened.run.drain(time)
  await opened.run.stop()
  return { offsets: opened.offsets, mark: (outcome.kind === 'idle' && outcome.mark) || '' }
}

export interface Row {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Hex. */
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

/** All committed records, by partition and offset. */
export async function rowsOf(cluster: Cluster, topic: string): Promise<Row[]> {
  const { partitions } = await cluster.topic(topic, { refresh: true })
  const all = partitions.map(({ partition }) => ({ topic, partition }))
  // A commit is answered before its markers are written: the stable end follows the end.
  const ends = await listOffsets(cluster, all, 'latest')
  const consumer = createConsumer(cluster, consuming({ 'isolation.level': 'read_committed' }))
  consumer.assign(new Map([[topic, new Map(all.map(({ partition }) => [partition, 0]))]]))
  const rows: Row[] = []
  while (ends.some(({ partition, offset }) => consumer.position(topic, partition) < offset)) {
    for (const batch of await consumer.poll(100)) {
      const { partition, buffer } = batch
      const hex = (start: number, end: number) => (end < 0 ? null : buffer.toString('hex', start, end))
      batch.forEach((offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, start, count) => {
        const headers = readHeaders(buffer, start, count).map(
          (one) => [one.key, one.value?.toString('hex') ?? null] as const,
        )
        rows.push({
          partition,
          offset,
          timestamp,
          headers,
          key: hex(keyStart, keyEnd),
          value: hex(valueStart, valueEnd),
        })
      })
    }
  }
  await consumer.close()
  return rows.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** `count` records of one partition, `PREFIX-N`. */
export async function fill(
  cluster: Cluster,
  topic: string,
  partition: number,
  count: number,
  prefix = 'v',
): Promise<void> {
  const producer = await createProducer(cluster, producing())
  await producer.prepare([topic])
  for (let i = 0; i < count; i++)
    producer.append(topic, partition, Buffer.from(`k${i}`), Buffer.from(`${prefix}-${i}`), null, [])
  await producer.flush()
  await producer.close()
}
