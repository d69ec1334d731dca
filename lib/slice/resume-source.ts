/** Where a source task goes on: what is committed, and nothing that a predecessor has left open. */
import { type Budget, pause } from '../connect/budget.ts'
import type { SourceOffsetsState, SourceOffsetsStore } from '../state/source-offsets.ts'
import type { TaskEvent } from '../worker/events.ts'

export interface ResumedDelivery {
  /** Exactly-once: InitProducerId, which fences the predecessor and ends its transaction. Twice is once. */
  init(): Promise<void>
  /** Writes once more what records of aborted transactions lie upon in the offsets topic. */
  confirm(offsets: SourceOffsetsState): Promise<void>
}

/**
 * By the owner only. After an unclean end the predecessor's transaction is ended before its offsets are read; after a
 * seal nothing is open, and an heir saves time by doing both at once. `early`: what an heir has read while it waited.
 */
export async function resumeSource(
  store: SourceOffsetsStore,
  event: TaskEvent,
  afterCleanEnd: boolean,
  delivery: ResumedDelivery,
  early: SourceOffsetsState | null = null,
): Promise<SourceOffsetsState> {
  const { connector, task, generation, heir } = event
  if (!afterCleanEnd) await delivery.init()
  if (early !== null) return await resumeAt(await readOn(early, delivery), delivery)
  const resumed = store.resume(connector, { task, generation, afterCleanEnd })
  const [offsets] = await Promise.all([resumed, heir ? delivery.init() : null])
  return await resumeAt(offsets, delivery)
}

async function resumeAt(offsets: SourceOffsetsState, delivery: ResumedDelivery): Promise<SourceOffsetsState> {
  await delivery.confirm(offsets)
  return offsets
}

/** How often an heir reads on while it waits, in ms. */
const FOLLOW_MS = 250

/**
 * What an heir reads before it owns, until the wait is over: it saves the owner to read what the predecessor has written
 * in its time.
 */
export async function follow(
  store: SourceOffsetsStore,
  event: TaskEvent,
  waiting: Budget,
): Promise<SourceOffsetsState> {
  const early = await readCommitted(store, event)
  while (!waiting.signal.aborted) {
    await pause(FOLLOW_MS, waiting)
    if (!waiting.signal.aborted) await early.catchUp()
  }
  return early
}

/** What is committed by now, while somebody runs the task. */
export function readCommitted(store: SourceOffsetsStore, event: TaskEvent): Promise<SourceOffsetsState> {
  const { connector, task, generation } = event
  return store.resume(connector, { task, generation, afterCleanEnd: false })
}

/** Once the predecessor has drained: the rest of the tail, beside InitProducerId. Writes nothing. */
export async function readOn(
  early: SourceOffsetsState,
  delivery: Pick<ResumedDelivery, 'init'>,
): Promise<SourceOffsetsState> {
  await Promise.all([early.catchUp(), delivery.init()])
  // The marker of the predecessor's last commit may come after the answer to it: `init` has waited for that.
  if (!early.isDecided) await early.catchUp()
  return early
}
