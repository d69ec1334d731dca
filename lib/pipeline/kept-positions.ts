/**
 * A sink that keeps its positions in its target, together with what it writes (`penstock.sink.exactly.once`): where it
 * begins, and which positions hold after some records.
 */
import type { Budget } from '../connect/budget.ts'
import type { Durable, SinkTask, SinkWriter } from '../connect/plugin.ts'
import type { ConnectRecord, SinkOrigin } from '../connect/record.ts'
import type { ByPartition } from '../kafka/consumer.ts'
import type { GroupOffset } from '../kafka/groups.ts'

export interface KeptPositions {
  readonly writer: SinkWriter
  /** The task's partitions, by topic. */
  readonly assignment: ReadonlyMap<string, readonly number[]>
  resume(held: Durable): Promise<Resumed>
}

/** Where a task begins, given what its target has. */
export interface Resumed {
  /** Of each of the task's partitions. */
  readonly positions: ByPartition<number>
  /** The positions that the group has not as copies of the target's. */
  readonly uncopied: readonly GroupOffset[]
}

/** Shuts out older writers and answers where to begin; the target and the group have that then. */
export async function beginAtKept(
  task: SinkTask,
  kept: KeptPositions,
  commit: (offsets: readonly GroupOffset[]) => Promise<void>,
  budget: Budget,
): Promise<ByPartition<number>> {
  if (task.claim === undefined) throw new TypeError('The sink keeps no positions in its target')
  const held = await task.claim(budget)
  const { positions, uncopied } = await kept.resume(held)
  if (differs(positions, held)) await task.put([], budget, positions)
  if (uncopied.length > 0) await commit(uncopied)
  return positions
}

function differs(positions: ByPartition<number>, held: Durable): boolean {
  for (const [topic, offsets] of positions)
    for (const [partition, offset] of offsets) if (held.get(topic)?.get(partition) !== offset) return true
  return false
}

/** The next offset of each partition of the assignment that has one of the records. */
export function positionsAfter(
  records: readonly ConnectRecord[],
  assignment: KeptPositions['assignment'],
): Map<string, Map<number, number>> {
  const positions = new Map<string, Map<number, number>>()
  for (let i = 0; i < records.length; i++) {
    const { topic, partition, offset } = (records[i] as ConnectRecord).origin as SinkOrigin
    const next = records[i + 1]?.origin as SinkOrigin | undefined
    if (next !== undefined && next.partition === partition && next.topic === topic) continue
    if (!assignment.has(topic)) continue
    positions.set(topic, (positions.get(topic) ?? new Map<number, number>()).set(partition, offset + 1))
  }
  return positions
}

/** The index, from `at` on, where the records of another origin begin. */
export function nextOrigin(records: readonly ConnectRecord[], at: number): number {
  const origin = records[at - 1]?.origin
  let next = at
  while (next < records.length && records[next]?.origin === origin) next++
  return next
}
