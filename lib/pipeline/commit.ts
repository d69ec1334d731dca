/** The commit stage of a sink: what the sink says is durable, and no more. */
import { type Budget, BudgetEnded } from '../connect/budget.ts'
import type { Durable, PluginLog, SinkTask } from '../connect/plugin.ts'
import type { ByPartition } from '../kafka/consumer.ts'
import type { GroupOffset } from '../kafka/groups.ts'
import type { Counters } from './counters.ts'
import { StageError, text } from './errors.ts'
import { retried } from './retry.ts'
import type { PartitionEnd, PartitionTally } from './sink-batch.ts'

export interface CommitDeps {
  readonly task: SinkTask
  /** Java name of the connector, for errors. */
  readonly class: string
  /** Stores offsets of the group. */
  commit(offsets: readonly GroupOffset[]): Promise<void>
  readonly counters: Counters
  readonly log: PluginLog
}

interface Place {
  readonly topic: string
  readonly partition: number
  /** Everything before it has ended. */
  ended: number
  /** The offset after the last record that was put: nothing is durable before the sink says so up to here. */
  put: number
  committed: number
}

export class CommitStage {
  readonly #deps: CommitDeps
  readonly #places = new Map<string, Place>()
  /** In the order of their offsets, by partition. */
  #tallies: PartitionTally[] = []

  /** `positions`: where the task begins to read; the group has them. */
  constructor(deps: CommitDeps, positions: ByPartition<number>) {
    this.#deps = deps
    for (const [topic, partitions] of positions)
      for (const [partition, offset] of partitions)
        this.#places.set(key(topic, partition), { topic, partition, ended: offset, put: -1, committed: offset })
  }

  /** Records were put up to these offsets; everything before them has ended. */
  put(ends: readonly PartitionEnd[]): void {
    this.ended(ends)
    for (const { topic, partition, next } of ends) this.#place(topic, partition).put = next
  }

  /** Everything before these offsets has ended. */
  ended(ends: readonly PartitionEnd[]): void {
    for (const { topic, partition, next } of ends) {
      const place = this.#place(topic, partition)
      place.ended = Math.max(place.ended, next)
    }
  }

  /** What was read, to be counted for good once it is committed. */
  count(tallies: readonly PartitionTally[]): void {
    for (const tally of tallies) {
      this.#tallies.push(tally)
      this.#deps.counters.open(tally)
    }
  }

  get isDue(): boolean {
    for (const { ended, committed } of this.#places.values()) if (ended > committed) return true
    return false
  }

  /** Flushes the sink and commits what is durable. Waits where a retry may help; `BudgetEnded` where it can't be had. */
  async commit(budget: Budget): Promise<void> {
    if (!this.isDue) return
    // Read before the flush: what ends meanwhile isn't covered by its answer.
    const before = [...this.#places.values()].map((place) => ({ place, ended: place.ended, put: place.put }))
    const durable = await this.#retried('the flush of the sink', () => this.#deps.task.flush(budget), budget)
    const offsets: GroupOffset[] = []
    for (const { place, ended, put } of before) {
      const { topic, partition } = place
      const offset = committable(durable, topic, partition, ended, put)
      if (offset > place.committed) offsets.push({ topic, partition, offset, leaderEpoch: -1, metadata: '' })
    }
    if (offsets.length === 0) return
    await this.#retried('the commit of offsets', () => this.#deps.commit(offsets), budget)
    for (const { topic, partition, offset } of offsets) this.#place(topic, partition).committed = offset
    this.#deps.counters.lastCommit = Date.now()
    this.#settle()
  }

  /** What isn't committed will be read again. */
  giveBack(): void {
    for (const tally of this.#tallies) this.#deps.counters.giveBack(tally)
    this.#tallies = []
  }

  #place(topic: string, partition: number): Place {
    const place = this.#places.get(key(topic, partition))
    if (place === undefined) throw new RangeError(`Partition ${partition} of topic ${topic} is not the task's`)
    return place
  }

  #settle(): void {
    const left: PartitionTally[] = []
    for (const tally of this.#tallies) {
      const { committed } = this.#place(tally.topic, tally.partition)
      if (tally.next <= committed) {
        this.#deps.counters.end(tally)
        continue
      }
      const done = tally.splitAt(committed)
      if (done !== null) {
        this.#deps.counters.open(done)
        this.#deps.counters.end(done)
      }
      left.push(tally)
    }
    this.#tallies = left
  }

  async #retried<T>(what: string, step: () => Promise<T>, budget: Budget): Promise<T> {
    try {
      return await retried(what, 0, step, this.#deps, budget)
    } catch (error) {
      if (error instanceof BudgetEnded) throw error
      throw new StageError('TASK_PUT', `TASK_PUT by ${this.#deps.class}: ${what} failed: ${text(error)}`, error)
    }
  }
}

function key(topic: string, partition: number): string {
  return `${partition}\n${topic}`
}

/**
 * A partition that the sink doesn't name has nothing durable, unless nothing of it was put. Once all that was put is
 * durable, the position may pass the filtered records and control records that follow.
 */
function committable(durable: 'all' | Durable, topic: string, partition: number, ended: number, put: number): number {
  if (durable === 'all' || put < 0) return ended
  const upTo = durable.get(topic)?.get(partition)
  if (upTo === undefined) return -1
  return upTo >= put ? ended : Math.min(upTo, ended)
}
