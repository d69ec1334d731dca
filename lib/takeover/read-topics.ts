/** What a Connect cluster's three topics hold. Nothing is written, no group is joined. */
import { ConfigError } from '../connect/errors.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { parseConfigRecord } from '../state/config-records.ts'
import { applyRecord, type ConnectorConfig, NO_CONFIG } from '../state/connector-config.ts'
import { KnownOffsets } from '../state/known-offsets.ts'
import { openLog, readTopic, topicEnds } from '../state/log.ts'
import { parseOffsetKey } from '../state/offset-records.ts'
import { OffsetTail, offsetBatch } from '../state/offset-tail.ts'
import { parseStatusRecord, type Status } from '../state/status-records.ts'
import type { Worker } from '../worker/settings.ts'

export interface ConnectTopics {
  /** Of the connectors that aren't deleted, by name. */
  readonly connectors: ReadonlyMap<
    string,
    ConnectorConfig & { readonly config: NonNullable<ConnectorConfig['config']> }
  >
  readonly statuses: ReadonlyMap<string, ConnectorStatuses>
  readonly offsets: ReadonlyMap<string, KnownOffsets>
}

export interface ConnectorStatuses {
  readonly connector: Status | null
  readonly tasks: ReadonlyMap<number, Status>
}

/** An append is never made. */
const NO_DELIVERY_MS = 1_000

/** `ConfigError` where a topic isn't there: then it is another cluster's Kafka, or another group. */
export async function readConnectTopics(cluster: Cluster, { topics, settings }: Worker): Promise<ConnectTopics> {
  const known = await cluster.topics(Object.values(topics), { refresh: true })
  const missing = Object.entries(topics).filter(([, name]) => !known.has(name))
  if (missing.length > 0)
    throw new ConfigError(
      `There is no topic ${missing.map(([, name]) => name).join(', ')}: give the Connect worker's file with --worker, or its group.id and topics with --group, --config-topic, --offset-topic and --status-topic (group.id is ${settings['group.id']})`,
    )
  const [connectors, statuses, offsets] = await Promise.all([
    readConfigs(cluster, topics.configs),
    readStatuses(cluster, topics.status),
    readOffsets(cluster, topics.offsets),
  ])
  return { connectors, statuses, offsets }
}

async function readConfigs(cluster: Cluster, topic: string): Promise<ConnectTopics['connectors']> {
  const folded = new Map<string, ConnectorConfig>()
  const log = openLog(cluster, topic, 'read_committed', NO_DELIVERY_MS)
  for (const { key, value, position } of await log.read([0], await log.ends())) {
    const record = parseConfigRecord(key, value)
    if (record.kind === 'other') continue
    folded.set(record.connector, applyRecord(folded.get(record.connector) ?? NO_CONFIG, record, position))
  }
  const live = [...folded].flatMap(([name, one]) => {
    return one.config === null ? [] : [[name, { ...one, config: one.config }] as const]
  })
  return new Map(live.sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function readStatuses(cluster: Cluster, topic: string): Promise<ConnectTopics['statuses']> {
  const found = new Map<string, { connector: Status | null; tasks: Map<number, Status> }>()
  const log = openLog(cluster, topic, 'read_uncommitted', NO_DELIVERY_MS)
  for (const { key, value } of await log.read([], await log.ends())) {
    const record = parseStatusRecord(key, value)
    if (record === null || (record.kind !== 'connector' && record.kind !== 'task')) continue
    const statuses = found.get(record.connector) ?? { connector: null, tasks: new Map<number, Status>() }
    found.set(record.connector, statuses)
    if (record.kind === 'connector') statuses.connector = record.status
    else if (record.status === null) statuses.tasks.delete(record.task)
    else statuses.tasks.set(record.task, record.status)
  }
  return found
}

/** Every key begins so. */
const ANY_KEY = Buffer.from('[')

/** As a slice resumes: records of aborted and of open transactions don't count. */
export async function readOffsets(cluster: Cluster, topic: string): Promise<ConnectTopics['offsets']> {
  const found = new Map<string, KnownOffsets>()
  const ends = await topicEnds(cluster, topic, 'read_uncommitted')
  const start = ends.map(() => 0)
  const tail = new OffsetTail(start, (entry) => {
    const connector = parseOffsetKey(entry.key)?.connector
    if (connector === undefined) return
    const known = found.get(connector) ?? new KnownOffsets(connector)
    found.set(connector, known)
    known.apply(entry)
  })
  await readTopic(cluster, topic, start, ends, { isolation: 'read_uncommitted', control: true }, (fetched) =>
    tail.visit(offsetBatch(fetched, ANY_KEY)),
  )
  return found
}
