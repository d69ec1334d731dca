/** Deletes dead letters from the start of their topic on. */
import type { Budget } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import { deleteRecords, topicConfigs } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Worker } from '../worker/settings.ts'
import { isOf, letterRanges, readLetters } from './read.ts'

export interface Purged {
  readonly partition: number
  readonly deleted: number
  /** The offset of the first letter that is left, or is to come. */
  readonly from: number
}

/**
 * `before`: by partition the offset of the first letter that stays; null: all go that are there now. `ConfigError` for a
 * topic whose records can't be deleted, and, unless `shared`, where letters of another connector would go with them.
 */
export async function purge(
  cluster: Cluster,
  worker: Worker,
  connector: string,
  topic: string,
  before: ReadonlyMap<number, number> | null,
  shared: boolean,
  time: Budget,
): Promise<readonly Purged[]> {
  const ranges = (await letterRanges(cluster, topic)).flatMap((range) => {
    const to = before === null ? range.to : Math.min(range.to, before.get(range.partition) ?? range.from)
    return to > range.from ? [{ ...range, to }] : []
  })
  if (ranges.length === 0) return []
  const policy = (await topicConfigs(cluster, [topic], ['cleanup.policy'])).get(topic)?.get('cleanup.policy')?.value
  if (!(policy ?? 'delete').includes('delete'))
    throw new ConfigError(
      `Records of topic ${topic} can't be deleted: its cleanup.policy is ${policy}. Add delete to it, or leave its letters`,
    )
  if (!shared) await requireOwn(cluster, worker, connector, topic, ranges, time)
  const ends = ranges.map(({ partition, to }) => ({ topic, partition, offset: to }))
  const begins = new Map(
    (await deleteRecords(cluster, ends)).map(({ partition, lowWatermark }) => [partition, lowWatermark]),
  )
  return ranges.map(({ partition, from, to }) => {
    return { partition, deleted: to - from, from: begins.get(partition) ?? to }
  })
}

async function requireOwn(
  cluster: Cluster,
  worker: Worker,
  connector: string,
  topic: string,
  ranges: Parameters<typeof readLetters>[3],
  time: Budget,
): Promise<void> {
  for await (const letters of readLetters(cluster, worker, topic, ranges, time)) {
    const other = letters.find((letter) => !isOf(letter, connector))
    if (other !== undefined)
      throw new ConfigError(
        `Topic ${topic} has dead letters of connector ${other.context.connector} as well, at ${other.partition}:${other.offset}: they would be deleted, too. Say so with shared, or purge what comes before`,
      )
  }
  if (time.signal.aborted)
    throw new ConfigError(`Topic ${topic} has too many letters to look at: say shared, or purge fewer`)
}
