/** /penstock/connectors: progress beyond Connect's status. Times in epoch ms, null where there is none. */
import { parse } from '../connect/settings.ts'
import type { Lease } from '../state/leases.ts'
import type { StatusState } from '../state/status-records.ts'
import { notFound, ok, type Route } from './answer.ts'
import { type LiveView, liveViews } from './connector-info.ts'
import { requireStatus } from './connector-status.ts'
import type { Deps } from './deps.ts'
import { findOrNull } from './plugin-registry.ts'

export interface ConnectorProgress {
  readonly name: string
  readonly state: StatusState
  readonly guarantee: 'exactly-once' | 'at-least-once'
  /** Null: no tasks were made yet. */
  readonly generation: number | null
  readonly tasks: readonly TaskProgress[]
}

export interface TaskProgress {
  readonly id: number
  readonly epoch: number | null
  readonly owner: string | null
  readonly deadline: number | null
  readonly slices: number
  readonly lastPoll: number | null
  readonly lastCommit: number | null
  readonly lag: number | null
  /** Why nothing comes, in the source's words. */
  readonly note: string | null
  readonly nextWake: number | null
  readonly restarts: number
  readonly nextRestart: number | null
  readonly counters: {
    readonly read: number
    readonly filtered: number
    readonly written: number
    readonly skipped: number
    readonly deadLettered: number
    readonly retried: number
  }
}

export function penstock(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/connectors',
      async handle() {
        await deps.statuses.catchUp()
        const views = await liveViews(deps)
        return ok(await Promise.all(views.map((view) => progress(deps, view))))
      },
    },
    {
      method: 'GET',
      path: '/penstock/connectors/:name',
      async handle({ name }) {
        const view = await requireStatus(deps, name, () => notFound(`Connector ${name} not found`))
        return ok(await progress(deps, view))
      },
    },
  ]
}

async function progress(deps: Deps, view: LiveView): Promise<ConnectorProgress> {
  const [leases, guarantee] = await Promise.all([deps.leases.all(view.name), guaranteeOf(deps, view)])
  return {
    name: view.name,
    state: view.connectorStatus?.state ?? 'UNASSIGNED',
    guarantee,
    generation: view.generation,
    tasks: view.tasks.map((_, task) =>
      taskProgress(
        task,
        leases.find((lease) => lease.task === task),
      ),
    ),
  }
}

function taskProgress(id: number, lease: Lease | undefined): TaskProgress {
  const owned = lease?.state === 'owned'
  const { read = 0, filtered = 0, written = 0, skipped = 0, deadLettered = 0, retried = 0 } = lease?.progress ?? {}
  return {
    id,
    epoch: lease?.epoch ?? null,
    owner: owned ? lease.owner : null,
    deadline: owned ? lease.deadline : null,
    slices: lease?.slices ?? 0,
    lastPoll: lease?.progress.lastPoll ?? null,
    lastCommit: lease?.progress.lastCommit ?? null,
    lag: lease?.progress.lag ?? null,
    note: lease?.progress.note ?? null,
    nextWake: lease?.state === 'sealed' && lease.end?.kind === 'at' ? lease.end.at : null,
    restarts: lease?.restarts ?? 0,
    nextRestart: lease?.nextRestart ?? null,
    counters: { read, filtered, written, skipped, deadLettered, retried },
  }
}

/** What the connector promises as it is configured; a config that can't be parsed promises no more than the least. */
async function guaranteeOf(deps: Deps, view: LiveView): Promise<ConnectorProgress['guarantee']> {
  if (deps.worker.settings['exactly.once.source.support'].toLowerCase() !== 'enabled') return 'at-least-once'
  const connector = await findOrNull(deps.registry, 'connector', view.config['connector.class'] ?? '')
  if (connector?.kind !== 'source') return 'at-least-once'
  try {
    return connector.exactlyOnce(parse(connector.settings, view.config)) ? 'exactly-once' : 'at-least-once'
  } catch {
    return 'at-least-once'
  }
}
