/**
 * Asynchronous invocations (`InvocationType: Event`): a queue per function, retries, and Lambda's failure record for
 * what failed for good. Invocations can be delivered twice, some on demand or a share of all: Lambda does it now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { functionArn, type Outcome } from './function-config.ts'
import type { FunctionPool } from './function-pool.ts'
import type { InFlight } from './in-flight.ts'

/** Lambda waits 1 and 2 minutes; nobody waits that long at a laptop. */
const RETRY_DELAYS_MS = [1_000, 2_000]

/** What Lambda sends to a failure destination. */
export interface FailureRecord {
  readonly version: '1.0'
  readonly timestamp: string
  readonly requestContext: {
    readonly requestId: string
    readonly functionArn: string
    readonly condition: 'RetriesExhausted'
    readonly approximateInvokeCount: number
  }
  readonly requestPayload: unknown
  readonly responseContext: {
    readonly statusCode: 200
    readonly executedVersion: '$LATEST'
    readonly functionError: string
  }
  readonly responsePayload: unknown
}

export interface AsyncOptions {
  readonly retryDelaysMs?: readonly number[] | undefined
  /** The share that is delivered twice, 0 to 1. */
  readonly doubled?: number | undefined
}

export class AsyncInvocations {
  readonly #pool: FunctionPool
  readonly #onFailure: (record: FailureRecord) => void
  readonly #inFlight: InFlight
  readonly #retryDelaysMs: readonly number[]
  readonly #doubled: number
  #twice = 0
  #stopped = false

  constructor(
    pool: FunctionPool,
    inFlight: InFlight,
    onFailure: (record: FailureRecord) => void,
    options: AsyncOptions = {},
  ) {
    this.#pool = pool
    this.#inFlight = inFlight
    this.#onFailure = onFailure
    this.#retryDelaysMs = options.retryDelaysMs ?? RETRY_DELAYS_MS
    this.#doubled = options.doubled ?? 0
  }

  /** The next `count` invocations are delivered twice, at the same time and under one request id. */
  duplicate(count: number): void {
    this.#twice += count
  }

  add(requestId: string, payload: Buffer): void {
    this.#inFlight.begin(requestId, this.#pool.config.name, payload)
    const deliveries = [this.#deliver(requestId, payload)]
    if (this.#isDoubled()) deliveries.push(this.#deliver(requestId, payload))
    void Promise.all(deliveries).then((ended) => {
      if (ended.every(Boolean)) this.#inFlight.end(requestId)
    })
  }

  stop(): void {
    this.#stopped = true
  }

  #isDoubled(): boolean {
    if (this.#twice === 0) return Math.random() < this.#doubled
    this.#twice--
    return true
  }

  /** False where the service stopped before the end. */
  async #deliver(requestId: string, payload: Buffer): Promise<boolean> {
    const attempts = 1 + (this.#pool.config.retries ?? 2)
    for (let attempt = 1; !this.#stopped; attempt++) {
      await this.#pool.room()
      const outcome = await this.#pool.invoke(requestId, payload)
      if (outcome.functionError === null) return true
      if (this.#stopped) return false
      if (attempt >= attempts) {
        if (this.#pool.config.failureDestination === true)
          this.#onFailure(this.#record(requestId, payload, attempt, outcome))
        return true
      }
      await sleep(this.#retryDelaysMs[attempt - 1] ?? this.#retryDelaysMs.at(-1) ?? 0, undefined, { ref: false })
    }
    return false
  }

  #record(requestId: string, payload: Buffer, attempts: number, outcome: Outcome): FailureRecord {
    return failureRecord({
      requestId,
      functionName: this.#pool.config.name,
      attempts,
      requestPayload: JSON.parse(payload.toString()),
      responsePayload: JSON.parse(outcome.payload.toString()),
    })
  }
}

export function failureRecord(failure: {
  readonly requestId: string
  readonly functionName: string
  readonly attempts: number
  readonly requestPayload: unknown
  readonly responsePayload: unknown
}): FailureRecord {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: failure.requestId,
      functionArn: `${functionArn(failure.functionName)}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: failure.attempts,
    },
    requestPayload: failure.requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: failure.responsePayload,
  }
}
