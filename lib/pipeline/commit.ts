/** The commit stage of a sink: what the sink says is durable, and no more. */
import { type Budget, BudgetEnded } from '../connect/budget.ts'
import type { Durable, PluginLog, SinkTask } from '../connect/plugin.ts'
import type { SinkOrigin } from '../connect/record.ts'
import type { ByPartition, Fetched } from '../kafka/consumer.ts'
import type { GroupOffset } from '../kafka/groups.ts'
import type { Counters } from './counters.ts'
import { StageError, text } from './errors.ts'
import type { KeptPositions } from './kept-positions.ts'
import { PartitionTally } from './partition-tally.ts'
import { isInDoubt, retried } from './retry.ts'
import { type PartitionEnd, SinkTallies } from './sink-batch.ts'

export interface CommitDeps {
  /** The partitions of a sink that keeps its positions in its target; null where it doesn't. */
  readonly kept: KeptPositions['assignment'] | null
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
  /** Everything before it has been read. */
  read: number
  /** Everything before it has ended. */
  ended: number
  /** The offset after the last record that was put: nothing is durable before the sink says so up to here. */
  put: number
  committed: number
  /** What is read and not committed, in the order of its positions. */
  tallies: PartitionTally[]
}

export class CommitStage {
  /** False where the last flush failed and what it wrote may still get into the target. */
  isDecided = true
  readonly #deps: CommitDeps
  readonly #places = new Map<string, Place>()
  /** The sum of the positions from which the task began. */
  #from = 0

  /** `positions`: where the task begins to read; the group has them. */
  constructor(deps: CommitDeps, positions: ByPartition<number>) {
    this.#deps = deps
    for (const [topic, partitions] of positions)
      for (const [partition, offset] of partitions) {
        const at = { read: offset, ended: offset, put: -1, committed: offset, tallies: [] }
        this.#places.set(key(topic, partition), { topic, partition, ...at })
        this.#from += offset
      }
  }

  /** A batch was read, and with it all before `ends`: where nothing was fetched, there was nothing for the task. */
  read(fetched: readonly Fetched[], ends: readonly PartitionEnd[]): SinkTallies {
    const tallies = new Set<PartitionTally>()
    for (const batch of fetched) this.#read(batch, tallies)
    for (const { topic, partition, next } of ends) {
      const place = this.#place(topic, partition)
      if (next > place.read) tallies.add(open(place, next, next))
    }
    for (const tally of tallies) this.#deps.counters.open(tally)
    return new SinkTallies([...tallies])
  }

  #read(batch: Fetched, tallies: Set<PartitionTally>): void {
    const place = this.#place(batch.topic, batch.partition)
    const start = Math.max(batch.baseOffset, place.read)
    const last = place.tallies.at(-1)
    if (start === place.read && last !== undefined && tallies.has(last) && last.extend(batch)) {
      place.read = last.next
      return
    }
    const tally = open(place, start, batch.nextOffset)
    tally.fill(batch)
    tallies.add(tally)
  }

  /** Reading goes on from another offset, where the one to be read isn't there. */
  reset(topic: string, partition: number, offset: number): void {
    const place = this.#place(topic, partition)
    if (offset >= place.read) return
    for (const tally of place.tallies) this.#deps.counters.giveBack(tally)
    this.#from += offset - place.committed
    Object.assign(place, { read: offset, ended: offset, put: -1, committed: offset, tallies: [] })
  }

  get partitions(): number {
    return this.#places.size
  }

  /** The sums of the offsets that the task began from, and that are committed. */
  get range(): { readonly from: number; readonly to: number } {
    let to = 0
    for (const { committed } of this.#places.values()) to += committed
    return { from: this.#from, to }
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

  hasEnded({ topic, partition, offset }: SinkOrigin): boolean {
    return this.#place(topic, partition).ended > offset
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
    const began = Date.now()
    const durable = await this.#retried('the flush of the sink', () => this.#flush(budget), budget)
    const offsets: GroupOffset[] = []
    for (const { place, ended, put } of before) {
      const { topic, partition } = place
      const offset = committable(durable, topic, partition, ended, put)
      if (offset > place.committed) offsets.push({ topic, partition, offset, leaderEpoch: -1, metadata: '' })
    }
    if (offsets.length === 0) return
    await this.#retried('the write of positions', () => this.#keep(offsets, budget), budget)
    await this.#retried('the commit of offsets', () => this.#deps.commit(offsets), budget)
    this.#deps.counters.lastCommit = Date.now()
    this.#deps.counters.meter.committed(Date.now() - began)
    let passed = 0
    for (const { topic, partition, offset } of offsets) passed += this.#settle(this.#place(topic, partition), offset)
    this.#deps.counters.pass(passed)
  }

  /** With what was passed without a put: filtered records, control records, dead letters. */
  async #keep(offsets: readonly GroupOffset[], budget: Budget): Promise<void> {
    const { kept } = this.#deps
    if (kept === null) return
    const passed = new Map<string, Map<number, number>>()
    for (const { topic, partition, offset } of offsets) {
      if (!kept.has(topic)) continue
      passed.set(topic, (passed.get(topic) ?? new Map<number, number>()).set(partition, offset))
    }
    if (passed.size > 0) await this.#deps.task.put([], budget, passed)
  }

  async #flush(budget: Budget): Promise<'all' | Durable> {
    try {
      const durable = await this.#deps.task.flush(budget)
      this.isDecided = true
      return durable
    } catch (error) {
      this.isDecided = !isInDoubt(error)
      throw error
    }
  }

  /** What isn't committed will be read again. */
  giveBack(): void {
    for (const place of this.#places.values()) {
      for (const tally of place.tallies) this.#deps.counters.giveBack(tally)
      place.tallies = []
    }
  }

  #place(topic: string, partition: number): Place {
    const place = this.#places.get(key(topic, partition))
    if (place === undefined) throw new RangeError(`Partition ${partition} of topic ${topic} is not the task's`)
    return place
  }

  /** Counts what a commit has passed; answers how many positions that are. */
  #settle(place: Place, offset: number): number {
    const { counters } = this.#deps
    const left: PartitionTally[] = []
    for (const tally of place.tallies) {
      if (tally.next <= offset) this.#end(tally)
      else {
        if (tally.first < offset) {
          const done = tally.splitAt(offset)
          counters.open(done)
          this.#end(done)
        }
        left.push(tally)
      }
    }
    place.tallies = left
    const passed = offset - place.committed
    place.committed = offset
    return passed
  }

  #end(tally: PartitionTally): void {
    const { counters } = this.#deps
    counters.end(tally)
    counters.meter.durable(tally.written, tally.since)
  }

  async #retried<T>(what: string, step: () => Promise<T>, budget: Budget): Promise<T> {
    try {
      return await retried(what, 0, step, this.#deps, budget)
    } catch (error) {
      this.#deps.counters.meter.count('commitFailures')
      if (error instanceof BudgetEnded) throw error
      throw new StageError('TASK_PUT', `TASK_PUT by ${this.#deps.class}: ${what} failed: ${text(error)}`, error)
    }
  }
}

/** The tally of what is read next of a partition: nothing up to `start`. */
function open(place: Place, start: number, next: number): PartitionTally {
  const tally = new PartitionTally(place.topic, place.partition, place.read, start, next)
  place.tallies.push(tally)
  place.read = next
  return tally
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
