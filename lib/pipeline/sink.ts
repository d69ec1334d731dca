/** The spine of a sink task: fetch → convert → transform → put, flush and commit. */
import { type Budget, BudgetEnded, budget as newBudget, type OwnedBudget } from '../connect/budget.ts'
import type { PluginLog, SinkConnector, SinkTask } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { OffsetReset } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { type ByPartition, type Consumer, type Fetched, OffsetOutOfRange } from '../kafka/consumer.ts'
import type { GroupOffset } from '../kafka/groups.ts'
import type { RunProgress } from '../state/lease.ts'
import type { InFlight } from '../worker/in-flight.ts'
import type { Worker } from '../worker/settings.ts'
import type { Chain, PluginSource } from './chain.ts'
import type { CommitStage } from './commit.ts'
import type { ConsumeStage } from './consume.ts'
import type { Counters } from './counters.ts'
import { type ErrorPolicy, text } from './errors.ts'
import type { FetchStage } from './fetch.ts'
import type { KeptPositions } from './kept-positions.ts'
import type { PutStage } from './put.ts'
import type { RedriveStage } from './redrive.ts'
import { QUEUE_PARTITION, type RedriveQueue } from './redrive-queue.ts'
import { InDoubt, type Outcome, type Run } from './run.ts'
import type { PartitionEnd, SinkBatch, SinkTallies } from './sink-batch.ts'
import type { SinkDeadLetters } from './sink-dead-letters.ts'
import { transform } from './transform.ts'
import { Breather, endAfterLast, untilEnded, within } from './waiting.ts'

export type { Outcome, Run } from './run.ts'
export type SinkRun = Run

export interface SinkDeps {
  readonly connector: string
  readonly task: number
  readonly declaration: SinkConnector
  readonly config: RawConfig
  readonly taskConfig: RawConfig
  readonly worker: Worker
  readonly plugins: PluginSource
  readonly cluster: Cluster
  /** The caller's, to be closed after `stop`. */
  readonly consumer: Consumer
  /** By topic: the task's partitions, and where each is read from (`startPositions`); or how the target says that. */
  readonly positions: ByPartition<number> | KeptPositions
  readonly reset: OffsetReset
  readonly isolation: 'read_uncommitted' | 'read_committed'
  /** Records of one `put` at most; null where the user has not set `max.poll.records`: Kafka's own default is small. */
  readonly maxRecords: number | null
  /** The dead letters that are to be tried again; the caller's, to be closed after `stop`. */
  readonly redrive?: RedriveQueue | null
  /** Stores offsets of the sink's group, and of the dead letters' queue. */
  commit(offsets: readonly GroupOffset[]): Promise<void>
  /** Gets the topics that records come from (KIP-558). */
  readonly usedTopics?: Set<string>
  readonly log: PluginLog
  /** Takes the secrets out of a text; dead letters tell errors. */
  readonly scrub?: (text: string) => string
  readonly inFlight: Pick<InFlight, 'unflushed'>
  /** How long the run waits for records before it ends as idle, in ms. */
  readonly idleAfterMs: number
}

/** Records that go through the stages together: enough to make a batch's cost small, few enough to stay in the caches. */
export const BATCH_RECORDS = 10_000

/** What a spine runs over. */
export interface Stages {
  readonly task: SinkTask
  readonly chain: Chain
  readonly counters: Counters
  readonly errors: ErrorPolicy
  /** Null where none are written. */
  readonly letters: SinkDeadLetters | null
  readonly redrive: RedriveStage
  readonly fetch: FetchStage
  readonly consume: ConsumeStage
  readonly put: PutStage
  readonly commit: CommitStage
  /** Records of one `put` at most. */
  readonly maxRecords: number
}

export class SinkSpine implements SinkRun {
  firstRecords: number | null = null
  lastRecords: number | null = null
  readonly #deps: SinkDeps
  readonly #stages: Stages
  readonly #breather = new Breather()
  readonly #flushMs: number
  #nextCommit: number
  /** The put under way; its failure is in `#failure`. */
  #putting: Promise<void> | null = null
  #failure: unknown = null
  /** Positions were reset since the last fetch. */
  #wasReset = false
  /** Bytes that were read since the last commit. */
  #unflushed = 0

