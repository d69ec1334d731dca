/** What the coordinator function stands on, once per instance. */
import { find } from '../registry.ts'
import { runtime } from '../worker/runtime.ts'
import type { CoordinatorDeps } from './deps.ts'

const splitFailures: CoordinatorDeps['splitFailures'] = new Map()
const wakes: CoordinatorDeps['wakes'] = new Map()

export async function coordinatorDeps(): Promise<CoordinatorDeps> {
  const { env, events, state, admin, log } = await runtime()
  const { worker, workerId } = env
  const cluster = async () => admin
  const connector: CoordinatorDeps['connector'] = (name) => find('connector', name)
  return { worker, workerId, state, events, cluster, connector, clock: Date.now, log, splitFailures, wakes }
}
