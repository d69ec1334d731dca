/** GET /connectors/NAME/status. */
import type { Status, StatusState } from '../state/status-records.ts'
import { notFound, ok, type Route } from './answer.ts'
import { type ConnectorInfo, connectorType, type LiveView, requireView } from './connector-info.ts'
import type { Deps } from './deps.ts'

export interface StateInfo {
  readonly state: StatusState
  readonly worker_id: string
  readonly trace?: string
  readonly version?: string
}

export interface TaskStateInfo extends StateInfo {
  readonly id: number
}

export interface ConnectorStateInfo {
  readonly name: string
  readonly connector: StateInfo
  readonly tasks: readonly TaskStateInfo[]
  readonly type: ConnectorInfo['type']
}

export function connectorStatus(deps: Deps): Route[] {
  const absent = (name: string) => notFound(`No status found for connector ${name}`)
  return [
    {
      method: 'GET',
      path: '/connectors/:name/status',
      handle: async ({ name }) => ok(await statusInfo(deps, await requireStatus(deps, name, absent))),
    },
  ]
}

/** The connector with what others have written to the status topic. */
export async function requireStatus(deps: Deps, name: string, absent: typeof notFound): Promise<LiveView> {
  await deps.statuses.catchUp()
  return requireView(deps, name, absent)
}

/** One entry for each task of the current generation; UNASSIGNED what nobody has told a state of yet. */
export async function statusInfo(deps: Deps, view: LiveView): Promise<ConnectorStateInfo> {
  const tasks = view.tasks.map((_, task) => taskState(deps, view, task))
  return {
    name: view.name,
    connector: stateInfo(deps, view.connectorStatus),
    tasks,
    type: await connectorType(deps, view.config),
  }
}

export function taskState(deps: Deps, view: LiveView, task: number): TaskStateInfo {
  const status = view.taskStatuses.find((one) => one.task === task) ?? null
  return { id: task, ...stateInfo(deps, status) }
}

function stateInfo(deps: Deps, status: Status | null): StateInfo {
  if (status === null) return { state: 'UNASSIGNED', worker_id: deps.workerId }
  const { state, workerId, trace, version } = status
  return {
    state,
    worker_id: workerId,
    ...(trace === null || state !== 'FAILED' ? {} : { trace }),
    ...(version === null ? {} : { version }),
  }
}
