/**
 * The time that a call may take. Whatever waits takes one; no plugin reads a Lambda context or a global clock.
 *
 * `signal` aborts at `deadline` (epoch ms). It can't fire inside a synchronous loop: loops compare the clock
 * between batches.
 */
export interface Budget {
  readonly signal: AbortSignal
  readonly deadline: number
}

export interface OwnedBudget extends Budget, Disposable {
  /** Ends the budget now, for the reason given. */
  end(reason: string): void
}

/** A budget of `ms`, within `parent` where there is one. Dispose of it, or its timer stays. */
export function budget(ms: number, parent?: Budget): OwnedBudget {
  const controller = new AbortController()
  const deadline = Math.min(Date.now() + ms, parent?.deadline ?? Number.POSITIVE_INFINITY)
  const end = (reason: string) => controller.abort(new BudgetEnded(reason))
  const timer = setTimeout(() => end('the time is over'), Math.max(0, deadline - Date.now()))
  const onParent = () => controller.abort(parent?.signal.reason)
  parent?.signal.addEventListener('abort', onParent, { once: true })
  if (parent?.signal.aborted) onParent()
  const dispose = () => {
    clearTimeout(timer)
    parent?.signal.removeEventListener('abort', onParent)
  }
  return { signal: controller.signal, deadline, end, [Symbol.dispose]: dispose }
}

export class BudgetEnded extends Error {
  override readonly name = 'BudgetEnded'
}

/** Waits `ms`, less where the budget ends before. Never rejects. */
export function pause(ms: number, within?: Pick<Budget, 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    if (within?.signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      within?.signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    within?.signal.addEventListener('abort', done, { once: true })
  })
}
