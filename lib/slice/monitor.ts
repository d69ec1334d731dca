/**
 * What goes on beside a running slice: it writes its counters to the lease, looks whether it is still wanted, and asks
 * for its heir before its planned end. A table that doesn't answer is no reason to stop: the lease holds until its
 * deadline, and nobody starts the task before.
 */
import { type OwnedBudget, pause } from '../connect/budget.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { Lease, Leases, Progress } from '../state/leases.ts'
import type { Events } from '../worker/events.ts'

export interface Monitored {
  readonly leases: Leases
  readonly events: Events
  readonly lease: Lease
  readonly owner: string
  /** When the slice means to end, epoch ms. */
  readonly plannedEnd: number
  /** How long before that the heir is asked for, in ms. */
  readonly heirLeadMs: number
  readonly lookMs: number
  readonly progressMs: number
  readonly progress: () => Progress
  /** Records have ended in this slice. */
  readonly made: () => boolean
  /** Just before an heir is asked for. */
  readonly beforeHeir: () => void
  /** Whether records came lately: only a busy slice needs an heir. */
  readonly busy: () => boolean
  /** Shows the task as running once it is seen to. */
  readonly evidence: () => Promise<void>
  readonly log: PluginLog
}

/** Runs until the budget ends; ends it itself where the slice is no longer wanted. Answers the lease as last seen. */
export async function monitor(slice: Monitored, budget: OwnedBudget): Promise<Lease> {
  const { leases, lease, owner, log } = slice
  const { connector, task, epoch } = lease
  let asked = false
  let written = Date.now()
  let silent = false
  let last = lease
  while (!budget.signal.aborted) {
    await pause(slice.lookMs, budget)
    if (budget.signal.aborted) return last
    const now = Date.now()
    if (!asked && now >= slice.plannedEnd - slice.heirLeadMs && slice.busy()) {
      asked = true
      slice.beforeHeir()
      slice.events
        .emit({ type: 'heir.wanted', detail: { connector, task, epoch } })
        .catch((error: Error) =>
          log.warn('could not ask for an heir: the hand-over will take longer', { error: error.message }),
        )
    }
    try {
      await slice.evidence()
      const due = now - written >= slice.progressMs
      const seen = due
        ? await leases.heartbeat(connector, task, {
            epoch,
            owner,
            plannedEnd: slice.plannedEnd,
            progress: slice.progress(),
            made: slice.made(),
          })
        : await leases.get(connector, task)
      if (due) written = now
      silent = false
      last = seen ?? last
      if (seen?.owner === owner && seen.wanted === 'stop') budget.end('stopped')
      else if (due && seen === null && (await leases.get(connector, task)) !== null)
        budget.end('the lease has another owner')
    } catch (error) {
      if (!silent)
        log.warn('the table does not answer: going on until the lease ends', { error: (error as Error).message })
      silent = true
    }
  }
  return last
}
