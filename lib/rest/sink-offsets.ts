/** A sink connector's offsets, for the offsets endpoints: those of its consumer group, in Connect's own terms. */
import type { OffsetChange } from '../connect/plugin.ts'
import type { Value } from '../connect/value.ts'
import { CODES, KafkaError } from '../kafka/codes.ts'
import { commit, committed, type GroupOffset, remove } from '../kafka/groups.ts'
import { leave, leaveLost } from '../kafka/stand-ins.ts'
import { type Json, jsonText } from '../state/json-text.ts'
import { sinkGroup } from '../worker/assignment.ts'
import { under } from '../worker/connector-settings.ts'
import { keepsPositions } from '../worker/guarantee.ts'
import { asReset, isReset } from '../worker/sink-positions.ts'
import { badRequest } from './answer.ts'
import { type LiveView, requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'
import type { ConnectorOffset } from './offsets-body.ts'

export interface SinkOffset {
  readonly topic: string
  readonly partition: number
  /** Null: to be taken away. */
  readonly offset: number | null
}

export async function sinkOffsets(deps: Deps, view: LiveView): Promise<ConnectorOffset[]> {
  const found = (await committed(deps.admin, groupOf(view))).filter((offset) => !isReset(offset))
  const inOrder = found.toSorted((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
  return inOrder.map(({ topic, partition, offset }) => ({
    partition: { kafka_topic: topic, kafka_partition: partition },
    offset: { kafka_offset: offset },
  }))
}

/** As `SinkUtils.parseSinkConnectorOffsets`; and the partitions must be there. `RestError` 400. */
export async function checkSinkOffsets(deps: Deps, changes: readonly OffsetChange[]): Promise<SinkOffset[]> {
  const parsed = new Map<string, SinkOffset>()
  for (const change of changes) {
    const offset = sinkOffset(change)
    parsed.set(`${offset.topic}-${offset.partition}`, offset)
  }
  const asked = [...parsed.values()]
  const topics = await topicsOf(deps, asked)
  for (const { topic, partition, offset } of asked) {
    const count = topics.get(topic)?.partitions.length ?? 0
    if (count === 0) throw badRequest(`There is no topic ${topic}: offsets can be set of topics that exist`)
    if (partition < 0 || partition >= count)
      throw badRequest(`There is no partition ${partition} of topic ${topic}: it has ${count}`)
    if (offset !== null && offset < 0)
      throw badRequest(`The offset ${offset} of topic ${topic}, partition ${partition} must not be negative`)
  }
  return asked
}

async function topicsOf({ admin }: Deps, asked: readonly SinkOffset[]) {
  const names = [...new Set(asked.map(({ topic }) => topic))]
  try {
    return await admin.topics(names, { refresh: true })
  } catch (error) {
    if (error instanceof KafkaError && error.code === CODES.INVALID_TOPIC_EXCEPTION) throw badRequest(error.message)
    throw error
  }
}

export async function writeSinkOffsets(deps: Deps, view: LiveView, offsets: readonly SinkOffset[]): Promise<void> {
  const group = await freeGroup(deps, view)
  const set = offsets.flatMap(({ topic, partition, offset }): GroupOffset[] =>
    offset === null ? [] : [{ topic, partition, offset }],
  )
  const gone = offsets.filter(({ offset }) => offset === null)
  await commit(deps.admin, group, set)
  if (gone.length > 0) await takeAway(deps, view, group, gone)
}

export async function resetSinkOffsets(deps: Deps, view: LiveView): Promise<void> {
  const group = await freeGroup(deps, view)
  if (await isKept(deps, view)) await takeAway(deps, view, group, await committed(deps.admin, group))
  else await remove(deps.admin, group, 'all')
}

/** Where the target keeps the positions, the group has to say that they don't count any more. */
async function takeAway(
  deps: Deps,
  view: LiveView,
  group: string,
  gone: readonly Pick<GroupOffset, 'topic' | 'partition'>[],
): Promise<void> {
  if (await isKept(deps, view)) await commit(deps.admin, group, gone.map(asReset))
  else await remove(deps.admin, group, gone)
}

async function isKept({ registry }: Deps, { config }: LiveView): Promise<boolean> {
  const connector = await registry.find('connector', config['connector.class'] ?? '')
  return connector.kind === 'sink' && keepsPositions(connector, config)
}

function groupOf({ name, config }: LiveView): string {
  return sinkGroup(name, under('consumer.override.', config))
}

/**
 * Kafka lets nobody change the offsets of a group with members. Those that stood for the tasks have nobody to stand for
 * any more; another worker's or tool's may be there.
 */
async function freeGroup(deps: Deps, view: LiveView): Promise<string> {
  const group = groupOf(view)
  const { members: own } = await requireView(deps, view.name)
  if (own !== null) await leave(deps.admin, own.group, own.ids)
  const left = await leaveLost(deps.admin, group, view.name, [])
  if (left > 0)
    throw badRequest(
      `The consumer group ${group} has ${left} member(s): stop the consumers or workers that are in it, then change the offsets of connector ${view.name}`,
    )
  return group
}

const TOPIC = 'kafka_topic'
const PARTITION = 'kafka_partition'
const OFFSET = 'kafka_offset'

function sinkOffset({ partition, offset }: OffsetChange): SinkOffset {
  if (partition === null) throw badRequest('The partition for a sink connector offset cannot be null or missing')
  if (!Object.hasOwn(partition, TOPIC) || !Object.hasOwn(partition, PARTITION))
    throw badRequest(`The partition for a sink connector offset must contain the keys '${TOPIC}' and '${PARTITION}'`)
  const topic = partition[TOPIC] ?? null
  if (topic === null) throw badRequest('Kafka topic names must be valid strings and may not be null')
  const number = partition[PARTITION] ?? null
  if (number === null) throw badRequest('Kafka partitions must be valid numbers and may not be null')
  const where = { topic: text(topic), partition: integer(number, 'partition', INT32) }
  if (offset === null) return { ...where, offset: null }
  if (!Object.hasOwn(offset, OFFSET))
    throw badRequest(`The offset for a sink connector should either be null or contain the key '${OFFSET}'`)
  return { ...where, offset: integer(offset[OFFSET] ?? null, 'offset', Number.MAX_SAFE_INTEGER) }
}

const INT32 = 2 ** 31 - 1

/** Numbers may come as texts. */
function integer(value: Value, what: 'partition' | 'offset', most: number): number {
  const number = /^[+-]?\d{1,19}$/.test(text(value)) ? Number(text(value)) : Number.NaN
  if (Number.isNaN(number) || Math.abs(number) > most) {
    const plural = what === 'partition' ? 'Partition' : 'Offset'
    throw badRequest(
      `Failed to parse the following Kafka ${what} value in the provided offsets: '${text(value)}'. ${plural} values for sink connectors need to be integers.`,
    )
  }
  return number
}

function text(value: Value): string {
  return typeof value === 'object' ? jsonText(value as Json) : String(value)
}
