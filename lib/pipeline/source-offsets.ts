/** How a source's offsets are committed, and who is told. */
import type { PluginLog, SourceOffsets, SourceTask } from '../connect/plugin.ts'
import type { Producer } from '../kafka/producer.ts'
import type { SourceOffsetsState } from '../state/source-offsets.ts'
import type { Counters } from './counters.ts'
import { text } from './errors.ts'
import { isRedrivePartition } from './redriven.ts'
import type { Committable, SourceOffset } from './source-progress.ts'

/** Offsets in the offsets topic: a store in memory that knows how they are written. */
export type TopicOffsets = Pick<SourceOffsetsState, 'get' | 'all' | 'encode' | 'put' | 'topic'>

/** Offsets in another place, as the file of a standalone worker. */
export interface StoredOffsets extends SourceOffsets {
  /** Durable when it resolves; `get` answers them from then on. */
  save(offsets: readonly SourceOffset[]): Promise<void>
}

/** As the connector sees them: without the place in the queue of its dead letters. */
export function ownOffsets(offsets: SourceOffsets): SourceOffsets {
  return {
    get: (partition) => offsets.get(partition),
    all: () => offsets.all().filter(({ partition }) => !isRedrivePartition(partition)),
  }
}

/** Appends offsets to the offsets topic, behind the records that they are of. */
export class OffsetWriter {
  readonly #producer: Producer
  readonly #offsets: TopicOffsets

  constructor(producer: Producer, offsets: TopicOffsets) {
    this.#producer = producer
    this.#offsets = offsets
  }

  /** Before the first `append`. */
  prepare(): Promise<void> {
    return this.#producer.prepare([this.#offsets.topic])
  }

  /** The partitions of the offsets topic that the offsets go to. Throws as `append` does. */
  partitions(offsets: readonly SourceOffset[]): number[] {
    return offsets.map(({ partition, offset }) => this.#offsets.encode(partition, offset).kafkaPartition)
  }

  get topic(): string {
    return this.#offsets.topic
  }

  /** Throws `DataError` for offsets that Connect doesn't allow. */
  append(offsets: readonly SourceOffset[]): void {
    const { topic } = this.#offsets
    for (const { partition, offset } of offsets) {
      const { key, value, kafkaPartition } = this.#offsets.encode(partition, offset)
      this.#producer.append(topic, kafkaPartition, key, value, null, [])
    }
  }

  /** What was appended is durable. */
  written(offsets: readonly SourceOffset[]): void {
    for (const { partition, offset } of offsets) this.#offsets.put(partition, offset)
  }
}

/** Tells the counters and the source of what is committed. */
export class CommitNotice {
  readonly #task: SourceTask
  readonly #counters: Counters
  readonly #log: PluginLog
  readonly #transactional: boolean

  /** `transactional`: what is committed together is acknowledged by that, and is a transaction. */
  constructor(task: SourceTask, counters: Counters, log: PluginLog, transactional: boolean) {
    this.#task = task
    this.#counters = counters
    this.#log = log
    this.#transactional = transactional
  }

  /** The records of the batches are acknowledged. */
  acknowledged(tallies: Committable['tallies']): void {
    for (const { written, since } of tallies) this.#counters.meter.acknowledged(written, since)
  }

  /** The next slice reads them again. */
  givenUp(tallies: Committable['tallies']): void {
    for (const tally of tallies) this.#counters.giveBack(tally)
  }

  failed(): void {
    this.#counters.meter.count('commitFailures')
  }

  /** After `ms`. A source that fails to take note of it doesn't fail for that, as in Connect. */
  async committed({ offsets, tallies }: Committable, ms: number): Promise<void> {
    let passed = 0
    for (const tally of tallies) {
      passed += tally.read
      this.#counters.end(tally)
    }
    const { meter } = this.#counters
    meter.committed(ms)
    if (this.#transactional) {
      this.acknowledged(tallies)
      meter.transaction(passed)
    }
    this.#counters.pass(passed)
    this.#counters.lastCommit = Date.now()
    const own = offsets.filter(({ partition }) => !isRedrivePartition(partition))
    if (this.#task.committed === undefined || own.length === 0) return
    try {
      await this.#task.committed(own)
    } catch (error) {
      this.#log.warn('the source could not take note of committed offsets', { error: text(error) })
    }
  }
}
