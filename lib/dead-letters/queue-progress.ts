/** How far the redriven letters are. */
import { listOffsets } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { committed } from '../kafka/groups.ts'
import { QUEUE_PARTITION, redriveName } from '../pipeline/redrive-queue.ts'
import { redrivePartition } from '../pipeline/redriven.ts'
import type { SourceOffsetsStore } from '../state/source-offsets.ts'
import type { Worker } from '../worker/settings.ts'

/** Letters that are in the queue and not done; about, as the ends of transactions have offsets too. */
export async function waitingLetters(
  cluster: Cluster,
  worker: Worker,
  connector: string,
  kind: 'source' | 'sink',
  offsets: Pick<SourceOffsetsStore, 'resume'>,
): Promise<number> {
  const topic = redriveName(worker, connector)
  if (!(await cluster.topics([topic], { refresh: true })).has(topic)) return 0
  const queue = [{ topic, partition: QUEUE_PARTITION }]
  const done = async () => {
    if (kind === 'sink') return (await committed(cluster, topic, queue))[0]?.offset ?? 0
    const state = await offsets.resume(connector, { afterCleanEnd: false })
    return Number(state.get(redrivePartition(topic))?.['offset'] ?? 0)
  }
  const [position, [first], [last]] = await Promise.all([
    done(),
    listOffsets(cluster, queue, 'earliest'),
    listOffsets(cluster, queue, 'latest', 'read_committed'),
  ])
  // The last offset is the end of a transaction.
  return Math.max(0, (last?.offset ?? 0) - 1 - Math.max(position, first?.offset ?? 0))
}
