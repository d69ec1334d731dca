/** What a pass looks at: the connector's view, its leases, and for idle sinks whether there is something to read. */
import { ConnectError } from '../connect/errors.ts'
import type { Connector } from '../connect/plugin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Lease } from '../state/leases.ts'
import { ASSIGNMENT, parseAssignment, sinkGroup } from '../worker/assignment.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import { isExactlyOnce } from '../worker/guarantee.ts'
import type { CoordinatorDeps } from './deps.ts'
import type { Observed } from './plan.ts'
import { partitionsOf, unread } from './sink-partitions.ts'

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
}

export async function observe(deps: CoordinatorDeps, name: string, hints: Hints): Promise<Sight> {
  const [view, leases] = await Promise.all([deps.state.configs.view(name), deps.state.leases.all(name)])
  const raw = view?.config ?? null
  const settings = raw === null ? null : connectorSettings(raw, deps.worker)
  const connector = settings === null ? null : await deps.connector(settings.class).catch(() => null)
  const seen: Observed = {
    now: deps.clock(),
    connector: name,
    config: view === null || settings === null ? null : await live(deps, view, settings, connector, hints),
    leases,
    policy: settings?.restart ?? { maxAttempts: 0, delayMs: 0, delayMaxMs: 0 },
    heirsWanted: hints.heirsWanted,
    nothingToRead: connector?.kind === 'sink' && view !== null ? await idle(deps, view, settings, leases) : new Set(),
    idleMaxMs: settings?.idleMaxMs ?? 0,
  }
  return { seen, view, settings, connector }
}

async function live(
  deps: CoordinatorDeps,
  view: ConnectorView,
  settings: ConnectorSettings,
  connector: Connector | null,
  hints: Hints,
): Promise<Observed['config']> {
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
    partitionsChanged:
      hints.partitions && connector?.kind === 'sink' && (await partitionsChanged(deps, view, settings)),
  }
}

async function partitionsChanged(
  deps: CoordinatorDeps,
  view: ConnectorView,
  settings: ConnectorSettings,
): Promise<boolean> {
  if (view.targetState !== 'STARTED' || view.tasks.length === 0) return false
  const assigned = new Set<string>()
  for (const task of view.tasks) {
    const text = task[ASSIGNMENT]
    if (typeof text !== 'string') return true
    for (const [topic, partitions] of parseAssignment(text))
      for (const one of partitions) assigned.add(`${topic}-${one}`)
  }
  const counts = await partitionsOf(await deps.cluster(), settings, { create: false })
  const now = [...counts].flatMap(([topic, count]) => Array.from({ length: count }, (_, one) => `${topic}-${one}`))
  return now.length !== assigned.size || now.some((one) => !assigned.has(one))
}

/** Of the idle tasks that are due: those whose partitions end where the group has committed. */
async function idle(
  deps: CoordinatorDeps,
  view: ConnectorView,
  settings: ConnectorSettings | null,
  leases: readonly Lease[],
): Promise<ReadonlySet<number>> {
  const now = deps.clock()
  const due = leases.filter((lease) => lease.state === 'sealed' && lease.end?.kind === 'at' && lease.end.at <= now)
  if (due.length === 0 || settings === null) return new Set()
  const isolation = clientSettings(deps.worker.raw, 'consumer', settings.consumerOverrides).consumer.isolationLevel
  try {
    const assignments = new Map(
      due.map((lease) => [lease.task, parseAssignment(view.tasks[lease.task]?.[ASSIGNMENT] ?? '')]),
    )
    return await unread(await deps.cluster(), sinkGroup(view.name, settings.consumerOverrides), assignments, isolation)
  } catch (error) {
    if (error instanceof ConnectError && error.kind === 'retriable') return new Set()
    throw error
  }
}
