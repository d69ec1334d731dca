/** A connector's item in the table, `connectors`/NAME: its config's part and its statuses' part change apart. */
import type { Item } from './attributes.ts'
import type { Origin } from './config-history.ts'
import type { Properties, TargetState } from './config-records.ts'
import { type ConnectorConfig, NO_CONFIG } from './connector-config.ts'
import { membersOf, type SinkMembers } from './sink-members.ts'
import type { ActiveTopic, Status, TaskStatus } from './status-records.ts'
import type { Key } from './table.ts'

export interface ConnectorView {
  readonly name: string
  /** Null: deleted, or not written yet. */
  readonly config: Properties | null
  /** Of the newest `connector-` record, a tombstone too; -1 where there is none. */
  readonly configPosition: number
  /** How often the config has changed, deletions too: the number of its newest version. */
  readonly revision: number
  readonly targetState: TargetState
  /** Of the newest `target-state-` record; -1 where there is none. */
  readonly targetPosition: number
  /** Position of the commit record of `tasks`; null where no complete set of task configs is known. */
  readonly generation: number | null
  readonly tasks: readonly Properties[]
  /** The task count of the newest `tasks-fencing-` record. */
  readonly fencedTasks: number | null
  readonly fencingPosition: number | null
  /** A write that is under way. */
  readonly intent: Intent | null
  readonly connectorStatus: Status | null
  /** By task; only of tasks that have one. */
  readonly taskStatuses: readonly TaskStatus[]
  readonly topics: readonly ActiveTopic[]
  /** Null: nobody stands for its tasks in a consumer group. */
  readonly members: SinkMembers | null
}

export interface Intent {
  readonly id: string
  /** Epoch ms; void after `INTENT_MS`. */
  readonly at: number
  /** Of a new config; null for what else is written. */
  readonly origin: Origin | null
}

export const CONNECTORS = 'connectors'

export function connectorKey(name: string): Key {
  return { pk: CONNECTORS, sk: name }
}

/** Status attributes hold the record's content with its `position`; a tombstone the position alone. */
export const STATUS = 'status'
const TASK = 'task#'
const TOPIC = 'topic#'

export function taskAttribute(task: number): string {
  return `${TASK}${String(task).padStart(6, '0')}`
}

export function topicAttribute(topic: string): string {
  return `${TOPIC}${topic}`
}

/** `config`: what the item's own part says, or nothing where that is of another incarnation. */
export function viewOf(item: Item, config: ConnectorConfig = NO_CONFIG): ConnectorView {
  const { pending, position, ...shown } = config
  const names = Object.keys(item).sort()
  return {
    name: String(item['sk']),
    ...shown,
    intent: (item['intent'] ?? null) as Intent | null,
    connectorStatus: content<Status>(item, STATUS),
    taskStatuses: names.flatMap((name): TaskStatus[] => {
      if (!name.startsWith(TASK)) return []
      const status = content<Status>(item, name)
      return status === null ? [] : [{ task: Number(name.slice(TASK.length)), ...status }]
    }),
    topics: names.flatMap((name): ActiveTopic[] => {
      if (!name.startsWith(TOPIC)) return []
      const active = content<Omit<ActiveTopic, 'topic'>>(item, name)
      return active === null ? [] : [{ topic: name.slice(TOPIC.length), ...active }]
    }),
    members: membersOf(item),
  }
}

function content<T>(item: Item, name: string): T | null {
  const attribute = item[name] as { readonly position: number; readonly content: T | null } | undefined
  return attribute?.content ?? null
}
