/**
 * Dead letters that are to be tried again (docs/decisions/2026-11-21-redrive.md): `GROUP-redrive-CONNECTOR`, whose
 * partition 0 holds them in the order in which the connector's first task takes them, before all else.
 */
import type { Budget } from '../connect/budget.ts'
import { deleteRecords, listOffsets } from '../kafka/admin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { type Consumer, createConsumer, type Fetched } from '../kafka/consumer.ts'
import type { Worker } from '../worker/settings.ts'

/** Of the queue's topic. */
export const QUEUE_PARTITION = 0

/** The queue's topic, and the group that has its offset for a sink. */
export function redriveName(worker: Worker, connector: string): string {
  return `${worker.settings['group.id']}-redrive-${connector}`
}

export interface RedriveQueue {
  readonly topic: string
  /** The offset of the next letter. */
  readonly position: number
  /** Goes on from another offset; before the first `next`. */
  seek(offset: number): void
  /** The next letters of those that were there when the queue was opened; empty after the last. */
  next(budget: Budget): Promise<readonly Fetched[]>
  close(): Promise<void>
}

/** Null where nobody has redriven a letter yet. `done`: the offset up to which letters are done; null: none are. */
export async function openRedriveQueue(
  cluster: Cluster,
  worker: Worker,
  connector: string,
  done: (topic: string) => Promise<number | null>,
): Promise<RedriveQueue | null> {
  const topic = redriveName(worker, connector)
  if (!(await cluster.topics([topic])).has(topic)) return null
  const queue = [{ topic, partition: QUEUE_PARTITION }]
  const [position, [first], [last]] = await Promise.all([
    done(topic),
    listOffsets(cluster, queue, 'earliest'),
    listOffsets(cluster, queue, 'latest', 'read_committed'),
  ])
  const from = Math.max(position ?? 0, first?.offset ?? 0)
  const { consumer: settings } = clientSettings(worker.raw, 'consumer')
  // A redrive that was not finished is aborted.
  const consumer = createConsumer(cluster, { ...settings, isolationLevel: 'read_committed' })
  consumer.assign(new Map([[topic, new Map([[QUEUE_PARTITION, from]])]]))
  return new FetchedQueue(topic, consumer, last?.offset ?? from)
}

const WAIT_MS = 500

class FetchedQueue implements RedriveQueue {
  readonly topic: string
  readonly #consumer: Consumer
  readonly #end: number

  constructor(topic: string, consumer: Consumer, end: number) {
    this.topic = topic
    this.#consumer = consumer
    this.#end = end
  }

  get position(): number {
    return this.#consumer.position(this.topic, QUEUE_PARTITION)
  }

  seek(offset: number): void {
    this.#consumer.seek(this.topic, QUEUE_PARTITION, offset)
  }

  async next(budget: Budget): Promise<readonly Fetched[]> {
    while (this.position < this.#end && !budget.signal.aborted) {
      const fetched = await this.#consumer.poll(WAIT_MS, budget.signal)
      if (fetched.length > 0) return fetched
    }
    return []
  }

  close(): Promise<void> {
    return this.#consumer.close()
  }
}

/** Letters that are done are deleted: so that none is tried again should the offset be forgotten. */
export async function forgetLetters(cluster: Cluster, topic: string, done: number): Promise<void> {
  await deleteRecords(cluster, [{ topic, partition: QUEUE_PARTITION, offset: done }])
}
