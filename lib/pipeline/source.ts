/** The spine of a source task: poll → transform → produce, with its offsets. */
import { type Budget, BudgetEnded, budget as newBudget, type OwnedBudget, pause } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import type { PluginLog, SourceConnector, SourceTask } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Producer } from '../kafka/producer.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { RunProgress } from '../state/lease.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import type { InFlight } from '../worker/in-flight.ts'
import type { Worker } from '../worker/settings.ts'
import { AtLeastOnce, type AtLeastOnceDeps } from './at-least-once.ts'
import { buildChain, type Chain, type PluginSource } from './chain.ts'
import { Counters, SingleTally } from './counters.ts'
import type { Delivery } from './delivery.ts'
import { ErrorPolicy, staged, text } from './errors.ts'
import { ExactlyOnce, type ExactlyOnceDeps } from './exactly-once.ts'
import { type Polled, Poller } from './poll.ts'
import { ProduceStage } from './produce.ts'
import { type RateLimit, rateLimit } from './rate-limit.ts'
import { RedriveStage } from './redrive.ts'
import type { RedriveQueue } from './redrive-queue.ts'
import { redrivePartition } from './redriven.ts'
import { InDoubt, type Outcome, type Run } from './run.ts'
import { openSourceDeadLetters, type SourceDeadLetters } from './source-dead-letters.ts'
import { CommitNotice, OffsetWriter, ownOffsets, type StoredOffsets, type TopicOffsets } from './source-offsets.ts'
import { lastOffsets } from './source-progress.ts'
import { Topics } from './topics.ts'
import { type Ending, type TransactionRequests, transactionBoundary } from './transaction-boundary.ts'
import { transform } from './transform.ts'
import { Breather, endAfterLast, within } from './waiting.ts'
import { WrittenRecords } from './written-records.ts'

export type { Outcome, Run } from './run.ts'
export type SourceRun = Run

export interface SourceDeps {
  readonly connector: string
  readonly task: number
  readonly declaration: SourceConnector
  readonly config: RawConfig
  readonly taskConfig: RawConfig
  readonly worker: Worker
  readonly plugins: PluginSource
  readonly cluster: Cluster
  /** The producer is the caller's, to be closed after `stop`. */
  readonly delivery:
    | { readonly kind: 'at-least-once'; readonly producer: Producer }
    /** `init` is called before the first transaction: `producer.init`, or nothing where that has run. */
    | { readonly kind: 'exactly-once'; readonly producer: TransactionalProducer; init(): Promise<void> }
  /** The dead letters that are to be tried again; the caller's, to be closed after `stop`. */
  readonly redrive?: RedriveQueue | null
  /** Where the source goes on from. */
  readonly offsets: TopicOffsets | StoredOffsets
  /** Gets the topics that records go to (KIP-558). */
  readonly usedTopics?: Set<string>
  readonly log: PluginLog
  /** Takes the secrets out of a text; dead letters tell errors. */
  readonly scrub?: (text: string) => string
  readonly inFlight: Pick<InFlight, 'polled'>
  /** How long the run waits for records before it ends as idle, in ms. */
  readonly idleAfterMs: number
}

