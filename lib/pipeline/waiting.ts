/** Waiting for something no longer than a budget lasts. */
import type { Budget, OwnedBudget } from '../connect/budget.ts'
import { RetriableError } from '../connect/errors.ts'

/** The promise's value, or undefined where the budget ends first; the promise is then still to be looked after. */
export function untilEnded<T>(promise: Promise<T>, budget: Pick<Budget, 'signal'>): Promise<T | undefined> {
  const { signal } = budget
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const onEnd = () => resolve(undefined)
    signal.addEventListener('abort', onEnd, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onEnd))
  })
}

/** The promise's value; rejects where the budget ends first. `what` begins the error: "Committing the offsets". */
export async function within<T>(promise: Promise<T>, { signal }: Budget, what: string): Promise<T> {
  const over = Symbol('over')
  const ended = Promise.withResolvers<void>()
  const onEnd = () => ended.resolve()
  if (signal.aborted) onEnd()
  else signal.addEventListener('abort', onEnd, { once: true })
  try {
    const value = await Promise.race([promise, ended.promise.then((): typeof over => over)])
    if (value === over) throw new RetriableError(`${what} took longer than the time that was left for it`)
    return value
  } finally {
    signal.removeEventListener('abort', onEnd)
  }
}

/** How long before its deadline, in ms, a run that has just had records waits for no more: what came would come late. */
const LAST_MS = 10

/** Ends the budget where these were its last records. */
export function endAfterLast(budget: OwnedBudget): void {
  if (budget.deadline - Date.now() < LAST_MS) budget.end('the time is nearly over')
}

/**
 * Lets timers and sockets have their turn where a loop could go on for long on promises that are resolved already:
 * signals fire on time, and requests leave. Cheap enough to be called for each batch.
 */
export class Breather {
  #last = Date.now()

  /** Undefined: not yet. */
  due(): Promise<void> | undefined {
    const now = Date.now()
    if (now - this.#last < BREATH_MS) return undefined
    this.#last = now
    return new Promise((resolve) => setImmediate(resolve))
  }
}

/** A fifth of the 50 ms in which a slice reacts to the end of its budget. */
const BREATH_MS = 10
