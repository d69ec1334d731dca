/** The spine of a sink task: fetch → convert → transform → put, flush and commit. */
import { type Budget, BudgetEnded, budget as newBudget, type OwnedBudget } from '../connect/budget.ts'
import type { PluginLog, SinkConnector, SinkTask } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import type { OffsetReset } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { type ByPartition, type Consumer, type Fetched, OffsetOutOfRange } from '../kafka/consumer.ts'
import type { GroupOffset } from '../kafka/groups.ts'
import type { Progress } from '../state/leases.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'
import { buildChain, type Chain, type PluginSource } from './chain.ts'
import { CommitStage } from './commit.ts'
import { ConsumeStage } from './consume.ts'
import { Counters } from './counters.ts'
import { ErrorPolicy, staged, text } from './errors.ts'
import { PutStage } from './put.ts'
import { rateLimit } from './rate-limit.ts'
import type { Outcome, Run } from './run.ts'
import { type PartitionEnd, type SinkBatch, SinkTallies } from './sink-batch.ts'
import { resetOffsets } from './start-positions.ts'
import { transform } from './transform.ts'
import { Breather, untilEnded, within } from './waiting.ts'

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
  /** By topic: the task's partitions, and where each is read from (`startPositions`). */
  readonly positions: ByPartition<number>
  readonly reset: OffsetReset
  readonly isolation: 'read_uncommitted' | 'read_committed'
  /** Records of one `put` at most; null where the user has not set `max.poll.records`: Kafka's own default is small. */
  readonly maxRecords: number | null
  /** Stores offsets of the sink's group. */
  commit(offsets: readonly GroupOffset[]): Promise<void>
  readonly log: PluginLog
  /** How long the run waits for records before it ends as idle, in ms. */
  readonly idleAfterMs: number
}

/** Records that go through the stages together: enough to make a batch's cost small, few enough to stay in the caches. */
const BATCH_RECORDS = 10_000

/** Makes the pipeline and starts the sink. `ConfigError` for settings that can't be; retriable where it isn't there. */
export async function openSink(deps: SinkDeps, budget: Budget): Promise<SinkRun> {
  const { declaration, connector, task: number, positions, log } = deps
  const settings = connectorSettings(deps.config, deps.worker)
  const taskConfig = parse(declaration.settings, deps.taskConfig)
  const assignment = new Map([...positions].map(([topic, partitions]) => [topic, [...partitions.keys()]]))
  const chain = await buildChain(settings, deps.plugins)
  const task = await declaration.start(taskConfig, { connector, task: number, assignment, log }, budget)
  const counters = new Counters(log)
  const errors = new ErrorPolicy(`${connector}-${number}`, settings.errors, counters, log)
  const common = { task, class: declaration.class, errors, counters, log }
  const maxRecords = deps.maxRecords ?? BATCH_RECORDS
  const put = new PutStage({ ...common, limit: rateLimit(settings.rateLimit), maxRecords })
  const commit = new CommitStage({ ...common, commit: (offsets) => deps.commit(offsets) }, positions)
  deps.consumer.assign(positions)
  const consume = new ConsumeStage(chain, errors)
  return new SinkSpine(deps, { task, chain, counters, errors, consume, put, commit, maxRecords })
}

interface Stages {
  readonly task: SinkTask
  readonly chain: Chain
  readonly counters: Counters
  readonly errors: ErrorPolicy
  readonly consume: ConsumeStage
  readonly put: PutStage
  readonly commit: CommitStage
  /** Records of one `put` at most. */
  readonly maxRecords: number
}

class SinkSpine implements SinkRun {
  firstRecords: number | null = null
  lastRecords: number | null = null
  readonly #deps: SinkDeps
  readonly #stages: Stages
  readonly #breather = new Breather()
  readonly #flushMs: number
  #nextCommit: number
  /** As of the drain: a closed consumer knows none. */
  #lag: number | null = null
  /** The put under way; its failure is in `#failure`. */
  #putting: Promise<void> | null = null
  #failure: unknown = null
  /** Positions were reset since the last fetch. */
  #wasReset = false

  constructor(deps: SinkDeps, stages: Stages) {
    this.#deps = deps
    this.#stages = stages
    this.#flushMs = deps.worker.settings['offset.flush.interval.ms']
    this.#nextCommit = Date.now() + this.#flushMs
  }

