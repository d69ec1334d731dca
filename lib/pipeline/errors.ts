/**
 * What happens to a record that a stage can't handle: `errors.retry.*`, `errors.tolerance`, `errors.log.*`, as
 * Connect's `RetryWithToleranceOperator` (KIP-298).
 */
import { type Budget, BudgetEnded, pause } from '../connect/budget.ts'
import { ConnectError, trace } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { ConnectRecord, Origin } from '../connect/record.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import type { Counters, Tallies } from './counters.ts'
import type { DeadLetters } from './dead-letters.ts'
import { retried } from './retry.ts'
import { sniff } from './sniff.ts'

/** As in Connect's `__connect.errors.stage` header. */
export type Stage =
  | 'TASK_POLL'
  | 'TASK_PUT'
  | 'TRANSFORMATION'
  | 'KEY_CONVERTER'
  | 'VALUE_CONVERTER'
  | 'HEADER_CONVERTER'
  | 'KAFKA_PRODUCE'
  | 'KAFKA_CONSUME'

export interface Failed {
  readonly stage: Stage
  /** The Java name of the plugin that failed. */
  readonly class: string
  readonly origin: Origin
  /** As it entered the stage, of transforms the first; null for one that no converter could read. */
  readonly record: ConnectRecord | null
  readonly error: unknown
  /** What no converter could read: the error says what it looks like. */
  readonly unread?: Uint8Array | null
  /** Of what no converter could read, epoch ms. */
  readonly timestamp?: number
}

/** The class that Connect names: it knows a sink's task by its interface. */
export function executing({ stage, class: name }: Failed): string {
  return stage === 'TASK_PUT' ? 'org.apache.kafka.connect.sink.SinkTask' : name
}

/** A stage failed for good; the task fails with it. Retriable where its cause is: the next slice may do better. */
export class StageError extends ConnectError {
  readonly stage: Stage

  constructor(stage: Stage, message: string, cause: unknown) {
    super(message, { kind: cause instanceof ConnectError ? cause.kind : 'fatal', cause })
    this.stage = stage
  }
}

/** The first wait before a retry, in ms, as in Connect; it doubles with each. */
const RETRY_DELAY_MIN_MS = 300

/** `error` as it is where it tells its place or its setting already, else as a failure of the stage. */
export function staged(stage: Stage, error: unknown): unknown {
  if (error instanceof StageError || error instanceof BudgetEnded) return error
  if (error instanceof ConnectError && error.kind === 'config') return error
  return new StageError(stage, `${stage} failed: ${text(error)}`, error)
}

export class ErrorPolicy {
  readonly #task: string
  readonly #settings: ConnectorSettings['errors']
  readonly #counters: Counters
  readonly #log: PluginLog
  readonly #letters: DeadLetters | null

  /** `task`: connector and number, as in `orders-0`. `letters`: null where none are written. */
  constructor(
    task: string,
    settings: ConnectorSettings['errors'],
    counters: Counters,
    log: PluginLog,
    letters: DeadLetters | null = null,
  ) {
    this.#letters = letters
    this.#task = task
    this.#settings = settings
    this.#counters = counters
    this.#log = log
  }

  /**
   * Whether a record's operation is to be tried again: a retriable error within `errors.retry.timeout`. Waits before
   * it says yes. `attempt` counts from 1; `since` is when the first one failed, epoch ms. Throws `BudgetEnded` where
   * the time is over before: the record has not failed for good then, and is read again.
   */
  async again(error: unknown, attempt: number, since: number, budget: Budget): Promise<boolean> {
    const { retryTimeoutMs, retryDelayMaxMs } = this.#settings
    if (!(error instanceof ConnectError) || error.kind !== 'retriable' || retryTimeoutMs === 0) return false
    this.#counters.meter.count('failures')
    const left = retryTimeoutMs < 0 ? Number.POSITIVE_INFINITY : since + retryTimeoutMs - Date.now()
    if (left <= 0) return false
    const delay = RETRY_DELAY_MIN_MS * 2 ** Math.min(attempt - 1, 20)
    await pause(Math.min(delay > retryDelayMaxMs ? Math.random() * retryDelayMaxMs : delay, left), budget)
    if (budget.signal.aborted) throw new BudgetEnded('The time was over before a retry')
    this.#counters.retried++
    this.#counters.meter.count('retries')
    return true
  }

  /** What a plugin looks up for a batch: tried again while that may help. */
  async lookUp(stage: Stage, name: string, step: () => Promise<void>, budget: Budget): Promise<void> {
    const what = `the look-up of ${name}`
    try {
      await retried(what, 0, step, { counters: this.#counters, log: this.#log }, budget)
    } catch (error) {
      if (error instanceof BudgetEnded) throw error
      throw new StageError(stage, `${stage} by ${name} failed at its look-up: ${text(error)}`, error)
    }
  }

  /**
   * Decides what becomes of a record that failed, and of all that came of it: called once for each. Where failures are
   * tolerated it becomes a dead letter, or is skipped; else this throws a `StageError` that names it.
   */
  reject(failed: Failed, tallies: Tallies): void {
    const { tolerate, log, logRecords } = this.#settings
    const { meter } = this.#counters
    meter.error()
    if (log) {
      meter.count('logged')
      const record = logRecords ? `, where ${described(failed)}` : ''
      const error = trace(failed.error)
      this.#log.error(
        `Error encountered in task ${this.#task}. Executing stage '${failed.stage}' with class '${executing(failed)}'${record}.`,
        { error },
      )
    }
    if (!tolerate) throw exceeded(failed)
    meter.count('skipped')
    if (this.#letters === null) tallies.skip(failed.origin)
    else {
      this.#letters.take(failed, tallies)
      tallies.deadLetter(failed.origin)
    }
  }
}

function exceeded(failed: Failed): StageError {
  const { stage, error, origin, unread = null } = failed
  const looks = unread === null ? '' : `; what it read: ${sniff(unread)}`
  const message = `Tolerance exceeded in error handler: ${stage} by ${failed.class} failed for the record ${place(origin)}: ${text(error)}${looks}`
  return new StageError(stage, message, error)
}

/** `at topic orders, partition 0, offset 5`, or the source's partition and offset. */
export function place(origin: Origin): string {
  if (origin.kind === 'sink') return `at topic ${origin.topic}, partition ${origin.partition}, offset ${origin.offset}`
  return `of source partition ${json(origin.partition)}, offset ${json(origin.offset)}`
}

function described({ origin, record, timestamp = record?.timestamp ?? -1 }: Failed): string {
  if (origin.kind === 'source')
    return `source record is {topic='${record?.topic}', partition=${json(origin.partition)}, offset=${json(origin.offset)}}`
  const { topic, partition, offset, timestampType } = origin
  const time = timestamp < 0 ? '' : `, timestamp=${timestamp}, timestampType=${timestampType}`
  return `consumed record is {topic='${topic}', partition=${partition}, offset=${offset}${time}}`
}

function json(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}

export function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
