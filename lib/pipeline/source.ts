/** The spine of a source task: poll → transform → produce, with its offsets. */
import { type Budget, BudgetEnded, budget as newBudget, pause } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import type { PluginLog, Polled, SourceConnector, SourceTask } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Producer } from '../kafka/producer.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { Progress } from '../state/leases.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'
import { AtLeastOnce, type AtLeastOnceDeps } from './at-least-once.ts'
import { buildChain, type Chain, type PluginSource } from './chain.ts'
import { Counters, SingleTally } from './counters.ts'
import type { Delivery } from './delivery.ts'
import { ErrorPolicy, staged, text } from './errors.ts'
import { ExactlyOnce } from './exactly-once.ts'
import { Poller } from './poll.ts'
import { ProduceStage } from './produce.ts'
import { type RateLimit, rateLimit } from './rate-limit.ts'
import type { Outcome, Run } from './run.ts'
import { CommitNotice, OffsetWriter, type StoredOffsets, type TopicOffsets } from './source-offsets.ts'
import { lastOffsets } from './source-progress.ts'
import { Topics } from './topics.ts'
import { transform } from './transform.ts'
import { Breather, within } from './waiting.ts'

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
  /** Where the source goes on from. */
  readonly offsets: TopicOffsets | StoredOffsets
  readonly log: PluginLog
  /** How long the run waits for records before it ends as idle, in ms. */
  readonly idleAfterMs: number
}

/** Makes the pipeline and starts the source. `ConfigError` for settings that can't be; retriable where it isn't there. */
export async function openSource(deps: SourceDeps, budget: Budget): Promise<SourceRun> {
  const { declaration, connector, task: number, offsets, log } = deps
  const settings = connectorSettings(deps.config, deps.worker)
  const intervalMs = transactionInterval(settings)
  const taskConfig = parse(declaration.settings, deps.taskConfig)
  const chain = await buildChain(settings, deps.plugins)
  const task = await declaration.start(taskConfig, { connector, task: number, offsets, log }, budget)
  const counters = new Counters(log)
  const errors = new ErrorPolicy(`${connector}-${number}`, settings.errors, counters, log)
  const { producer } = deps.delivery
  const stage = new ProduceStage(chain, producer, new Topics(deps.cluster, producer, settings.topicCreation), errors)
  const notice = new CommitNotice(task, counters, log)
  const delivery = await openDelivery(deps, stage, notice, intervalMs).catch(async (error: unknown) => {
    await task.stop()
    throw error
  })
  const limit = rateLimit(settings.rateLimit)
  const poller = new Poller({ task, class: declaration.class, counters, log, portion: limit.portion })
  return new SourceSpine({ task, chain, counters, errors, stage, limit, poller, delivery, log }, deps.idleAfterMs)
}

async function openDelivery(
  { delivery, offsets, worker }: SourceDeps,
  stage: ProduceStage,
  notice: CommitNotice,
  intervalMs: number | null,
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
    return new ExactlyOnce({ ...delivery, init: () => delivery.init(), stage, notice, offsets: writer, intervalMs })
  await writer.prepare()
  const save: AtLeastOnceDeps['save'] = async (entries) => {
    writer.append(entries)
    await producer.flush()
    writer.written(entries)
  }
  return new AtLeastOnce({ producer, stage, notice, save, intervalMs: flushMs })
}

function transactionInterval({ transactionBoundary, transactionIntervalMs }: ConnectorSettings): number | null {
  switch (transactionBoundary) {
    case 'poll':
      return null
    case 'interval':
      return transactionIntervalMs
    case 'connector':
      throw ConfigError.invalid('transaction.boundary', 'connector', 'it is not supported yet: use poll or interval')
    default:
      return transactionBoundary satisfies never
  }
}

interface Stages {
  readonly task: SourceTask
  readonly chain: Chain
  readonly counters: Counters
  readonly errors: ErrorPolicy
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

  get progress(): Progress {
    return this.#stages.counters.progress(null)
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

  async #loop(budget: Budget): Promise<Outcome> {
    const { poller, limit } = this.#stages
    let quietSince = Date.now()
    while (!this.#done) {
      const polled = await poller.take(budget)
      if (polled === undefined) break
      if (polled.done === true) this.#done = true
      const { length } = polled.records
      if (length > 0) {
        if (limit.portion === Number.POSITIVE_INFINITY && !this.#done) poller.start(budget)
        await this.#process(polled, budget)
        await limit.spend(length, budget)
        quietSince = Date.now()
        this.firstRecords ??= quietSince
        this.lastRecords = quietSince
        await this.#breather.due()
      } else if (!this.#done) {
        const idleMs = Math.max(polled.idleMs ?? 0, SHORTEST_IDLE_MS)
        const quietMs = Date.now() - quietSince
        if (quietMs + idleMs >= this.#idleAfterMs) return { kind: 'idle', idleMs, note: polled.note ?? null }
        await pause(idleMs, budget)
      }
    }
    this.#stages.delivery.check()
    return { kind: this.#done ? 'done' : 'budget' }
  }

  async #process({ records }: Polled, budget: Budget): Promise<void> {
    const { chain, counters, errors, stage, poller, delivery } = this.#stages
    const tally = new SingleTally()
    tally.read = records.length
    counters.open(tally)
    const offsets = lastOffsets(records)
    const kept =
      chain.transforms.length === 0 ? records : await transform(records, chain.transforms, errors, tally, budget)
    await delivery.deliver({ records: kept, offsets, tally }, budget)
    poller.learn(stage.averageSize)
  }

  async drain(budget: Budget): Promise<void> {
    const { poller, delivery, counters, log } = this.#stages
    if (poller.isPending) {
      const polled = await within(poller.take(budget), budget, 'Waiting for the last poll')
      if (!this.#failed && polled !== undefined && polled.records.length > 0) await this.#process(polled, budget)
    }
    try {
      await delivery.drain(budget)
    } catch (error) {
      counters.close(true)
      // Given up when the run's time was over: it is read again.
      if (error instanceof BudgetEnded) return
      if (!this.#failed) throw staged('KAFKA_PRODUCE', error)
      log.debug('the drain after a failure was not clean', { error: text(error) })
    }
    counters.close(this.#failed)
  }

  async stop(): Promise<void> {
    await this.#stages.task.stop()
  }
}

/** For a source that has nothing and doesn't say when to look again. */
const SHORTEST_IDLE_MS = 10