  get progress(): Progress {
    return this.#stages.counters.progress(lagOf(this.#deps.consumer) ?? this.#lag)
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
    const { maxRecords } = this.#stages
    let quietSince = Date.now()
    while (!budget.signal.aborted) {
      if (Date.now() >= this.#nextCommit) await this.#commit(budget)
      const fetched = await this.#fetch(quietSince, budget)
      for (const [batches, isLast] of portions(fetched, Math.max(maxRecords, BATCH_RECORDS))) {
        const ends = isLast ? this.#positions() : batches.map(endOf)
        await this.#process(batches, ends, budget)
      }
      if (fetched.length > 0 || this.#putting !== null || this.#wasReset) quietSince = Date.now()
      else if (this.#failure === null) this.#stages.commit.ended(this.#positions())
      if (!budget.signal.aborted && this.#isIdle(Date.now() - quietSince)) return IDLE
      this.#wasReset = false
      await this.#breather.due()
    }
    if (this.#failure !== null) throw this.#failure
    return { kind: 'budget' }
  }

  async #process(fetched: readonly Fetched[], ends: readonly PartitionEnd[], budget: OwnedBudget): Promise<void> {
    const { chain, errors, consume, commit } = this.#stages
    const tallies = new SinkTallies()
    for (const batch of fetched) tallies.add(batch)
    commit.count(tallies.all())
    if (consume.prepares) await consume.prepare(fetched, budget)
    const read = consume.consume(fetched, tallies)
    const records =
      chain.transforms.length === 0 ? read : await transform(read, chain.transforms, errors, tallies, budget)
    await this.#ended(budget)
    this.lastRecords = Date.now()
    this.firstRecords ??= this.lastRecords
    this.#putting = this.#put({ records, tallies, ends }, budget)
  }

  /** Goes on beside the next fetch. */
  async #put(batch: SinkBatch, budget: OwnedBudget): Promise<void> {
    const { put, commit } = this.#stages
    try {
      await put.put(batch, budget, (ends) => commit.put(ends))
      commit.ended(batch.ends)
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
    await this.#stages.commit.commit(budget)
    this.#nextCommit = Date.now() + this.#flushMs
  }

  /** What comes before the run is idle, or a commit is due. */
  async #fetch(quietSince: number, budget: Budget): Promise<readonly Fetched[]> {
    const { consumer, idleAfterMs } = this.#deps
    const now = Date.now()
    const idleAt = Math.max(quietSince + idleAfterMs, now + SHORTEST_WAIT_MS)
    try {
      const fetched = await consumer.poll(Math.max(0, Math.min(idleAt, this.#nextCommit) - now), budget.signal)
      this.#stages.counters.lastPoll = Date.now()
      return fetched
    } catch (error) {
      if (error instanceof OffsetOutOfRange) await this.#reset(error)
      else throw staged('KAFKA_CONSUME', error)
      return []
    }
  }

  /** Nothing came for long enough, and the brokers have said that nothing is there: a slow answer is no end. */
  #isIdle(quietMs: number): boolean {
    const { idleAfterMs, positions, consumer } = this.#deps
    if (quietMs < idleAfterMs) return false
    if (quietMs >= idleAfterMs + PATIENCE_MS) return true
    const lag = consumer.lag()
    for (const [topic, partitions] of positions)
      for (const partition of partitions.keys()) if (lag.get(topic)?.get(partition) !== 0) return false
    return true
  }

  /** The log was cut, or the topic made anew: `auto.offset.reset` says where to go on. */
  async #reset(error: OffsetOutOfRange): Promise<void> {
    const { cluster, consumer, reset, isolation, log } = this.#deps
    const offsets = await resetOffsets(cluster, error.partitions, reset, isolation)
    for (const { topic, partition, offset } of offsets) {
      log.warn('records are gone that were still to be read', {
        topic,
        partition,
        goesOnAt: offset,
        error: error.message,
      })
      consumer.seek(topic, partition, offset)
    }
    this.#wasReset = true
  }

  /** Control records and gaps at the end are passed over with the last batch. */
  #positions(): PartitionEnd[] {
    const { positions, consumer } = this.#deps
    const ends: PartitionEnd[] = []
    for (const [topic, partitions] of positions)
      for (const partition of partitions.keys())
        ends.push({ topic, partition, next: consumer.position(topic, partition) })
    return ends
  }

  async drain(budget: Budget): Promise<void> {
    const { commit, counters } = this.#stages
    const before = this.#failure
    if (this.#putting !== null) await within(this.#putting, budget, 'Waiting for the last put')
    const later = this.#failure === before || this.#failure instanceof BudgetEnded ? null : this.#failure
    try {
      await commit.commit(budget)
    } catch (error) {
      if (before === null && later === null) throw error
      this.#deps.log.debug('the drain after a failure was not clean', { error: text(error) })
    } finally {
      commit.giveBack()
      counters.close(true)
      this.#lag = lagOf(this.#deps.consumer)
    }
    if (later !== null) throw later
  }

  async stop(): Promise<void> {
    await this.#stages.task.stop()
  }
}

/** How long a run waits in addition for brokers that don't answer, in ms. */
const PATIENCE_MS = 5_000
const SHORTEST_WAIT_MS = 50

/** Other than a source, a sink can't say when records will come: whoever watches its lag can. */
const IDLE: Outcome = { kind: 'idle', idleMs: Number.MAX_SAFE_INTEGER, note: null }

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

function lagOf(consumer: Consumer): number | null {
  let lag: number | null = null
  for (const partitions of consumer.lag().values())
    for (const records of partitions.values()) lag = (lag ?? 0) + records
  return lag
}
