/** A task that an heir has begun before the lease is its own: resumed and started, with its first records asked for. */
import type { Budget, OwnedBudget } from '../connect/budget.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { Lease } from '../state/leases.ts'
import type { TaskRun } from './task-run.ts'

interface Beginning {
  readonly run: Promise<TaskRun | null>
  readonly time: OwnedBudget
  /** Resolves when the first records are there, or the time is over. */
  readonly first: Promise<void>
}

export class Begun {
  readonly #log: PluginLog
  #beginning: Beginning | null = null

  constructor(log: PluginLog) {
    this.#log = log
  }

  /** `start` answers null where something has to be written first; what fails is done again by the owner. */
  begin(time: OwnedBudget, start: () => Promise<TaskRun | null>): void {
    const run = start().catch((error: Error) => {
      this.#log.debug('could not begin ahead', { error: error.message })
      return null
    })
    this.#beginning = { run, time, first: run.then((begun) => begun?.prefetch(time)) }
  }

  /** The task, for the owner, until `time` ends; null where it is to be started now. */
  async take(lease: Lease, time: Budget): Promise<TaskRun | null> {
    // Taken from a predecessor that was cut off: it may have left something open since.
    if (!lease.clean) await this.giveUp()
    const beginning = this.#beginning
    this.#beginning = null
    if (beginning === null) return null
    const end = () => beginning.time.end('the slice is over')
    if (time.signal.aborted) end()
    else time.signal.addEventListener('abort', end, { once: true })
    return await beginning.run
  }

  /** Stops what nobody has taken. Never rejects. */
  async giveUp(): Promise<void> {
    const beginning = this.#beginning
    this.#beginning = null
    if (beginning === null) return
    beginning.time.end('the lease went to another')
    const run = await beginning.run
    await beginning.first
    await run
      ?.stop()
      .catch((error: Error) => this.#log.debug('what was begun ahead did not stop', { error: error.message }))
  }
}
