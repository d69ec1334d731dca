/** A lease as the table holds it, and what its transitions need (docs/architecture.md, "The lease"). */
import type { Idle } from '../worker/idle.ts'
import type { Measures, PackedMeasures } from './measures.ts'
import type { DayUsage } from './usage.ts'

/**
 * The longest difference assumed between two machines' clocks, in ms: only so long after its deadline is an owner taken
 * for dead on the word of the clock alone. The platform's own word, which comes first, needs none of it.
 */
export const CLOCK_MARGIN_MS = 5_000

/** Records by what became of them: read = filtered + written + skipped + deadLettered + those in flight. */
export interface Outcomes {
  readonly read: number
  readonly filtered: number
  readonly written: number
  readonly skipped: number
  readonly deadLettered: number
}

/** Counters since the lease was made, and times in epoch ms. */
export interface Progress extends Outcomes {
  readonly retried: number
  readonly lastPoll: number | null
  readonly lastCommit: number | null
  readonly lag: number | null
  readonly note: string | null
  readonly accounting: Accounting
  /** When a record last ended, or the task looked and found nothing; absent before the first slice. */
  readonly lastProgress?: number
  /** Of the day of the last slice; absent before the first. */
  readonly usage?: DayUsage
  /** Absent before the first slice. */
  readonly measured?: PackedMeasures
}

/**
 * How the counters stand to the positions that the committed offsets have passed (docs/counters.md):
 * passed = (read - ahead.read) + gaps + uncounted.
 */
export interface Accounting {
  /** Of a source its records, of a sink the offsets of its partitions. */
  readonly passed: number
  /** Of a sink: offsets without a record for it. Control records, aborted data, what compaction or retention took. */
  readonly gaps: number
  /** Of a sink: committed by slices that were cut off before they could tell what became of them. */
  readonly uncounted: number
  /** What the counters have beyond the committed offsets: taken back if the slice is cut off. */
  readonly ahead: Outcomes
  /** Of a sink: the sum of its partitions' committed offsets, comparable within a generation of tasks. */
  readonly committed: { readonly generation: number; readonly sum: number } | null
  /** Why the counters don't add up; null where they do. Stays once it is there. */
  readonly mismatch: string | null
}

/** Of one slice, from its start. `range` has the sums of a sink's offsets at the start, and committed. */
export interface RunProgress extends Omit<Progress, 'accounting' | 'lastProgress' | 'usage' | 'measured'> {
  /** Epoch ms. */
  readonly firstPoll: number | null
  readonly measures: Measures
  readonly accounting: Omit<Accounting, 'uncounted' | 'committed'> & {
    readonly range: { readonly from: number; readonly to: number } | null
  }
}

const NO_OUTCOMES: Outcomes = { read: 0, filtered: 0, written: 0, skipped: 0, deadLettered: 0 }

export const NO_PROGRESS: Progress = {
  ...NO_OUTCOMES,
  retried: 0,
  lastPoll: null,
  lastCommit: null,
  lag: null,
  note: null,
  accounting: { passed: 0, gaps: 0, uncounted: 0, ahead: NO_OUTCOMES, committed: null, mismatch: null },
}

/** How a slice ended, so what comes next: another one now, one `at` a time, or none. */
export type End =
  | { readonly kind: 'again' }
  /** Idle. With `idle` null the next slice starts at `at`; else it is worth a look then, and again and again (`nextLook`). */
  | { readonly kind: 'at'; readonly at: number; readonly idle: Idle | null }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: EndError }

export interface EndError {
  readonly message: string
  readonly trace: string
  readonly retriable: boolean
}

/** The next slice, invoked before the owner ends; registered once it has an `owner`. */
export interface Heir {
  readonly epoch: number
  readonly invitedAt: number
  readonly owner: string | null
  readonly deadline: number | null
  /** As `Lease.doubled`, for the heir's invocation. */
  readonly doubled?: boolean
}

/** Times in epoch ms. */
export interface Lease {
  readonly connector: string
  readonly task: number
  /** Only grows; names one slice. */
  readonly epoch: number
  readonly generation: number
  readonly state: 'invited' | 'owned' | 'sealed' | 'dead'
  /** Request id, `/`, a nonce of the process. Stays after the end; null while invited. */
  readonly owner: string | null
  /** The owner's hard timeout. */
  readonly deadline: number | null
  readonly invitedAt: number
  readonly plannedEnd: number | null
  readonly heir: Heir | null
  /** A copy of this epoch's invocation lost the claim: a failure report of its request id proves nothing. */
  readonly doubled: boolean
  /** What the coordinator wants of the owner. */
  readonly wanted: 'run' | 'stop'
  /** How the last slice ended; null before the first end. A slice that died leaves `failed`, retriable. */
  readonly end: End | null
  /**
   * The last slice that owned the task ended by a seal, and what it and those before it sent is decided: no transaction
   * is in doubt, no write may still land in a target. While owned: the one before. False where none is known.
   */
  readonly clean: boolean
  /** Since the last progress. */
  readonly restarts: number
  readonly nextRestart: number | null
  /** Sealed so far. */
  readonly slices: number
  readonly progress: Progress
}

export interface Invitation {
  /** The lease as the caller saw it; null where there was none. */
  readonly after: Lease | null
  /** Above `after.epoch`. */
  readonly epoch: number
  readonly generation: number
  readonly invitedAt: number
  readonly restarts: number
}

export interface Claim {
  readonly epoch: number
  readonly owner: string
  readonly deadline: number
  readonly plannedEnd: number
}

export interface HeirClaim {
  readonly epoch: number
  readonly owner: string
  readonly deadline: number
}

export interface TakeOver {
  /** The lease as the heir saw it: dead, or owned and overdue by the heir's judgement. */
  readonly after: Lease
  readonly owner: string
  readonly deadline: number
  readonly plannedEnd: number
}

export interface Heartbeat {
  readonly epoch: number
  readonly owner: string
  readonly plannedEnd: number
  readonly progress: Progress
  /** As `Seal.made`; a slice that is cut off later has made progress all the same. */
  readonly made: boolean
}

export interface Seal {
  readonly epoch: number
  readonly owner: string
  readonly end: End
  readonly progress: Progress
  /** Something new was written or committed: the count of restarts starts over. */
  readonly made: boolean
  /** As `Lease.clean`, of this slice. */
  readonly clean: boolean
  /** The lease as last seen; saves a round trip where an heir waits. */
  readonly seen?: Lease
  /**
   * Resolves once the topic has what is about to be written, and precedes each write: the heir that the lease passes to,
   * or null for an end.
   */
  readonly announce?: (heir: HeirClaim | null) => Promise<void>
}

export interface Sealed {
  readonly lease: Lease
  /** The heir's owner that has the lease now. Null also where an heir that hasn't registered is invited by it. */
  readonly passedTo: string | null
}

export interface InvocationFailure {
  /** Of the failed invocation's payload. */
  readonly epoch: number
  readonly requestId: string
  readonly error: string
}

export interface Restart {
  readonly restarts: number
  readonly nextRestart: number | null
}
