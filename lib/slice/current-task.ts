/** Whether an invocation is still about the connector as it is now. */
import type { RawConfig } from '../connect/settings.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { TaskEvent } from '../worker/events.ts'

export type LiveView = ConnectorView & { readonly config: RawConfig }

/** The connector and the task's config as it is written; null: the generation is over. */
export function currentTask(
  view: ConnectorView | null,
  { task, generation }: TaskEvent,
): { readonly view: LiveView; readonly config: RawConfig; readonly taskConfig: RawConfig } | null {
  const taskConfig = view?.tasks[task]
  if (view?.config == null || taskConfig === undefined || view.generation !== generation) return null
  if (view.configPosition > generation || view.targetState !== 'STARTED') return null
  const { config } = view
  return { view: { ...view, config }, config, taskConfig }
}
