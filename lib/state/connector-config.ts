/** What the config topic's records make of a connector: a fold over them, in the order of their positions. */
import { isDeepStrictEqual } from 'node:util'
import type { Attribute, Item } from './attributes.ts'
import type { ConfigRecord, Properties, TargetState } from './config-records.ts'
import { pack, unpack } from './packed.ts'

export interface ConnectorConfig {
  readonly config: Properties | null
  readonly configPosition: number
  /** How often the config has changed, deletions too. */
  readonly revision: number
  readonly targetState: TargetState
  readonly targetPosition: number
  readonly generation: number | null
  readonly tasks: readonly Properties[]
  /** Task records since the last commit record, by task. */
  readonly pending: Readonly<Record<number, Properties>>
  readonly fencedTasks: number | null
  readonly fencingPosition: number | null
  /** Of the last record that is in; -1 before the first. */
  readonly position: number
}

export const NO_CONFIG: ConnectorConfig = {
  config: null,
  configPosition: -1,
  revision: 0,
  targetState: 'STARTED',
  targetPosition: -1,
  generation: null,
  tasks: [],
  pending: {},
  fencedTasks: null,
  fencingPosition: null,
  position: -1,
}

/** A record that is in already changes nothing, so records may be applied twice, and by anyone. */
export function applyRecord(before: ConnectorConfig, record: ConfigRecord, position: number): ConnectorConfig {
  if (position <= before.position) return before
  const now = { ...before, position }
  switch (record.kind) {
    case 'connector': {
      const { config } = record
      const revision = before.revision + (isDeepStrictEqual(config, before.config) ? 0 : 1)
      const changed = { ...now, config, configPosition: position, revision }
      return config === null ? { ...changed, generation: null, tasks: [], pending: {} } : changed
    }
    case 'task': {
      const { [record.task]: _, ...others } = before.pending
      return { ...now, pending: record.config === null ? others : { ...others, [record.task]: record.config } }
    }
    case 'commit':
      return { ...now, ...committed(before.pending, record.tasks, position), pending: {} }
    case 'target-state':
      return { ...now, targetState: record.state ?? 'STARTED', targetPosition: position }
    case 'tasks-fencing':
      return { ...now, fencedTasks: record.tasks, fencingPosition: position }
    case 'restart':
      return now
    default:
      return record satisfies never
  }
}

/** As in Connect a set that compaction or a dead writer left incomplete is none; it has to be written anew. */
function committed(
  pending: ConnectorConfig['pending'],
  count: number,
  position: number,
): Pick<ConnectorConfig, 'generation' | 'tasks'> {
  const tasks: Properties[] = []
  for (let task = 0; task < count; task++) {
    const config = pending[task]
    if (config === undefined) return { generation: null, tasks: [] }
    tasks.push(config)
  }
  return { generation: position, tasks }
}

export function configItem(config: ConnectorConfig): Item {
  return { ...config, config: pack(config.config), tasks: pack(config.tasks), pending: pack(config.pending) }
}

/** Of an item that has perhaps no more than statuses. */
export function configOf(item: Item | null): ConnectorConfig {
  if (item === null || item['position'] === undefined) return NO_CONFIG
  const { config, tasks, pending, configPosition, revision, targetState, targetPosition, ...rest } = item
  const { generation, fencedTasks, fencingPosition, position } = rest as { readonly [name: string]: Attribute }
  return {
    config: unpack(config) as Properties | null,
    tasks: unpack(tasks) as Properties[],
    pending: unpack(pending) as Record<number, Properties>,
    configPosition: Number(configPosition),
    revision: Number(revision ?? 0),
    targetState: targetState as TargetState,
    targetPosition: Number(targetPosition),
    generation: generation as number | null,
    fencedTasks: fencedTasks as number | null,
    fencingPosition: fencingPosition as number | null,
    position: Number(position),
  }
}
