/** When a transaction ends (KIP-618, `transaction.boundary`), and what a connector asks for where it decides itself. */
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { SourceConnector, TransactionContext } from '../connect/plugin.ts'
import type { ConnectRecord, Origin } from '../connect/record.ts'
import type { ConfigOf, Settings } from '../connect/settings.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import { NO_BOUNDARIES } from '../worker/guarantee.ts'

export type Ending = 'commit' | 'abort'

export type TransactionBoundary =
  | { readonly kind: 'poll' }
  | { readonly kind: 'interval'; readonly intervalMs: number }
  | { readonly kind: 'connector'; readonly requests: TransactionRequests }

/** An interval transaction is committed before this share of `transaction.timeout.ms`, when the broker aborts it. */
const OF_TIMEOUT = 0.8

/** `ConfigError` with Connect's text where the connector can't decide. */
export function transactionBoundary<S extends Settings>(
  { transactionBoundary: kind, transactionIntervalMs }: ConnectorSettings,
  declaration: SourceConnector<S>,
  taskConfig: ConfigOf<S>,
  transactionTimeoutMs: number,
): TransactionBoundary {
  switch (kind) {
    case 'poll':
      return { kind }
    case 'interval':
      return { kind, intervalMs: Math.min(transactionIntervalMs, transactionTimeoutMs * OF_TIMEOUT) }
    case 'connector':
      if (declaration.definesTransactionBoundaries?.(taskConfig) !== true)
        throw ConfigError.invalid('transaction.boundary', kind, NO_BOUNDARIES)
      return { kind, requests: new TransactionRequests() }
    default:
      return kind satisfies never
  }
}

/** What the source has asked for, until the records that it is about are on their way. */
export class TransactionRequests implements TransactionContext {
  #batch: Ending | null = null
  readonly #records = new Map<Origin, Ending>()

  commitTransaction(record?: ConnectRecord): void {
    this.#request('commit', record)
  }

  abortTransaction(record?: ConnectRecord): void {
    this.#request('abort', record)
  }

  /** What was asked for the batch that a poll has just answered. */
  take(): Ending | null {
    const ending = this.#batch
    this.#batch = null
    return ending
  }

  /** The batch in parts, each with how the transaction ends after it; null: it goes on. */
  *parts(
    records: readonly ConnectRecord[],
    last: Ending | null,
  ): Generator<[part: readonly ConnectRecord[], ending: Ending | null]> {
    let from = 0
    for (let i = 0; i < records.length && this.#records.size > 0; i++) {
      const { origin } = records[i] as ConnectRecord
      const ending = this.#records.get(origin)
      if (ending === undefined) continue
      this.#records.delete(origin)
      yield [records.slice(from, i + 1), ending]
      from = i + 1
    }
    if (from < records.length || last !== null) yield [from === 0 ? records : records.slice(from), last]
  }

  #request(ending: Ending, record: ConnectRecord | undefined): void {
    const before = record === undefined ? this.#batch : this.#records.get(record.origin)
    if (before !== undefined && before !== null && before !== ending) throw new ConnectError(both(record))
    if (record === undefined) this.#batch = ending
    else this.#records.set(record.origin, ending)
  }
}

function both(record: ConnectRecord | undefined): string {
  if (record === undefined) return 'Connector requested both commit and abort of same transaction'
  return `Connector requested both commit and abort of same record against topic/partition ${record.topic}/${record.partition}`
}
