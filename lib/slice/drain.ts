/** Bringing a run to its end in the time that the invocation has left. */
import { type Budget, budget } from '../connect/budget.ts'
import { InDoubt } from '../pipeline/run.ts'
import { SliceAbandoned, type TaskRun } from './task-run.ts'

/** Kept back from the drain for publishing the end and the seal, in ms. */
export const SEAL_MS = 1_500

/** What doesn't come back though the time is over, and the drain's with it, is given up: the process has to end. */
export async function orAbandon<T>(work: Promise<T>, time: Budget, until: () => number): Promise<T> {
  const late = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const over = () => {
    timer = setTimeout(() => late.reject(new SliceAbandoned()), Math.max(0, until() - SEAL_MS - Date.now()))
  }
  if (time.signal.aborted) over()
  else time.signal.addEventListener('abort', over, { once: true })
  try {
    return await Promise.race([work, late.promise])
  } finally {
    time.signal.removeEventListener('abort', over)
    clearTimeout(timer)
  }
}

/** Answers whether what the run has sent is decided. */
export async function drain(run: TaskRun, deadline: number): Promise<boolean> {
  using time = budget(deadline - SEAL_MS - Date.now())
  const late = new Promise<never>((_, reject) =>
    time.signal.addEventListener('abort', () => reject(new SliceAbandoned()), { once: true }),
  )
  const end = async () => {
    const decided = await isDecided(run.drain(time))
    await run.stop()
    return decided
  }
  return await Promise.race([end(), late])
}

async function isDecided(drained: Promise<void>): Promise<boolean> {
  try {
    await drained
    return true
  } catch (error) {
    if (error instanceof InDoubt) return false
    throw error
  }
}

/** After a failure: what ended well before it is still committed where that works. Answers whether all is decided. */
export async function rescue(run: TaskRun, deadline: number): Promise<boolean> {
  try {
    return await drain(run, deadline)
  } catch (error) {
    if (error instanceof SliceAbandoned) throw error
    await run.stop().catch(() => undefined)
    return false
  }
}
