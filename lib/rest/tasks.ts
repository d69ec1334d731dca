/** /connectors/NAME/tasks: configs, a task's status, restart of one task. */
import type { Properties } from '../state/config-records.ts'
import { badRequest, errorMessage, noContent, notFound, ok, type Route } from './answer.ts'
import { config, connectorTaskId, type LiveView, requireView } from './connector-info.ts'
import { requireStatus, taskState, taskStateInfo } from './connector-status.ts'
import type { Deps } from './deps.ts'
import { restartTask } from './restart.ts'
import { array, named, object } from './schema.ts'
import { tellChanged } from './write.ts'

const taskInfo = named('TaskInfo', object({ id: connectorTaskId, config }))

export function tasks(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:name/tasks',
      summary: "The configs of a connector's tasks",
      answers: { 200: array(taskInfo) },
      async handle({ name }) {
        const view = await requireView(deps, name)
        return ok(view.tasks.map((config, task) => ({ id: { connector: name, task }, config: shown(config, view) })))
      },
    },
    {
      method: 'POST',
      path: '/connectors/:name/tasks',
      summary: 'Internal to JVM workers (KIP-507): refused, as any request that none of them has signed',
      answers: { 400: errorMessage },
      handle: unsigned,
    },
    {
      method: 'PUT',
      path: '/connectors/:name/fence',
      summary: 'Internal to JVM workers (KIP-618): refused, as any request that none of them has signed',
      answers: { 400: errorMessage },
      handle: unsigned,
    },
    {
      method: 'GET',
      path: '/connectors/:name/tasks/:task/status',
      summary: "A task's state",
      answers: { 200: taskStateInfo },
      async handle({ name, task }) {
        const absent = () => notFound(`No status found for task ${name}-${task}`)
        const view = await requireStatus(deps, name, absent)
        if (view.tasks[task] === undefined) throw absent()
        return ok(taskState(deps, view, task))
      },
    },
    {
      method: 'POST',
      path: '/connectors/:name/tasks/:task/restart',
      summary: 'Restarts a task',
      answers: { 204: null },
      async handle({ name, task }) {
        const view = await requireView(deps, name, () => notFound(`Unknown connector: ${name}`))
        if (view.tasks[task] === undefined) throw notFound(`Unknown task: ${name}-${task}`)
        await restartTask(deps, name, task)
        await tellChanged(deps, name)
        return noContent
      },
    },
  ]
}

async function unsigned(): Promise<never> {
  throw badRequest('Internal request missing required signature')
}

/** Without what Penstock has added for its own use. */
function shown(config: Properties, view: LiveView): Properties {
  const isAdded = (key: string) => key.startsWith('penstock.') && !(key in view.config)
  return Object.fromEntries(Object.entries(config).filter(([key]) => !isAdded(key)))
}
