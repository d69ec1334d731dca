/** What metrics are taken of: connectors and their tasks as the views and the leases have them. */
import { type Lease, NO_PROGRESS, type Progress } from '../../state/lease.ts'
import { type Measures, unpacked } from '../../state/measures.ts'
import type { StatusState } from '../../state/status-records.ts'
import { connectorSettings } from '../../worker/connector-settings.ts'
import { connectorType, type LiveView, liveViews } from '../connector-info.ts'
import type { Deps } from '../deps.ts'
import { stalledNow } from '../stalled.ts'

export interface ConnectorSight {
  readonly name: string
  readonly type: 'source' | 'sink' | 'unknown'
  readonly class: string
  readonly version: string | null
  readonly state: StatusState
  readonly tasks: readonly TaskSight[]
}

export interface TaskSight {
  readonly connector: string
  readonly type: ConnectorSight['type']
  readonly task: number
  readonly state: StatusState
  /** Null before its first slice. */
  readonly lease: Lease | null
  readonly progress: Progress
  readonly measures: Measures
  /** False: what was measured of the last minute is over. */
  readonly active: boolean
  readonly stalled: boolean
  /** By Connect's attribute: `task-class`, `key-converter-class`, ... */
  readonly plugins: Readonly<Record<string, string>>
  readonly transforms: readonly NestedPlugin[]
  readonly predicates: readonly NestedPlugin[]
}

export interface NestedPlugin {
  readonly alias: string
  readonly class: string
  readonly version: string
}

/** Of all connectors, by name. */
export async function lookAtAll(deps: Deps): Promise<ConnectorSight[]> {
  await deps.statuses.catchUp()
  const views = await liveViews(deps)
  const names = views.flatMap(({ name, tasks }) => tasks.map((_, task) => ({ connector: name, task })))
  const leases = Map.groupBy(await deps.leases.of(names), ({ connector }) => connector)
  const sights = await Promise.all(views.map((view) => lookAt(deps, view, leases.get(view.name) ?? [])))
  return sights.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function lookAt(deps: Deps, view: LiveView, leases: readonly Lease[]): Promise<ConnectorSight> {
  const { name, config, connectorStatus } = view
  const type = await connectorType(deps, config)
  const plugins = await pluginsOf(deps, view)
  const tasks = view.tasks.map((taskConfig, task): TaskSight => {
    const lease = leases.find((one) => one.task === task) ?? null
    const status = view.taskStatuses.find((one) => one.task === task) ?? null
    const own = { 'task-class': taskConfig['task.class'] ?? null, 'task-version': status?.version ?? null }
    return {
      connector: name,
      type,
      task,
      state: status?.state ?? 'UNASSIGNED',
      lease,
      progress: { ...NO_PROGRESS, ...lease?.progress },
      measures: unpacked(lease?.progress.measured),
      active: lease !== null && (lease.state === 'owned' || (lease.state === 'invited' && lease.end?.kind === 'again')),
      stalled: stalledNow(lease ?? undefined, view, deps.worker, deps.clock()) !== null,
      ...plugins,
      plugins: known({ ...own, ...plugins.plugins }),
    }
  })
  const state = connectorStatus?.state ?? 'UNASSIGNED'
  return { name, type, class: config['connector.class'] ?? '', version: connectorStatus?.version ?? null, state, tasks }
}

/** None where the config can't be read: its connector has failed for that. */
async function pluginsOf(
  deps: Deps,
  { config }: LiveView,
): Promise<Pick<TaskSight, 'plugins' | 'transforms' | 'predicates'>> {
  try {
    const settings = connectorSettings(config, deps.worker)
    const classes = {
      'key-converter-class': settings.keyConverter.class,
      'value-converter-class': settings.valueConverter.class,
      'header-converter-class': settings.headerConverter.class,
    }
    const predicates = settings.transforms.flatMap(({ predicate }) => predicate ?? [])
    const byAlias = new Map(predicates.map((predicate) => [predicate.alias, predicate]))
    return {
      plugins: classes,
      transforms: await nested(deps, 'transformation', settings.transforms),
      predicates: await nested(deps, 'predicate', [...byAlias.values()]),
    }
  } catch {
    return { plugins: {}, transforms: [], predicates: [] }
  }
}

function nested(
  { registry }: Deps,
  kind: 'transformation' | 'predicate',
  uses: readonly { readonly alias: string; readonly class: string }[],
): Promise<NestedPlugin[]> {
  return Promise.all(
    uses.map(async ({ alias, class: name }) => {
      const found = await registry.lookUp(kind, name)
      return { alias, class: found?.class ?? name, version: found?.version ?? '' }
    }),
  )
}

function known(values: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}
