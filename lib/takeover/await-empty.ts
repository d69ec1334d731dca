/** Waits until no worker of the Connect cluster is alive and the sinks' groups have no members. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../kafka/cluster.ts'
import { connectWorkers } from '../kafka/groups.ts'
import { busyGroups } from './groups.ts'

export interface Occupied {
  /** By the URL of their REST API. */
  readonly workers: readonly string[]
  /** Groups of sinks: a killed worker's members stay for the session timeout. */
  readonly groups: readonly string[]
}

const LOOK_MS = 1_000

/** `told` gets each change of what is waited for. Rejects when the signal aborts. */
export async function awaitEmpty(
  cluster: Cluster,
  group: string,
  sinkGroups: readonly string[],
  told: (occupied: Occupied) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = ''
  for (;;) {
    const [workers, groups] = await Promise.all([connectWorkers(cluster, group), busyGroups(cluster, sinkGroups)])
    if (workers.length === 0 && groups.length === 0) return
    const now = JSON.stringify([workers, groups])
    if (now !== last) told({ workers, groups })
    last = now
    await sleep(LOOK_MS, undefined, { signal })
  }
}
