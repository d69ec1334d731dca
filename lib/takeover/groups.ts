/** Looks whether workers of the Connect cluster are alive; what a look finds decides who runs the connectors. */
import type { PluginLog } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { connectWorkers, members } from '../kafka/groups.ts'
import type { Custody } from '../state/custody.ts'
import type { State } from '../state/open.ts'
import { sinkGroup } from '../worker/assignment.ts'
import { under } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'

/** A look this young, in ms, is good enough for a pass over one connector. */
const LOOK_EVERY_MS = 5_000

export interface LookDeps {
  readonly state: Pick<State, 'custody' | 'configs'>
  readonly worker: Worker
  readonly cluster: () => Promise<Cluster>
  /** Epoch ms. */
  readonly clock: () => number
  readonly log: Pick<PluginLog, 'info' | 'warn'>
}

/** What is known already, unless that is some seconds old. */
export async function recentCustody(deps: LookDeps): Promise<Custody> {
  const { custody, looked } = await deps.state.custody.get()
  return deps.clock() - looked < LOOK_EVERY_MS ? custody : lookAtGroups(deps)
}

/** One request to the Connect group's coordinator; where a worker has just left, one more for each sink's group. */
export async function lookAtGroups(deps: LookDeps): Promise<Custody> {
  const { state, worker } = deps
  const before = (await state.custody.get()).custody
  if (before.kind === 'released') return before
  const cluster = await deps.cluster()
  const group = worker.settings['group.id']
  const workers = await connectWorkers(cluster, group)
  const because = workers.length > 0 ? inGroup(workers, group) : await left()
  await state.custody.saw(because, deps.clock())
  if (because !== null && before.kind === 'penstock') deps.log.warn(`standing aside: ${because}`)
  if (because === null && before.kind === 'aside') deps.log.info('the workers have left: going on')
  return (await state.custody.get()).custody

  /** A sink's group keeps a killed worker's members for the session timeout. */
  async function left(): Promise<string | null> {
    if (before.kind === 'penstock') return null
    const views = await state.configs.views()
    const groups = views.flatMap(({ name, config }) => sinkGroupOf(name, config ?? {}) ?? [])
    const busy = await busyGroups(cluster, groups)
    return busy.length === 0 ? null : `consumers are still in ${busy.join(', ')}`
  }
}

/** Those of the groups that have members, but for such as stand for sink tasks of Penstock's. */
export async function busyGroups(cluster: Cluster, groups: readonly string[]): Promise<string[]> {
  const found = await Promise.all(groups.map((group) => members(cluster, group)))
  return groups.filter((_, i) => (found[i]?.members ?? 0) > (found[i]?.standIns.length ?? 0))
}

/** The group of a sink; null for a source. Needs no plugin: sinks alone have topics to read. */
export function sinkGroupOf(connector: string, config: RawConfig): string | null {
  const isSink = (config['topics'] ?? config['topics.regex'] ?? '') !== ''
  return isSink ? sinkGroup(connector, under('consumer.override.', config)) : null
}

function inGroup(workers: readonly string[], group: string): string {
  const are = workers.length === 1 ? 'Kafka Connect worker is' : 'Kafka Connect workers are'
  return `${workers.length} ${are} in group ${group}: ${workers.join(', ')}`
}
