/** GET /connectors/NAME/status. */
import { STATUS_STATES, type Status } from '../state/status-records.ts'
import { notFound, ok, type Route } from './answer.ts'
import { connectorType, type LiveView, requireView, type } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { array, integer, named, object, oneOf, optional, type Static, text } from './schema.ts'

const state = { state: oneOf(...STATUS_STATES), worker_id: text, trace: optional(text), version: optional(text) }
const stateInfoOf = named('ConnectorState', object(state))
export const taskStateInfo = named('TaskState', object({ id: integer, ...state }))
export const connectorStateInfo = named(
  'ConnectorStateInfo',
  object({ name: text, connector: stateInfoOf, tasks: array(taskStateInfo), type }),
)

export type StateInfo = Static<typeof stateInfoOf>
export type TaskStateInfo = Static<typeof taskStateInfo>
export type ConnectorStateInfo = Static<typeof connectorStateInfo>

export function connectorStatus(deps: Deps): Route[] {
  const absent = (name: string) => notFound(`No status found for connector ${name}`)
  return [
    {
      method: 'GET',
      path: '/connectors/:name/status',
      summary: 'The states of a connector and its tasks',
      answers: { 200: connectorStateInfo },
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
