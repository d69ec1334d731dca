/** What passes look at: connectors' views, their leases, and whether something has come for idle tasks. */
import { ConnectError } from '../connect/errors.ts'
import type { Connector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Custody } from '../state/custody.ts'
import type { Lease } from '../state/leases.ts'
import type { StatusState } from '../state/statuses.ts'
import { recentCustody } from '../takeover/groups.ts'
import { ASSIGNMENT, parseAssignment } from '../worker/assignment.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import { isExactlyOnce } from '../worker/guarantee.ts'
import { watchedView } from '../worker/real-config.ts'
import type { CoordinatorDeps } from './deps.ts'
import { nothingNew, type Watched, watchedTasks } from './idle-tasks.ts'
import type { Observed } from './plan.ts'
import { observeMembers } from './sink-members.ts'
import { countsOf, topicsOf } from './sink-partitions.ts'

export interface Hints {
  readonly heirsWanted: Observed['heirsWanted']
  /** Look whether a sink's topics have got other partitions. */
  readonly partitions: boolean
}

/** What the plan sees, and what carrying it out needs besides. */
export interface Sight {
  readonly seen: Observed
  readonly view: ConnectorView | null
  readonly settings: ConnectorSettings | null
  readonly connector: Connector | null
  /** Epoch ms. */
  readonly readAt: number
  /** Its idle tasks. */
  readonly watched: readonly Watched[]
}

/** A connector as it is now. */
export async function observe(deps: CoordinatorDeps, name: string, hints: Hints): Promise<Sight> {
  const [view, custody] = await Promise.all([deps.state.configs.view(name), recentCustody(deps)])
  // After the view: who has claimed since then has read it, or shows here.
  const leases = await deps.state.leases.all(name)
  const sight = await sightOf(deps, name, { view, leases, custody, heirsWanted: hints.heirsWanted })
  const [looked = sight] = await look(deps, hints.partitions ? await withPartitions(deps, [sight]) : [sight])
  return looked
}

/**
 * Many at once, with few requests. Leases of tasks that a connector no longer has are left out: who finds something to
 * do looks at the connector by itself. One whose settings can't be read is left to that, too.
 */
export async function survey(
  deps: CoordinatorDeps,
  views: readonly ConnectorView[],
  custody: Custody,
): Promise<{ readonly sights: readonly Sight[]; readonly unreadable: readonly string[] }> {
  const tasks = views.flatMap(({ name, tasks }) => tasks.map((_, task) => ({ connector: name, task })))
  const leases = Map.groupBy(await deps.state.leases.of(tasks), ({ connector }) => connector)
  const sights: Sight[] = []
  const unreadable: string[] = []
  for (const view of views) {
    const read = { view, leases: leases.get(view.name) ?? [], custody, heirsWanted: [] }
    try {
      sights.push(await sightOf(deps, view.name, read))
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error
      unreadable.push(view.name)
    }
  }
  return { sights, unreadable }
}

interface Read {
  readonly view: ConnectorView | null
  readonly leases: readonly Lease[]
  readonly custody: Custody
  readonly heirsWanted: Observed['heirsWanted']
}

async function sightOf(deps: CoordinatorDeps, name: string, read: Read): Promise<Sight> {
  const { view, leases, custody, heirsWanted } = read
  const real = view === null ? null : await watchedView(deps.worker, view, deps.secrets)
  const raw = real?.config ?? null
  const settings = raw === null ? null : settingsOf(raw, deps)
  const connector = settings === null ? null : await deps.connector(settings.class).catch(() => null)
  const seen: Observed = {
    now: deps.clock(),
    connector: name,
    config: real === null || settings === null ? null : live(deps, real, connector),
    standAside: custody.kind !== 'penstock',
    leases,
    policy: settings?.restart ?? { maxAttempts: 0, delayMs: 0, delayMaxMs: 0 },
    heirsWanted,
    nothingNew: new Set(),
    toShow: new Set(view?.taskStatuses.filter(({ state }) => isToShow(state)).map(({ task }) => task)),
    idleMaxMs: settings?.idleMaxMs ?? 0,
    members: observeMembers(deps, view, settings, connector?.kind === 'sink'),
  }
  const watched =
    real === null || settings === null || connector === null
      ? []
      : watchedTasks(deps, real, settings, connector, leases)
  return { seen, view, settings, connector, readAt: seen.now, watched }
}