/** Makes the pipeline and starts the source. `ConfigError` for settings that can't be; retriable where it isn't there. */
export async function openSource(deps: SourceDeps, budget: Budget): Promise<SourceRun> {
  const { declaration, connector, task: number, offsets, log } = deps
  const settings = connectorSettings(deps.config, deps.worker)
  const taskConfig = parse(declaration.settings, deps.taskConfig)
  const { producer: producerSettings } = clientSettings(deps.worker.raw, 'producer', settings.producerOverrides)
  const { transactionTimeoutMs: timeoutMs } = producerSettings
  const boundary = transactionBoundary(settings, declaration, taskConfig, timeoutMs)
  const requests = deps.delivery.kind === 'exactly-once' && boundary.kind === 'connector' ? boundary.requests : null
  const chain = await buildChain(settings, deps.plugins, log)
  const counters = new Counters(log)
  const { producer } = deps.delivery
  const owner = { connector, task: number, scrub: deps.scrub ?? ((text: string) => text) }
  const written = { ...owner, producer, meter: counters.meter }
  const letters = await openSourceDeadLetters(settings, deps.cluster, written, log)
  const asked = requests === null ? {} : { transactionContext: requests }
  const own = ownOffsets(offsets)
  const task = await declaration.start(
    taskConfig,
    { connector, task: number, raw: deps.taskConfig, offsets: own, log, ...asked },
    budget,
  )
  const errors = new ErrorPolicy(`${connector}-${number}`, settings.errors, counters, log, letters)
  const topics = new Topics(deps.cluster, producer, settings.topicCreation, deps.usedTopics ?? new Set())
  const transactional = deps.delivery.kind === 'exactly-once'
  const placed = task.written === undefined ? null : new WrittenRecords(task, producer, transactional)
  const stage = new ProduceStage(chain, producer, topics, errors, letters, placed)
  const notice = new CommitNotice(task, counters, log, transactional)
  const delivery = await openDelivery(deps, stage, notice, { boundary, timeoutMs, placed }).catch(
    async (error: unknown) => {
      await task.stop()
      throw error
    },
  )
  const limit = rateLimit(settings.rateLimit)
  const poller = new Poller({
    task,
    requests,
    class: declaration.class,
    counters,
    log,
    limit,
    bytes: deps.inFlight.polled,
  })
  const redrive = new RedriveStage(chain, errors, 'source')
  const queue = deps.redrive ?? null
  return new SourceSpine(
    { task, requests, chain, counters, errors, letters, redrive, queue, stage, limit, poller, delivery, log },
    deps.idleAfterMs,
  )
}

async function openDelivery(
  { delivery, offsets, worker, log }: SourceDeps,
  stage: ProduceStage,
  notice: CommitNotice,
  transactions: Pick<ExactlyOnceDeps, 'boundary' | 'timeoutMs' | 'placed'>,
): Promise<Delivery> {
  const { producer } = delivery
  const flushMs = worker.settings['offset.flush.interval.ms']
  if ('save' in offsets) {
    if (delivery.kind === 'exactly-once')
      throw new ConfigError('Exactly-once needs the offsets in Kafka, in the same transaction as the records')
    const save: AtLeastOnceDeps['save'] = async (entries) => offsets.save(entries)
    return new AtLeastOnce({ producer, stage, notice, save, intervalMs: flushMs })
  }
  const writer = new OffsetWriter(producer, offsets)
  if (delivery.kind === 'exactly-once')
    return new ExactlyOnce({
      ...{ producer: delivery.producer, init: () => delivery.init(), stage, notice, offsets: writer },
      ...{ ...transactions, log },
    })
  await writer.prepare()
  const save: AtLeastOnceDeps['save'] = async (entries) => {
    writer.append(entries)
    await producer.flush()
    writer.written(entries)
  }
  return new AtLeastOnce({ producer, stage, notice, save, intervalMs: flushMs })
}

interface Stages {
  readonly task: SourceTask
  /** Where the connector ends the transactions. */
  readonly requests: TransactionRequests | null
  readonly chain: Chain
  readonly counters: Counters
  readonly errors: ErrorPolicy
  /** Null where none are written. */
  readonly letters: SourceDeadLetters | null
  readonly redrive: RedriveStage
  readonly queue: RedriveQueue | null
  readonly stage: ProduceStage
  readonly limit: RateLimit
  readonly poller: Poller
  readonly delivery: Delivery
  readonly log: PluginLog
}

class SourceSpine implements SourceRun {
  firstRecords: number | null = null
  lastRecords: number | null = null
  readonly #stages: Stages
  readonly #idleAfterMs: number
  readonly #breather = new Breather()
  #failed = false
  #done = false

  constructor(stages: Stages, idleAfterMs: number) {
    this.#stages = stages
    this.#idleAfterMs = idleAfterMs
  }

  get progress(): RunProgress {
    return this.#stages.counters.progress(null, null)
  }

  async prefetch(budget: Budget): Promise<void> {
    const { poller, queue } = this.#stages
    // Dead letters that are to be tried again come before new records.
    if (queue !== null) return
    poller.start(budget)
    await poller.settled()
  }

  async run(budget: Budget): Promise<Outcome> {
    using time = newBudget(budget.deadline - Date.now(), budget)
    this.#stages.delivery.onFailure = () => time.end('a batch failed')
    try {
      return await this.#loop(time)
    } catch (error) {
      this.#failed = true
      time.end('the task failed')
      if (error instanceof BudgetEnded) return { kind: 'budget' }
      throw staged('KAFKA_PRODUCE', error)
    }
  }

