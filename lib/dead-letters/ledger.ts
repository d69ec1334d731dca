/**
 * Which letters were redriven: partition 1 of the queue's topic has an entry for each redrive, written in the
 * transaction that puts its letters into the queue.
 */
import type { Budget } from '../connect/budget.ts'
import { createTopics } from '../kafka/admin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createConsumer } from '../kafka/consumer.ts'
import type { Worker } from '../worker/settings.ts'
import { letterRanges, type Range } from './read.ts'

export const LEDGER_PARTITION = 1
/** The largest record of the queue: a letter, which may be edited. In bytes. */
export const LARGEST_LETTER = 64 * 1024 * 1024

/** Offsets of one redrive, of the topic of the letters. */
export interface LedgerEntry {
  readonly topic: string
  /** Epoch ms. */
  readonly at: number
  /** `[partition, offset, offset, ...]` */
  readonly letters: readonly (readonly number[])[]
}

export class Ledger {
  readonly #done = new Set<string>()
  /** By partition the offset after the last. */
  readonly #ends = new Map<number, number>()

  add({ letters }: LedgerEntry): void {
    for (const [partition = 0, ...offsets] of letters)
      for (const offset of offsets) {
        this.#done.add(`${partition}:${offset}`)
        this.#ends.set(partition, Math.max(this.#ends.get(partition) ?? 0, offset + 1))
      }
  }

  has({ partition, offset }: { readonly partition: number; readonly offset: number }): boolean {
    return this.#done.has(`${partition}:${offset}`)
  }

  /** False where the topic of the letters was made anew since. */
  isOf(ranges: readonly Range[]): boolean {
    const ends = new Map(ranges.map(({ partition, to }) => [partition, to]))
    return [...this.#ends].every(([partition, end]) => (ends.get(partition) ?? 0) >= end)
  }
}

/** Creates the queue's topic where it is missing: nothing in it goes but by being deleted. */
export async function ensureQueue(cluster: Cluster, topic: string, replicationFactor: number): Promise<void> {
  if ((await cluster.topics([topic], { refresh: true })).has(topic)) return
  const configs = {
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'max.message.bytes': String(LARGEST_LETTER),
  }
  await createTopics(cluster, [{ name: topic, partitions: 2, replicationFactor, configs }])
}

/** Of the letters of `letters`, as of now; empty where nothing was redriven, or the letters' topic is another one now. */
export async function readLedger(
  cluster: Cluster,
  worker: Worker,
  queue: string,
  letters: string,
  ranges: readonly Range[],
  time: Budget,
): Promise<Ledger> {
  const ledger = new Ledger()
  const range = (await letterRanges(cluster, queue)).find(({ partition }) => partition === LEDGER_PARTITION)
  if (range === undefined || range.from === range.to) return ledger
  const { consumer: settings } = clientSettings(worker.raw, 'consumer')
  const consumer = createConsumer(cluster, { ...settings, isolationLevel: 'read_committed' })
  try {
    consumer.assign(new Map([[queue, new Map([[LEDGER_PARTITION, range.from]])]]))
    while (consumer.position(queue, LEDGER_PARTITION) < range.to) {
      time.signal.throwIfAborted()
      for (const batch of await consumer.poll(1_000, time.signal))
        batch.forEach((_offset, _time, _keyStart, _keyEnd, start, end) => {
          const entry = JSON.parse(batch.buffer.toString('utf8', start, end)) as LedgerEntry
          if (entry.topic === letters) ledger.add(entry)
        })
    }
  } finally {
    await consumer.close()
  }
  return ledger.isOf(ranges) ? ledger : new Ledger()
}

export function ledgerEntry(topic: string, at: number, letters: readonly { partition: number; offset: number }[]) {
  const byPartition = Map.groupBy(letters, ({ partition }) => partition)
  const entry: LedgerEntry = {
    topic,
    at,
    letters: [...byPartition].map(([partition, some]) => [partition, ...some.map(({ offset }) => offset)]),
  }
  return JSON.stringify(entry)
}
