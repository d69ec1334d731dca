/** The status topic's records, in the bytes of Connect's `KafkaStatusBackingStore` (Kafka 4.3), and Penstock's own. */
import type { EncodedRecord } from './config-records.ts'
import { isJsonObject, type Json, type JsonObject, jsonText, tryParseJson } from './json-text.ts'

export const STATUS_STATES = [
  'RUNNING',
  'PAUSED',
  'STOPPED',
  'FAILED',
  'UNASSIGNED',
  'RESTARTING',
  'DESTROYED',
] as const

export type StatusState = (typeof STATUS_STATES)[number]

export interface Status {
  readonly state: StatusState
  readonly trace: string | null
  readonly workerId: string
  readonly generation: number
  /** Of the plugin. */
  readonly version: string | null
}

export interface TaskStatus extends Status {
  readonly task: number
}

/** A topic that a connector has used (KIP-558). */
export interface ActiveTopic {
  readonly topic: string
  readonly task: number
  /** Epoch ms. */
  readonly discoveredAt: number
}

/** Penstock's `penstock-lease-NAME-N`: who has a task, for the day the table is lost. A JVM worker passes it by. */
export interface LeaseRecord {
  readonly epoch: number
  readonly owner: string
  /** Epoch ms. */
  readonly deadline: number
  readonly ended: boolean
  /** As `Lease.clean` once it has ended. Absent: false. */
  readonly clean?: boolean
  /** Absent: an older one than any. */
  readonly generation?: number
}

/** Null deletes. */
export type StatusRecord =
  | { readonly kind: 'connector'; readonly connector: string; readonly status: Status | null }
  | { readonly kind: 'task'; readonly connector: string; readonly task: number; readonly status: Status | null }
  | { readonly kind: 'topic'; readonly connector: string; readonly topic: string; readonly active: ActiveTopic | null }
  | { readonly kind: 'lease'; readonly connector: string; readonly task: number; readonly lease: LeaseRecord | null }

export function encodeStatusRecord(record: StatusRecord): EncodedRecord {
  const { connector } = record
  switch (record.kind) {
    case 'connector':
      return { key: `status-connector-${connector}`, value: statusText(record.status) }
    case 'task':
      return { key: `status-task-${connector}-${record.task}`, value: statusText(record.status) }
    case 'topic':
      return {
        key: `status-topic-${record.topic}:connector-${connector}`,
        value: record.active === null ? null : topicText(connector, record.active),
      }
    case 'lease':
      return {
        key: leaseKey(connector, record.task),
        value: record.lease === null ? null : jsonText({ ...record.lease }),
      }
    default:
      return record satisfies never
  }
}

export function leaseKey(connector: string, task: number): string {
  return `penstock-lease-${connector}-${task}`
}

/** Null for what is none of these, or can't be read. */
export function parseStatusRecord(key: string, text: string | null): StatusRecord | null {
  const value = text === null ? null : tryParseJson(text)
  if (value !== null && !isJsonObject(value)) return null
  if (key.startsWith('status-connector-')) {
    const status = parseStatus(value)
    return status === undefined ? null : { kind: 'connector', connector: key.slice(17), status }
  }
  if (key.startsWith('status-task-')) {
    const status = parseStatus(value)
    const id = parseTask(key.slice(12))
    return status === undefined || id === null ? null : { kind: 'task', ...id, status }
  }
  if (key.startsWith('status-topic-')) return parseTopic(key.slice(13), value)
  if (!key.startsWith('penstock-lease-')) return null
  const lease = parseLease(value)
  const id = parseTask(key.slice(15))
  return lease === undefined || id === null ? null : { kind: 'lease', ...id, lease }
}

function statusText(status: Status | null): string | null {
  if (status === null) return null
  const { state, trace, workerId, generation, version } = status
  return jsonText({ state, trace, worker_id: workerId, generation, version })
}

function topicText(connector: string, { topic, task, discoveredAt }: ActiveTopic): string {
  return jsonText({ topic: { name: topic, connector, task, discoverTimestamp: discoveredAt } })
}

function parseStatus(value: JsonObject | null): Status | null | undefined {
  if (value === null) return null
  const { state, trace, worker_id: workerId, generation, version } = value as Readonly<Record<string, Json | undefined>>
  if (!isState(state) || typeof workerId !== 'string') return undefined
  return {
    state,
    trace: typeof trace === 'string' ? trace : null,
    workerId,
    generation: typeof generation === 'number' ? generation : 0,
    version: typeof version === 'string' ? version : null,
  }
}

function parseTopic(name: string, value: JsonObject | null): StatusRecord | null {
  // A topic's name has no colon, a connector's may.
  const at = name.indexOf(':connector-')
  if (at < 0) return null
  const topic = name.slice(0, at)
  const connector = name.slice(at + 11)
  if (value === null) return { kind: 'topic', connector, topic, active: null }
  const { topic: active } = value as Readonly<Record<string, Json | undefined>>
  if (!isJsonObject(active)) return null
  const { task, discoverTimestamp } = active as Readonly<Record<string, Json | undefined>>
  const at0 = { task: Number(task ?? 0), discoveredAt: Number(discoverTimestamp ?? 0) }
  return { kind: 'topic', connector, topic, active: { topic, ...at0 } }
}

function parseLease(value: JsonObject | null): LeaseRecord | null | undefined {
  if (value === null) return null
  const { epoch, owner, deadline, ended, clean, generation } = value as Readonly<Record<string, Json | undefined>>
  if (typeof epoch !== 'number' || typeof owner !== 'string' || typeof deadline !== 'number') return undefined
  const lease = { epoch, owner, deadline, ended: ended === true, clean: clean === true }
  return typeof generation === 'number' ? { ...lease, generation } : lease
}

function parseTask(id: string): { readonly connector: string; readonly task: number } | null {
  const match = /^(.*)-(\d+)$/s.exec(id)
  return match === null ? null : { connector: match[1] ?? '', task: Number(match[2]) }
}

const STATES: ReadonlySet<Json | undefined> = new Set<StatusState>(STATUS_STATES)

function isState(state: Json | undefined): state is StatusState {
  return STATES.has(state)
}
