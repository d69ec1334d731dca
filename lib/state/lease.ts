/** A lease as the table holds it, and what its transitions need (docs/architecture.md, "The lease"). */

/** Counters since the lease was made, and times in epoch ms. */
export interface Progress {
  readonly read: number
  readonly filtered: number
  readonly written: number
  readonly skipped: number
  readonly deadLettered: number
  readonly retried: number
  readonly lastPoll: number | null
  readonly lastCommit: number | null
  readonly lag: number | null
  readonly note: string | null
}

export const NO_PROGRESS: Progress = {
  read: 0,
  filtered: 0,
  written: 0,
  skipped: 0,
  deadLettered: 0,
  retried: 0,
  lastPoll: null,
  lastCommit: null,
  lag: null,
  note: null,
}

/** How a slice ended, so what comes next: another one now, one `at` a time, or none. */
export type End =
  | { readonly kind: 'again' }
  | { readonly kind: 'at'; readonly at: number }
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
  /** The last slice that owned the task ended by a seal; while owned: the one before. False where none is known. */
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
  /** The lease as last seen; saves a round trip where an heir waits. */
  readonly seen?: Lease
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