  async #loop(budget: OwnedBudget): Promise<Outcome> {
    const { poller, limit, stage, delivery } = this.#stages
    await this.#redrive(budget)
    let quietSince = Date.now()
    while (!this.#done) {
      const polled = await poller.take(budget)
      if (polled === undefined) break
      if (polled.done === true) this.#done = true
      const { length } = polled.records
      if (length === 0 && polled.ending !== null) await this.#process(polled, budget)
      if (length > 0) {
        if (!limit.isSet && !this.#done) poller.start(budget)
        await this.#process(polled, budget)
        await limit.spend(length, length * stage.averageSize, budget)
        quietSince = Date.now()
        this.firstRecords ??= quietSince
        this.lastRecords = quietSince
        endAfterLast(budget)
        await this.#breather.due()
      } else if (!this.#done) {
        const idleMs = Math.max(polled.idleMs ?? 0, SHORTEST_IDLE_MS)
        const quietMs = Date.now() - quietSince
        if (quietMs + idleMs >= this.#idleAfterMs && !delivery.isOpen) {
          const { certain = false, mark = null } = polled
          return { kind: 'idle', idleMs, certain, mark }
        }
        await pause(idleMs, budget)
      }
    }
    delivery.check()
    return { kind: this.#done ? 'done' : 'budget' }
  }

  async #process({ records, ending }: Polled, budget: Budget): Promise<void> {
    const { requests } = this.#stages
    if (requests === null) return this.#deliver(records, ending, budget)
    for (const [part, end] of requests.parts(records, ending)) await this.#deliver(part, end, budget)
  }

  /** The dead letters that are to be tried again come first. Their place in the queue is committed as an offset. */
  async #redrive(budget: Budget): Promise<void> {
    const { queue, redrive, counters, letters, requests, delivery } = this.#stages
    if (queue === null) return
    for (let fetched = await queue.next(budget); fetched.length > 0; fetched = await queue.next(budget)) {
      const queued = redrive.read(fetched)
      const tally = new SingleTally()
      tally.read = queued.length
      tally.since = Date.now()
      counters.open(tally)
      const redrawn = await redrive.records(queued, tally, budget)
      for (const { record, redriven } of redrawn) letters?.redrawn(record, redriven)
      letters?.polled(
        tally,
        redrawn.map(({ record }) => record),
      )
      const records = await redrive.transform(redrawn, tally, budget)
      const offsets = [{ partition: redrivePartition(queue.topic), offset: { offset: queue.position } }]
      await delivery.deliver({ records, offsets, tally, ending: requests === null ? null : 'commit' }, budget)
    }
  }

  async #deliver(records: readonly ConnectRecord[], ending: Ending | null, budget: Budget): Promise<void> {
    const { chain, counters, errors, letters, stage, poller, delivery } = this.#stages
    const tally = new SingleTally()
    tally.read = records.length
    tally.since = records[0]?.timestamp ?? Date.now()
    counters.open(tally)
    letters?.polled(tally, records)
    const offsets = lastOffsets(records)
    const kept =
      chain.transforms.length === 0 ? records : await transform(records, chain.transforms, errors, tally, budget)
    await delivery.deliver({ records: kept, offsets, tally, ending }, budget)
    poller.learn(stage.averageSize)
  }

  async drain(budget: Budget): Promise<void> {
    const { poller, delivery, counters, log } = this.#stages
    if (poller.isPending) {
      const polled = await within(poller.take(budget), budget, 'Waiting for the last poll')
      const isEmpty = polled === undefined || (polled.records.length === 0 && polled.ending === null)
      if (!this.#failed && !isEmpty) await this.#process(polled, budget)
    }
    try {
      await delivery.drain(budget)
    } catch (error) {
      counters.close(true)
      // Given up when the run's time was over: it is read again.
      const isGivenUp = error instanceof BudgetEnded
      if (!this.#failed && !isGivenUp) throw staged('KAFKA_PRODUCE', error)
      if (!delivery.isDecided) throw new InDoubt(IN_DOUBT, error)
      if (isGivenUp) return
      log.debug('the drain after a failure was not clean', { error: text(error) })
    }
    counters.close(this.#failed)
  }

  async stop(): Promise<void> {
    await this.#stages.task.stop()
  }
}

/** What the next slice finds out by initializing the transactional id. */
const IN_DOUBT = 'The last records and offsets are in doubt: whether they are committed shows with the next slice'

/** For a source that has nothing and doesn't say when to look again. */
const SHORTEST_IDLE_MS = 10
