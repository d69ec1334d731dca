/** `ConnectorInfo`: a connector's config and tasks, and the looking up of connectors for all endpoints. */
import type { Properties } from '../state/config-records.ts'
import type { ConnectorView } from '../state/configs.ts'
import { notFound, type RestError } from './answer.ts'
import type { Deps } from './deps.ts'
import { array, integer, map, named, nullable, object, oneOf, type Static, text } from './schema.ts'

export const config = named('Config', map(nullable(text)))
export const connectorTaskId = named('ConnectorTaskId', object({ connector: text, task: integer }))
export const type = oneOf('source', 'sink', 'unknown')
export const info = named('ConnectorInfo', object({ name: text, config, tasks: array(connectorTaskId), type }))

export type ConnectorInfo = Static<typeof info>

/** A connector that is there: its config isn't null. */
export interface LiveView extends ConnectorView {
  readonly config: Properties
}

/** The connector as of now: what others have written to the config topic is in it. Null: deleted or never there. */
async function liveView(deps: Deps, name: string): Promise<LiveView | null> {
  await deps.configs.catchUp()
  const view = await deps.configs.view(name)
  return view === null || !isLive(view) ? null : view
}

export async function liveViews(deps: Deps): Promise<LiveView[]> {
  await deps.configs.catchUp()
  return (await deps.configs.views()).filter(isLive)
}

export function isLive(view: ConnectorView): view is LiveView {
  return view.config !== null
}

/** The words for an absent connector differ per endpoint; these are the most common ones. */
export const connectorNotFound = (name: string): RestError => notFound(`Connector ${name} not found`)

export async function requireView(deps: Deps, name: string, absent = connectorNotFound): Promise<LiveView> {
  const view = await liveView(deps, name)
  if (view === null) throw absent(name)
  return view
}

export async function connectorType(deps: Deps, config: Properties): Promise<ConnectorInfo['type']> {
  const found = await deps.registry.lookUp('connector', config['connector.class'] ?? '')
  return found?.kind === 'source' || found?.kind === 'sink' ? found.kind : 'unknown'
}

export async function connectorInfo(deps: Deps, view: LiveView): Promise<ConnectorInfo> {
  const tasks = view.tasks.map((_, task) => ({ connector: view.name, task }))
  return { name: view.name, config: view.config, tasks, type: await connectorType(deps, view.config) }
}
