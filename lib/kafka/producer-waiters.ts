/** Who waits for a producer: for acknowledgements, or for room. */

export interface ProducerState {
  /** What has broken the producer; null: nothing. */
  readonly failure: unknown
  readonly acknowledged: number
  readonly hasRoom: boolean
}

interface Waiter {
  /** How many are to be acknowledged; null: it waits for room. */
  readonly target: number | null
  resolve(): void
  reject(error: unknown): void
}

export class ProducerWaiters {
  #waiters: Waiter[] = []

  /** Resolves when so many are acknowledged, or, for null, when there is room; rejects once the producer has failed. */
  wait(target: number | null): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ target, resolve, reject }))
  }

  settle({ failure, acknowledged, hasRoom }: ProducerState): void {
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (failure !== null) waiter.reject(failure)
      else if (waiter.target === null ? hasRoom : acknowledged >= waiter.target) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }
}