  constructor(deps: SinkDeps, stages: Stages) {
    this.#deps = deps
    this.#stages = stages
    this.#flushMs = deps.worker.settings['offset.flush.interval.ms']
    this.#nextCommit = Date.now() + this.#flushMs
  }

  get progress(): RunProgress {
    const { fetch, counters, commit } = this.#stages
    const { lag } = fetch
    counters.meter.assigned(commit.partitions, lag?.most ?? 0)
    return counters.progress(lag?.all ?? null, commit.range)
  }

  async prefetch(budget: Budget): Promise<void> {
    await this.#stages.fetch.ahead(budget)
  }

  async run(budget: Budget): Promise<Outcome> {
    using time = newBudget(budget.deadline - Date.now(), budget)
    try {
      return await this.#loop(time)
    } catch (error) {
      time.end('the task failed')
      if (error instanceof BudgetEnded) return { kind: 'budget' }
      this.#failure = error
      throw error
    }
  }

  async #loop(budget: OwnedBudget): Promise<Outcome> {
    const { fetch, maxRecords } = this.#stages
    await this.#redrive(budget)
    let quietSince = Date.now()
    while (!budget.signal.aborted) {
      if (Date.now() >= this.#nextCommit || this.#unflushed >= this.#deps.inFlight.unflushed) await this.#commit(budget)
      const fetched = await this.#fetch(quietSince, budget)
      for (const [batches, isLast] of portions(fetched, Math.max(maxRecords, BATCH_RECORDS))) {
        const ends = isLast ? fetch.positions() : batches.map(endOf)
        await this.#process(batches, ends, budget)
      }
      if (fetched.length > 0) endAfterLast(budget)
      if (fetched.length > 0 || this.#putting !== null || this.#wasReset) quietSince = Date.now()
      else if (this.#failure === null) this.#passOver(fetch.positions())
      if (!budget.signal.aborted && fetch.isIdle(Date.now() - quietSince)) return IDLE
      this.#wasReset = false
      await this.#breather.due()
    }
    if (this.#failure !== null) throw this.#failure
    return { kind: 'budget' }
  }

  /** The dead letters that are to be tried again come first, and are done before anything else is read. */
  async #redrive(budget: OwnedBudget): Promise<void> {
    const { redrive } = this.#deps
    if (redrive === null || redrive === undefined) return
    const ends = () => [{ topic: redrive.topic, partition: QUEUE_PARTITION, next: redrive.position }]
    const make: Make = (fetched, tallies, time) => this.#redrawn(fetched, tallies, time)
    for (;;) {
      const fetched = await redrive.next(budget)
      if (fetched.length === 0) break
      await this.#process(fetched, ends(), budget, make)
    }
    await this.#ended(budget)
    this.#passOver(ends())
    await this.#commit(budget)
  }

  async #redrawn(fetched: readonly Fetched[], tallies: SinkTallies, budget: Budget): Promise<readonly ConnectRecord[]> {
    const { redrive } = this.#stages
    const records = await redrive.records(redrive.read(fetched), tallies, budget)
    return await redrive.transform(records, tallies, budget)
  }

  async #records(fetched: readonly Fetched[], tallies: SinkTallies, budget: Budget): Promise<readonly ConnectRecord[]> {
    const { chain, errors, consume } = this.#stages
    if (consume.prepares) await consume.prepare(fetched, budget)
    const read = consume.consume(fetched, tallies)
    return chain.transforms.length === 0 ? read : await transform(read, chain.transforms, errors, tallies, budget)
  }

