/** The config topic's records, in the bytes of Connect's `KafkaConfigBackingStore` (Kafka 4.3). */
import { isJsonObject, type Json, jsonText, tryParseJson } from './json-text.ts'

export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED'

/** A config as Connect stores it: in the order given; null is a value. */
export type Properties = Readonly<Record<string, string | null>>

export type ConfigRecord =
  /** Null: deleted. */
  | { readonly kind: 'connector'; readonly connector: string; readonly config: Properties | null }
  | { readonly kind: 'task'; readonly connector: string; readonly task: number; readonly config: Properties | null }
  /** Puts the task records since the last commit into effect. */
  | { readonly kind: 'commit'; readonly connector: string; readonly tasks: number }
  | { readonly kind: 'target-state'; readonly connector: string; readonly state: TargetState | null }
  | { readonly kind: 'tasks-fencing'; readonly connector: string; readonly tasks: number }
  /** A request to JVM workers (KIP-745), `restart-connector-NAME`; no view holds it. Penstock's go through the leases. */
  | {
      readonly kind: 'restart'
      readonly connector: string
      readonly includeTasks: boolean
      readonly onlyFailed: boolean
    }

/** A record that is of no connector: logger levels, session keys; or one that can't be read. */
export interface OtherRecord {
  readonly kind: 'other'
  readonly key: string
  readonly value: string | null
}

export interface EncodedRecord {
  readonly key: string
  /** Null: a tombstone. */
  readonly value: string | null
}

export function encodeConfigRecord(record: ConfigRecord): EncodedRecord {
  const { connector } = record
  switch (record.kind) {
    case 'connector':
      return { key: `connector-${connector}`, value: properties(record.config) }
    case 'task':
      return { key: `task-${connector}-${record.task}`, value: properties(record.config) }
    case 'commit':
      return { key: `commit-${connector}`, value: jsonText({ tasks: record.tasks }) }
    case 'target-state':
      return { key: `target-state-${connector}`, value: record.state === null ? null : targetState(record.state) }
    case 'tasks-fencing':
      return { key: `tasks-fencing-${connector}`, value: jsonText({ 'task-count': record.tasks }) }
    case 'restart':
      return {
        key: `restart-connector-${connector}`,
        value: jsonText({ 'include-tasks': record.includeTasks, 'only-failed': record.onlyFailed }),
      }
    default:
      return record satisfies never
  }
}

/** A worker before 3.5 knows no STOPPED: for it `state` says PAUSED (KIP-875). */
function targetState(state: TargetState): string {
  return jsonText({ state: state === 'STOPPED' ? 'PAUSED' : state, 'state.v2': state })
}

function properties(config: Properties | null): string | null {
  return config === null ? null : jsonText({ properties: config })
}

/** What can't be read as a record of its key is passed by, as a JVM worker does. */
export function parseConfigRecord(key: string, value: string | null): ConfigRecord | OtherRecord {
  return parse(key, value === null ? null : tryParseJson(value)) ?? { kind: 'other', key, value }
}

const KEY = /^(target-state|tasks-fencing|restart-connector|connector|commit|task)-(.*)$/s

/** `value`: null for a tombstone, undefined for what isn't JSON. */
function parse(key: string, value: Json | undefined): ConfigRecord | null {
  const [, kind, name = ''] = KEY.exec(key) ?? []
  const fields = isJsonObject(value) ? value : {}
  switch (kind) {
    case 'connector': {
      const config = parseProperties(value)
      return config === undefined ? null : { kind, connector: name, config }
    }
    case 'task': {
      const [, connector, task] = /^(.*)-(\d+)$/s.exec(name) ?? []
      const config = parseProperties(value)
      return connector === undefined || config === undefined ? null : { kind, connector, task: Number(task), config }
    }
    case 'commit': {
      const tasks = fields['tasks']
      return typeof tasks === 'number' ? { kind, connector: name, tasks } : null
    }
    case 'target-state': {
      if (value === null) return { kind, connector: name, state: null }
      const state = fields['state.v2'] ?? fields['state']
      return isTargetState(state) ? { kind, connector: name, state } : null
    }
    case 'tasks-fencing': {
      const tasks = fields['task-count']
      return typeof tasks === 'number' ? { kind, connector: name, tasks } : null
    }
    case 'restart-connector': {
      const { 'include-tasks': includeTasks, 'only-failed': onlyFailed } = fields
      if (typeof includeTasks !== 'boolean' || typeof onlyFailed !== 'boolean') return null
      return { kind: 'restart', connector: name, includeTasks, onlyFailed }
    }
    default:
      return null
  }
}

function parseProperties(value: Json | undefined): Properties | null | undefined {
  if (value === null) return null
  const found = isJsonObject(value) ? value['properties'] : undefined
  if (!isJsonObject(found)) return undefined
  const texts = Object.entries(found).map(([name, text]) => [name, text === null ? null : asText(text)])
  return Object.fromEntries(texts)
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : jsonText(value)
}

function isTargetState(state: Json | undefined): state is TargetState {
  return state === 'STARTED' || state === 'PAUSED' || state === 'STOPPED'
}
