/** Where a source task goes on: what is committed, and nothing that a predecessor has left open. */
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
 * seal nothing is open, and an heir saves time by doing both at once.
 */
export async function resumeSource(
  store: SourceOffsetsStore,
  { connector, task, generation, heir }: TaskEvent,
  afterCleanEnd: boolean,
  delivery: ResumedDelivery,
): Promise<SourceOffsetsState> {
  if (!afterCleanEnd) await delivery.init()
  const resumed = store.resume(connector, { task, generation, afterCleanEnd })
  const [offsets] = await Promise.all([resumed, heir ? delivery.init() : null])
  await delivery.confirm(offsets)
  return offsets
}
