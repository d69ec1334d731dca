/** Statuses in the connectors' items. Each is by itself: the record with the highest position counts. */
import type { Attribute, Item } from './attributes.ts'
import { connectorKey, STATUS, taskAttribute, topicAttribute } from './connector-view.ts'
import { absent, any, below } from './expression.ts'
import type { StatusRecord } from './status-records.ts'
import { ItemTooLarge, type Table } from './table.ts'

export interface PositionedStatus {
  readonly record: StatusRecord
  readonly position: number
}

const AT_ONCE = 10
/** Longer traces are cut in the view, more so where many tasks share an item of 400 KB. */
const TRACE_LIMIT = 16_384
const LONG_TRACES = 12
const SHORT_TRACE_LIMIT = 1_024

/** Reads what is there first, as most of a tail is known already. Lease records are no view's. */
export async function applyStatuses(table: Table, records: readonly PositionedStatus[]): Promise<void> {
  const newest = new Map<string, PositionedStatus>()
  for (const found of records) {
    const attribute = attributeOf(found.record)
    if (attribute === null) continue
    const id = `${found.record.connector}\n${attribute}`
    if (found.position > (newest.get(id)?.position ?? -1)) newest.set(id, found)
  }
  const connectors = new Set([...newest.values()].map(({ record }) => record.connector))
  const items = await table.batchGet([...connectors].map(connectorKey))
  const known = new Map(items.map((item) => [String(item['sk']), item]))
  const waiting = [...newest.values()].filter((found) => isNewer(found, known.get(found.record.connector)))
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await applyStatus(table, next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

export async function applyStatus(table: Table, { record, position }: PositionedStatus): Promise<void> {
  const attribute = attributeOf(record)
  if (attribute === null) return
  const condition = any(absent(attribute), below([attribute, 'position'], position))
  const write = (content: Attribute) =>
    table.update(connectorKey(record.connector), { set: [[attribute, { position, content }]] }, condition)
  try {
    await write(contentOf(record))
  } catch (error) {
    // Hundreds of tasks with long traces share the item; the topic has them.
    if (!(error instanceof ItemTooLarge)) throw error
    await write(withoutTrace(contentOf(record)))
  }
}

function withoutTrace(content: Attribute): Attribute {
  if (typeof content !== 'object' || content === null || !('trace' in content)) return content
  return { ...content, trace: 'The trace is in the status topic alone: those of this connector fill its item' }
}

function isNewer({ record, position }: PositionedStatus, item: Item | undefined): boolean {
  const attribute = attributeOf(record)
  const known = attribute === null ? undefined : item?.[attribute]
  return known === undefined || Number((known as { readonly position: number }).position) < position
}

function attributeOf(record: StatusRecord): string | null {
  switch (record.kind) {
    case 'connector':
      return STATUS
    case 'task':
      return taskAttribute(record.task)
    case 'topic':
      return topicAttribute(record.topic)
    case 'lease':
      return null
    default:
      return record satisfies never
  }
}

function contentOf(record: StatusRecord): Attribute {
  switch (record.kind) {
    case 'connector':
    case 'task': {
      if (record.status === null) return null
      const limit = record.kind === 'task' && record.task >= LONG_TRACES ? SHORT_TRACE_LIMIT : TRACE_LIMIT
      return { ...record.status, trace: record.status.trace?.slice(0, limit) ?? null }
    }
    case 'topic': {
      if (record.active === null) return null
      const { task, discoveredAt } = record.active
      return { task, discoveredAt }
    }
    case 'lease':
      return null
    default:
      return record satisfies never
  }
}
