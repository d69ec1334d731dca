/**
 * Where partitions begin of which no offset is stored, where `auto.offset.reset` says so by the time. A slice that has
 * copied nothing stores none, and the next one must not begin at another end: so this is settled when tasks are made.
 */
import type { RawConfig } from '../../../connect/settings.ts'
import type { TopicPartition } from '../../../kafka/admin.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { consumerOf } from '../clients.ts'
import { beginnings, nameOf } from './positions.ts'

/** Of the task's config: `topic-0:41,topic-1:0`. */
const STARTS = 'penstock.mirror.starts'

/** Offsets by `nameOf`. */
export type Starts = ReadonlyMap<string, number>

export function startsIn(raw: RawConfig): Starts {
  const entries = (raw[STARTS] ?? '').split(',').filter((text) => text !== '')
  return new Map(
    entries.map((text) => {
      const end = text.lastIndexOf(':')
      return [text.slice(0, end), Number(text.slice(end + 1))]
    }),
  )
}

/** Those of the tasks before stay. None where the first record is the beginning whenever one asks. */
export async function settleStarts(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  raw: RawConfig,
  tasksBefore: readonly RawConfig[],
): Promise<Starts> {
  const { autoOffsetReset: reset } = consumerOf(raw, 'source', 'replication-consumer').consumer
  if (reset === 'earliest' || reset === 'none') return new Map()
  const known = new Map(tasksBefore.flatMap((task) => [...startsIn(task)]))
  const fresh = partitions.filter((one) => !known.has(nameOf(one)))
  return new Map([...known, ...(await beginnings(cluster, fresh, reset))])
}

/** What a task's config has of them; nothing where there is nothing to be said. */
export function startsFor(partitions: readonly TopicPartition[], starts: Starts): RawConfig {
  const own = partitions.flatMap((one) => {
    const offset = starts.get(nameOf(one))
    return offset === undefined ? [] : [`${nameOf(one)}:${offset}`]
  })
  return own.length === 0 ? {} : { [STARTS]: own.join(',') }
}
