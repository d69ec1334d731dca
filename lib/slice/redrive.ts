/** The dead letters that a task is to try again: those of its connector are its first task's. */
import type { PluginLog } from '../connect/plugin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { commit, committed, type GroupOffset } from '../kafka/groups.ts'
import type { KeptPositions } from '../pipeline/kept-positions.ts'
import { forgetLetters, openRedriveQueue, QUEUE_PARTITION, type RedriveQueue } from '../pipeline/redrive-queue.ts'
import { redrivePartition } from '../pipeline/redriven.ts'
import type { SourceOffsetsState } from '../state/source-offsets.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import type { ResumeSink } from './resume-sink.ts'
import type { SinkStart } from './start-sink.ts'
import type { SourceStart } from './start-source.ts'

type Queued = Pick<SourceStart, 'opened' | 'event' | 'raw'>

/** A sink's place is the offset of a group of the queue's name. Null where there is nothing to try again. */
export function sinkQueue(start: Queued): Promise<RedriveQueue | null> {
  const { admin } = start.opened
  return ownQueue(start, async (topic) => {
    const [found] = await committed(admin, topic, [{ topic, partition: QUEUE_PARTITION }])
    return found?.offset ?? null
  })
}

/** A source's place is one of its offsets: so it moves in the transaction of what the letters became. */
export function sourceQueue(start: Queued, offsets: SourceOffsetsState): Promise<RedriveQueue | null> {
  return ownQueue(start, async (topic) => {
    const found = offsets.get(redrivePartition(topic))?.['offset']
    return found === undefined ? null : Number(found)
  })
}

async function ownQueue(
  { opened, event, raw }: Queued,
  done: (topic: string) => Promise<number | null>,
): Promise<RedriveQueue | null> {
  const { worker } = opened.env
  if (event.task !== 0 || connectorSettings(raw, worker).errors.deadLetters === null) return null
  return await openRedriveQueue(opened.admin, worker, event.connector, done)
}

/** Where the target keeps positions, it keeps the place in the queue as well. */
export function withQueue(kept: KeptPositions, queue: RedriveQueue | null): KeptPositions {
  if (queue === null) return kept
  const { topic } = queue
  return {
    ...kept,
    assignment: new Map([...kept.assignment, [topic, [QUEUE_PARTITION]]]),
    async resume(held) {
      queue.seek(Math.max(queue.position, held.get(topic)?.get(QUEUE_PARTITION) ?? 0))
      const resumed = await kept.resume(held)
      const place = new Map([[QUEUE_PARTITION, queue.position]])
      return { ...resumed, positions: new Map([...resumed.positions, [topic, place]]) }
    },
  }
}

/** Commits the offsets of a sink: those of the queue to its own group, after which the letters are forgotten. */
export async function commitSink(
  { opened, log }: Pick<SinkStart, 'opened' | 'log'>,
  commitOwn: ResumeSink['commit'],
  queue: RedriveQueue | null,
  offsets: readonly GroupOffset[],
): Promise<void> {
  const { admin } = opened
  const { own = [], queued = [] } = Object.groupBy(offsets, ({ topic }) => (topic === queue?.topic ? 'queued' : 'own'))
  if (queue !== null && queued.length > 0) await commit(admin, queue.topic, queued)
  if (own.length > 0) await commitOwn(own)
  for (const { topic, offset } of queued) await forget(admin, topic, offset, log)
}

/** After what the letters became is committed. */
export async function forgetSourceLetters(
  { opened, log }: Pick<SourceStart, 'opened' | 'log'>,
  queue: RedriveQueue | null,
  offsets: SourceOffsetsState,
): Promise<void> {
  const done = queue === null ? undefined : offsets.get(redrivePartition(queue.topic))?.['offset']
  if (queue !== null && done !== undefined) await forget(opened.admin, queue.topic, Number(done), log)
}

/** The place is committed: what can't be forgotten now is with the next. */
async function forget(cluster: Cluster, topic: string, done: number, log: PluginLog): Promise<void> {
  try {
    await forgetLetters(cluster, topic, done)
  } catch (error) {
    log.warn('dead letters that are redriven could not be deleted from their queue', {
      topic,
      error: (error as Error).message,
    })
  }
}