const parsed = new WeakMap<RawConfig, ConnectorSettings>()

/** Parsed once for as long as the config stays the one that was read. */
function settingsOf(raw: RawConfig, { worker }: CoordinatorDeps): ConnectorSettings {
  const settings = parsed.get(raw) ?? connectorSettings(raw, worker)
  parsed.set(raw, settings)
  return settings
}

function live(deps: CoordinatorDeps, view: ConnectorView, connector: Connector | null): Observed['config'] {
  const failure = deps.splitFailures.get(view.name)
  return {
    position: view.configPosition,
    target: view.targetState,
    targetPosition: view.targetPosition,
    generation: view.generation,
    tasks: view.tasks.length,
    exactlyOnceSource: connector !== null && isExactlyOnce(deps.worker, connector, view.config ?? {}),
    fencingPosition: view.fencingPosition,
    splitFailedAt: failure?.configPosition === view.configPosition ? failure.at : null,
    // A JVM worker's task configs say nothing of them.
    partitionsChanged: connector?.kind === 'sink' && view.tasks.some((task) => typeof task[ASSIGNMENT] !== 'string'),
  }
}

/** As of now: idle tasks that are due are looked at, all together. */
export async function look(deps: CoordinatorDeps, sights: readonly Sight[]): Promise<readonly Sight[]> {
  const quiet = await nothingNew(
    deps,
    sights.flatMap(({ watched }) => watched),
  )
  const now = deps.clock()
  return sights.map((sight) => {
    const tasks = sight.watched.filter((one) => quiet.has(one)).map(({ task }) => task)
    return { ...sight, seen: { ...sight.seen, now, nothingNew: new Set(tasks) } }
  })
}

/** With what the sinks' topics have for partitions now: one request for all. */
export async function withPartitions(deps: CoordinatorDeps, sights: readonly Sight[]): Promise<readonly Sight[]> {
  const assigned = new Map(
    sights.flatMap(({ connector, view, settings }) => {
      if (connector?.kind !== 'sink' || view === null || settings === null) return []
      if (view.targetState !== 'STARTED' || view.tasks.length === 0) return []
      return [[view.name, { view, settings }] as const]
    }),
  )
  if (assigned.size === 0) return sights
  const topics = await topicsOf(
    await deps.cluster(),
    [...assigned.values()].map(({ settings }) => settings),
  )
  return sights.map((sight) => {
    const sink = assigned.get(sight.seen.connector)
    const { config } = sight.seen
    if (sink === undefined || config === null) return sight
    const partitionsChanged = !isAssigned(sink.view, countsOf(topics, sink.settings))
    return { ...sight, seen: { ...sight.seen, config: { ...config, partitionsChanged } } }
  })
}

/** Whether the tasks have these partitions, and no others. */
function isAssigned({ tasks }: ConnectorView, counts: ReadonlyMap<string, number>): boolean {
  const assigned = new Set<string>()
  for (const task of tasks) {
    const text = task[ASSIGNMENT]
    if (typeof text !== 'string') return false
    for (const [topic, partitions] of parseAssignment(text))
      for (const one of partitions) assigned.add(`${topic}-${one}`)
  }
  const now = [...counts].flatMap(([topic, count]) => Array.from({ length: count }, (_, one) => `${topic}-${one}`))
  return now.length === assigned.size && now.every((one) => assigned.has(one))
}

function isToShow(state: StatusState): boolean {
  return state === 'PAUSED' || state === 'RESTARTING'
}
