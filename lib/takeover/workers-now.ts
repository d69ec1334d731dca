/** Whether workers of the Connect cluster run at this moment: whoever fences a producer asks, for it could be theirs. */
import { type Budget, pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { connectWorkers } from '../kafka/groups.ts'

/**
 * How old an answer may be, in ms: a worker that joins the group afterwards needs longer until a task of its own has a
 * producer.
 */
const RECENT_MS = 400
/** How often one who waits asks, in ms. */
const LOOK_MS = 250

interface Look {
  readonly at: number
  readonly workers: Promise<readonly string[]>
}

const looks = new WeakMap<Cluster, Map<string, Look>>()

/** Rejects where there are any: InitProducerId would fence their task, which then stays FAILED. */
export async function requireNoWorkers(cluster: Cluster, group: string): Promise<void> {
  const known = looks.get(cluster)?.get(group)
  const recent = known !== undefined && Date.now() - known.at < RECENT_MS ? known : look(cluster, group)
  const workers = await recent.workers
  if (workers.length > 0)
    throw new ConnectError(`Kafka Connect workers are in group ${group}, and may run the task: ${workers.join(', ')}`)
}

/** Asks again and again until the wait is over, so that the answer is there then. */
export async function watchWorkers(cluster: Cluster, group: string, waiting: Budget): Promise<void> {
  while (!waiting.signal.aborted) {
    await look(cluster, group).workers.catch(() => {})
    await pause(LOOK_MS, waiting)
  }
}

function look(cluster: Cluster, group: string): Look {
  const made = { at: Date.now(), workers: connectWorkers(cluster, group) }
  const groups = looks.get(cluster) ?? new Map<string, Look>()
  looks.set(cluster, groups.set(group, made))
  return made
}
