/** The fetch stage of a sink: what comes before the run is idle or a commit is due, and where it goes on when records are gone. */
import type { Budget } from '../connect/budget.ts'
import { type ByPartition, type Fetched, OffsetOutOfRange } from '../kafka/consumer.ts'
import type { Counters } from './counters.ts'
import { staged } from './errors.ts'
import type { SinkDeps } from './sink.ts'
import type { PartitionEnd } from './sink-batch.ts'
import { resetOffsets } from './start-positions.ts'

type FetchDeps = Pick<SinkDeps, 'cluster' | 'consumer' | 'reset' | 'isolation' | 'log' | 'idleAfterMs'>

export class FetchStage {
  readonly #deps: FetchDeps
  /** The task's partitions. */
  readonly #assigned: ByPartition<number>
  readonly #counters: Counters
  /** What was asked for ahead. */
  #first: Promise<readonly Fetched[]> | null = null
  /** As of `close`: a closed consumer knows none. */
  #lag: Lag | null = null

  constructor(deps: FetchDeps, assigned: ByPartition<number>, counters: Counters) {
    this.#deps = deps
    this.#assigned = assigned
    this.#counters = counters
  }

  /** For the first `fetch`. Never rejects. */
  async ahead(budget: Budget): Promise<void> {
    this.#first = this.#deps.consumer.poll(AHEAD_MS, budget.signal)
    await this.#first.catch(() => {})
  }

  /** Answers at `latest`, epoch ms, or when the run is idle. Rejects with `OffsetOutOfRange`: see `reset`. */
  async fetch(quietSince: number, latest: number, budget: Budget): Promise<readonly Fetched[]> {
    const { consumer, idleAfterMs } = this.#deps
    const now = Date.now()
    const idleAt = Math.max(quietSince + idleAfterMs, now + SHORTEST_WAIT_MS)
    try {
      const asked = this.#first
      this.#first = null
      const first = (await asked) ?? []
      const waitMs = Math.max(0, Math.min(idleAt, latest) - now)
      const fetched = first.length > 0 ? first : await consumer.poll(waitMs, budget.signal)
      this.#counters.looked()
      return fetched
    } catch (error) {
      throw error instanceof OffsetOutOfRange ? error : staged('KAFKA_CONSUME', error)
    }
  }

  /** The log was cut, or the topic made anew: `auto.offset.reset` says where to go on. */
  async reset(
    error: OffsetOutOfRange,
    goesOnAt: (topic: string, partition: number, offset: number) => void,
  ): Promise<void> {
    const { cluster, consumer, reset, isolation, log } = this.#deps
    const offsets = await resetOffsets(cluster, error.partitions, reset, isolation)
    for (const { topic, partition, offset } of offsets) {
      log.warn('records are gone that were still to be read', {
        topic,
        partition,
        goesOnAt: offset,
        error: error.message,
      })
      goesOnAt(topic, partition, offset)
      consumer.seek(topic, partition, offset)
    }
  }

  /** Nothing came for long enough, and the brokers have said that nothing is there: a slow answer is no end. */
  isIdle(quietMs: number): boolean {
    const { idleAfterMs, consumer } = this.#deps
    if (quietMs < idleAfterMs) return false
    if (quietMs >= idleAfterMs + PATIENCE_MS) return true
    const lag = consumer.lag()
    for (const [topic, partitions] of this.#assigned)
      for (const partition of partitions.keys()) if (lag.get(topic)?.get(partition) !== 0) return false
    return true
  }

  /** Control records and gaps at the end are passed over with the last batch. */
  positions(): PartitionEnd[] {
    const { consumer } = this.#deps
    const ends: PartitionEnd[] = []
    for (const [topic, partitions] of this.#assigned)
      for (const partition of partitions.keys())
        ends.push({ topic, partition, next: consumer.position(topic, partition) })
    return ends
  }

  /** Null where no end is known yet. */
  get lag(): Lag | null {
    const each = [...this.#deps.consumer.lag().values()].flatMap((partitions) => [...partitions.values()])
    if (each.length === 0) return this.#lag
    return { all: each.reduce((sum, records) => sum + records, 0), most: Math.max(...each) }
  }

  /** Keeps the lag: the consumer will be closed. */
  close(): void {
    this.#lag = this.lag
  }
}

/** Records: of all partitions, and of the one that is furthest behind. */
export interface Lag {
  readonly all: number
  readonly most: number
}

/** How long a run waits in addition for brokers that don't answer, in ms. */
const PATIENCE_MS = 5_000
const SHORTEST_WAIT_MS = 50
/** How long a fetch that is ahead of the run waits for records, in ms: the run waits for it. */
const AHEAD_MS = 50
