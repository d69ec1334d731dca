/** The end of a release: once nothing runs, what a Connect cluster starts from is made plain. */
import { connectWorkers } from '../kafka/groups.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { StatusRecord } from '../state/status-records.ts'
import { sinkGroupOf } from '../takeover/groups.ts'
import { offsetsStore } from '../worker/offsets-store.ts'
import { realConfig } from '../worker/real-config.ts'
import type { CoordinatorDeps } from './deps.ts'
import { isAlive } from './plan.ts'

const AT_ONCE = 8

/**
 * Writes each source's offsets once more as records of no transaction, for workers that read the offsets topic
 * uncommitted, and UNASSIGNED for what ran. False while slices run, and members stand for sinks' tasks.
 */
export async function completeRelease(deps: CoordinatorDeps, since: number): Promise<boolean> {
  const { state, log } = deps
  const views = await state.configs.views()
  const leases = (await Promise.all(views.map(({ name }) => state.leases.all(name)))).flat()
  if (leases.some((lease) => isAlive(lease, deps.clock())) || views.some(({ members }) => members !== null))
    return false
  // Offsets of a worker that runs already are not to be overtaken by what was read before.
  const workers = await connectWorkers(await deps.cluster(), deps.worker.settings['group.id'])
  if (workers.length > 0) log.warn('workers run before the release was complete: offsets are left as they are')
  const sources = views.filter(({ name, config }) => workers.length === 0 && sinkGroupOf(name, config ?? {}) === null)
  const lane = async () => {
    for (let view = sources.pop(); view !== undefined; view = sources.pop()) {
      const { config } = await realConfig(deps.worker, view.config ?? {})
      const store = await offsetsStore(deps.worker, state.offsets, config, log)
      const offsets = await store.confirm(view.name)
      log.info('offsets written for the Connect cluster', { connector: view.name, offsets })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  const unassigned = views.flatMap((view) => leftBehind(view, deps.workerId))
  if (unassigned.length > 0) await state.statuses.publish(unassigned)
  await state.custody.release({ at: since, complete: true })
  return true
}

/** As a JVM worker that shuts down says it of what it ran. */
function leftBehind({ name, connectorStatus, taskStatuses }: ConnectorView, workerId: string): StatusRecord[] {
  const ran = (status: { readonly state: string; readonly workerId: string } | null) =>
    status?.state === 'RUNNING' && status.workerId === workerId
  const tasks = taskStatuses.filter(ran).map(({ task, ...status }): StatusRecord => {
    return { kind: 'task', connector: name, task, status: { ...status, state: 'UNASSIGNED' } }
  })
  if (connectorStatus === null || !ran(connectorStatus)) return tasks
  return [{ kind: 'connector', connector: name, status: { ...connectorStatus, state: 'UNASSIGNED' } }, ...tasks]
}