  /** `make`: what makes records of what was fetched. */
  async #process(
    fetched: readonly Fetched[],
    ends: readonly PartitionEnd[],
    budget: OwnedBudget,
    make: Make = (batches, tallies, time) => this.#records(batches, tallies, time),
  ): Promise<void> {
    const { letters, commit } = this.#stages
    const tallies = commit.read(fetched, ends)
    letters?.read(tallies, fetched)
    const bytes = fetched.reduce((sum, { buffer }) => sum + buffer.length, 0)
    this.#unflushed += bytes
    const count = fetched.reduce((sum, batch) => sum + batch.count, 0)
    this.#stages.counters.meter.polled(count, 0)
    const records = await make(fetched, tallies, budget)
    await this.#ended(budget)
    this.lastRecords = Date.now()
    this.firstRecords ??= this.lastRecords
    this.#putting = this.#put({ records, bytes, tallies, ends }, budget)
  }

  /** Up to these ends there was nothing. */
  #passOver(ends: readonly PartitionEnd[]): void {
    const { commit } = this.#stages
    commit.read([], ends)
    commit.ended(ends)
  }

  /** Goes on beside the next fetch. */
  async #put(batch: SinkBatch, budget: OwnedBudget): Promise<void> {
    const { put, commit, counters, letters } = this.#stages
    try {
      await put.put(batch, budget, (ends) => commit.put(ends))
      for (const { written, since } of batch.tallies.ranges) counters.meter.taken(written, since)
      commit.ended(batch.ends)
      await letters?.send((origin) => commit.hasEnded(origin))
    } catch (error) {
      this.#failure = error
      budget.end('a put failed')
    } finally {
      this.#putting = null
    }
  }

  /** The put under way has ended well. */
  async #ended(budget: Budget): Promise<void> {
    if (this.#putting !== null) await untilEnded(this.#putting, budget)
    if (this.#failure !== null) throw this.#failure
    if (budget.signal.aborted) throw new BudgetEnded('The time was over before a batch was put')
  }

  async #commit(budget: Budget): Promise<void> {
    await this.#ended(budget)
    await this.#commitEnded(budget)
    this.#nextCommit = Date.now() + this.#flushMs
    this.#unflushed = 0
  }

  /** The dead letters of what has ended are durable before its offsets are committed. */
  async #commitEnded(budget: Budget): Promise<void> {
    const { letters, commit } = this.#stages
    await letters?.send((origin) => commit.hasEnded(origin))
    await letters?.flush(budget)
    await commit.commit(budget)
  }

  async #fetch(quietSince: number, budget: Budget): Promise<readonly Fetched[]> {
    const { fetch, commit } = this.#stages
    try {
      return await fetch.fetch(quietSince, this.#nextCommit, budget)
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error
      await this.#ended(budget)
      await fetch.reset(error, (topic, partition, offset) => commit.reset(topic, partition, offset))
      this.#wasReset = true
      return []
    }
  }

  async drain(budget: Budget): Promise<void> {
    const { fetch, put, commit, counters } = this.#stages
    const before = this.#failure
    if (this.#putting !== null) await within(this.#putting, budget, 'Waiting for the last put')
    const later = this.#failure === before || this.#failure instanceof BudgetEnded ? null : this.#failure
    try {
      await this.#commitEnded(budget)
    } catch (error) {
      if (before === null && later === null) throw error
      this.#deps.log.debug('the drain after a failure was not clean', { error: text(error) })
    } finally {
      commit.giveBack()
      counters.close(true)
      fetch.close()
    }
    if (later !== null) throw later
    if (!put.isDecided || !commit.isDecided) throw new InDoubt(IN_DOUBT, this.#failure)
  }

  async stop(): Promise<void> {
    const { task, letters } = this.#stages
    await task.stop()
    await letters?.close()
  }
}

type Make = (fetched: readonly Fetched[], tallies: SinkTallies, budget: Budget) => Promise<readonly ConnectRecord[]>

/** What the next slice waits out: the connector's own request time. */
const IN_DOUBT = 'The last records are in doubt: a write that failed may still get into the target'

/** Other than a source, a sink can't say when records will come: whoever watches its lag can. */
const IDLE: Outcome = { kind: 'idle', idleMs: 0, certain: false, mark: null }

/** Whole batches, together no more than `most` records where one alone isn't. */
function* portions(fetched: readonly Fetched[], most: number): Generator<[batches: Fetched[], isLast: boolean]> {
  let batches: Fetched[] = []
  let count = 0
  for (const batch of fetched) {
    if (batches.length > 0 && count + batch.count > most) {
      yield [batches, false]
      batches = []
      count = 0
    }
    batches.push(batch)
    count += batch.count
  }
  if (batches.length > 0) yield [batches, true]
}

function endOf({ topic, partition, nextOffset }: Fetched): PartitionEnd {
  return { topic, partition, next: nextOffset }
}
