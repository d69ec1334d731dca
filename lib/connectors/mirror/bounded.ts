/** Calls of Kafka's clients within the time that there is for them. */
import { type Budget, budget } from '../../connect/budget.ts'
import { RetriableError } from '../../connect/errors.ts'

/**
 * The promise's value; retriable where it takes longer than `ms`, and the budget's reason where that ends before. What
 * comes later all the same is for `late`. `what` begins the error.
 */
export async function bounded<T>(
  work: Promise<T>,
  what: string,
  ms: number,
  within: Budget,
  late: (value: T) => unknown = () => {},
): Promise<T> {
  using time = budget(ms, within)
  const over = Promise.withResolvers<never>()
  const onEnd = () => {
    const tooLong = new RetriableError(`${what} took longer than the ${ms} ms of admin.timeout.ms`)
    over.reject(within.signal.aborted ? within.signal.reason : tooLong)
    work.then(late, () => {})
  }
  if (time.signal.aborted) onEnd()
  else time.signal.addEventListener('abort', onEnd, { once: true })
  try {
    return await Promise.race([work, over.promise])
  } finally {
    time.signal.removeEventListener('abort', onEnd)
  }
}
