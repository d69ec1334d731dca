/** A task ready to be run by a slice: what a source and a sink have in common. */
import type { Budget, OwnedBudget } from '../connect/budget.ts'
import type { Connector } from '../connect/plugin.ts'
import type { Run } from '../pipeline/run.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Lease } from '../state/leases.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import type { TaskEvent } from '../worker/events.ts'

/** A started task, with what a slice does after its drain and before its seal. */
export interface TaskRun extends Run {
  /** Writes the view of the offsets, after the drain. */
  sealOffsets(): Promise<void>
  /**
   * Writes it while the task runs: an heir that has read ahead needs no newer one. Null where that is not enough for it,
   * or where there is none.
   */
  readonly viewOffsets: (() => Promise<void>) | null
  /** Those that had records since somebody emptied it; null where topics aren't tracked. */
  readonly usedTopics: Set<string> | null
}

/** A run of the pipeline with what is the slice's own; `stop` is all of the stop. */
export function taskRun(run: Run, own: Pick<TaskRun, 'stop' | 'sealOffsets' | 'viewOffsets' | 'usedTopics'>): TaskRun {
  return {
    ...own,
    prefetch: (time) => run.prefetch(time),
    run: (time) => run.run(time),
    drain: (time) => run.drain(time),
    get progress() {
      return run.progress
    },
    get firstRecords() {
      return run.firstRecords
    },
    get lastRecords() {
      return run.lastRecords
    },
  }
}

export interface Prepared {
  readonly view: ConnectorView
  readonly settings: ConnectorSettings
  readonly connector: Connector
  /**
   * What an heir may do while its predecessor works: connects, and follows what it will go on from, until `waiting` ends.
   * What fails shows at the start.
   */
  warm(waiting: Budget): void
  /**
   * What it may do once the predecessor has drained, and published the heir's claim: all but writing. It resumes and
   * starts the task and asks for the first records, within `time`. What fails is done again at the start.
   */
  begin(time: OwnedBudget): void
  /** By the owner only: resumes from the committed offsets and starts the task. */
  start(lease: Lease, budget: Budget): Promise<TaskRun>
  /** Ends what was begun and not started: the lease went to another. Never rejects. */
  giveUp(): Promise<void>
}

/** Loads what doesn't need the lease. Null: the event's generation isn't the connector's any more. */
export type OpenTask = (event: TaskEvent) => Promise<Prepared | null>

/** The drain took longer than the invocation has. */
export class SliceAbandoned extends Error {
  override readonly name = 'SliceAbandoned'
}
