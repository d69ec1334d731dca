/** The poll stage: asks the source task for records, one poll at a time, the next one while the last is on its way. */
import type { Budget } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { Polled as Answer, PluginLog, SourceTask } from '../connect/plugin.ts'
import type { Counters } from './counters.ts'
import { StageError, text } from './errors.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Ending, TransactionRequests } from './transaction-boundary.ts'
import { untilEnded } from './waiting.ts'

/** Records a poll may bring, at first and at most. */
const FIRST_LIMIT = 500
const MOST_RECORDS = 5_000
/** Waits after polls that failed and may be tried again, in ms; doubling. */
const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 10_000

/** What a poll brought. */
export interface Polled extends Answer {
  /** How the connector wants the transaction to end after these records; null: not yet, or it isn't asked. */
  readonly ending: Ending | null
}

export interface PollDeps {
  readonly task: SourceTask
  /** Java name of the connector, for errors. */
  readonly class: string
  readonly counters: Counters
  /** Where the connector ends the transactions. */
  readonly requests: TransactionRequests | null
  readonly log: PluginLog
  readonly limit: Pick<RateLimit, 'portion'>
  /** What the records of a poll should come to, at most. */
  readonly bytes: number
}

export class Poller {
  readonly #deps: PollDeps
  #pending: Promise<Polled> | null = null
  #started: Budget | null = null
  #failures = 0
  #limit: number

  constructor(deps: PollDeps) {
    this.#deps = deps
    this.#limit = Math.min(FIRST_LIMIT, deps.limit.portion(0))
  }

  get isPending(): boolean {
    return this.#pending !== null
  }

  /** Starts a poll unless one is under way. */
  start(budget: Budget): void {
    if (this.#pending !== null || budget.signal.aborted) return
    const { task } = this.#deps
    const limit = this.#limit
    this.#started = budget
    const began = Date.now()
    this.#pending = (async () => {
      const polled = await task.poll(limit, budget)
      if (polled.records.length > 0) this.#deps.counters.meter.polled(polled.records.length, Date.now() - began)
      return { ...polled, ending: this.#ending(polled) }
    })()
    // An error is for the `take` that waits for it, now or at the drain.
    this.#pending.catch(() => {})
  }

  /** Resolves when no poll is under way, whatever it brought. */
  async settled(): Promise<void> {
    await this.#pending?.catch(() => {})
  }

  /** What the poll brought; undefined where the budget ends before, and the poll is left for the next `take`. */
  async take(budget: Budget): Promise<Polled | undefined> {
    const { counters } = this.#deps
    this.start(budget)
    const pending = this.#pending
    if (pending === null) return undefined
    let polled: Polled | undefined
    try {
      polled = await untilEnded(pending, budget)
    } catch (error) {
      this.#pending = null
      return this.#failed(error)
    }
    if (polled === undefined) return undefined
    this.#pending = null
    this.#failures = 0
    counters.looked()
    counters.note = polled.note ?? null
    return polled
  }

  /** Adapts the limit to the average size of the records, in bytes. */
  learn(size: number): void {
    const { bytes, limit } = this.#deps
    const fitting = Math.ceil(bytes / Math.max(size, 1))
    this.#limit = Math.max(1, Math.min(fitting, MOST_RECORDS, this.#limit * 4, limit.portion(size)))
  }

  /** A source that has ended ends its transaction with that. */
  #ending({ done }: Answer): Ending | null {
    const { requests } = this.#deps
    if (requests === null) return null
    return requests.take() ?? (done === true ? 'commit' : null)
  }

  #failed(error: unknown): Polled {
    const { counters, log } = this.#deps
    if (this.#started?.signal.aborted && !(error instanceof ConnectError)) return NOTHING
    if (!(error instanceof ConnectError) || error.kind !== 'retriable')
      throw new StageError('TASK_POLL', `TASK_POLL by ${this.#deps.class} failed: ${text(error)}`, error)
    const idleMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#failures++)
    counters.retried++
    counters.meter.count('retries')
    counters.note = error.message
    log.warn('polling the source failed and will be tried again', { error: error.message, retryMs: idleMs })
    return { ...NOTHING, idleMs, note: error.message }
  }
}

const NOTHING: Polled = { records: [], ending: null }
