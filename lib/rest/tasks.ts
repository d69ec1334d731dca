/** /connectors/NAME/tasks: configs, a task's status, restart of one task. */
import type { Properties } from '../state/config-records.ts'
import { noContent, notFound, ok, type Route } from './answer.ts'
import { type LiveView, requireView } from './connector-info.ts'
import { requireStatus, taskState } from './connector-status.ts'
import type { Deps } from './deps.ts'
import { restartTask } from './restart.ts'
import { tellChanged } from './write.ts'

export function tasks(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:name/tasks',
      async handle({ name }) {
        const view = await requireView(deps, name)
        return ok(view.tasks.map((config, task) => ({ id: { connector: name, task }, config: shown(config, view) })))
      },
    },
    {
      method: 'GET',
      path: '/connectors/:name/tasks/:task/status',
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

/** Without what Penstock has added for its own use. */
function shown(config: Properties, view: LiveView): Properties {
  const isAdded = (key: string) => key.startsWith('penstock.') && !(key in view.config)
  return Object.fromEntries(Object.entries(config).filter(([key]) => !isAdded(key)))
}
