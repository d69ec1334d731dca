/** What the coordinator function stands on, once per instance. */
import { standInCalls } from '../kafka/stand-ins.ts'
import { find } from '../registry.ts'
import { runtime } from '../worker/runtime.ts'
import type { CoordinatorDeps } from './deps.ts'

const splitFailures: CoordinatorDeps['splitFailures'] = new Map()
const wakes: CoordinatorDeps['wakes'] = new Map()
const idle: CoordinatorDeps['idle'] = new Map()
const joinFailures: CoordinatorDeps['joinFailures'] = new Map()

export async function coordinatorDeps(): Promise<CoordinatorDeps> {
  const { env, events, state, admin, log, levels, secrets } = await runtime()
  await levels.refresh()
  levels.apply(log, ['penstock.coordinator'])
  const { worker, workerId } = env
  const cluster = async () => admin
  const connector: CoordinatorDeps['connector'] = (name) => find('connector', name)
  const shared = { worker, workerId, state, events, cluster, connector, log, secrets, groups: standInCalls(admin) }
  return { ...shared, clock: Date.now, splitFailures, wakes, idle, joinFailures, beside: new Set() }
}
