/** /connectors/NAME/config: get, put (create or update), patch (KIP-477). */
import type { ConfigRecord, Properties } from '../state/config-records.ts'
import { type Answer, type Call, ok, type Route } from './answer.ts'
import { properties, withName } from './config-body.ts'
import {
  config,
  connectorInfo,
  connectorNotFound,
  connectorType,
  info,
  type LiveView,
  requireView,
} from './connector-info.ts'
import { created } from './connectors.ts'
import type { Deps } from './deps.ts'
import { decideAndWrite } from './write.ts'

const PATH = '/connectors/:name/config'

export function connectorConfig(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: PATH,
      summary: "A connector's config",
      answers: { 200: config },
      handle: async ({ name }) => ok((await requireView(deps, name)).config),
    },
    {
      method: 'PUT',
      path: PATH,
      summary: 'Creates a connector, or gives it another config',
      body: config,
      answers: { 200: info, 201: info },
      handle: (call) => put(deps, call),
    },
    {
      method: 'PATCH',
      path: PATH,
      summary: "Changes settings of a connector's config; null takes one away",
      body: config,
      answers: { 200: info },
      handle: (call) => patch(deps, call),
    },
  ]
}

async function put(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const config = withName(name, properties(await call.json()))
  const { requireValid } = await import('./validation/validate-config.ts')
  await requireValid(deps, config)
  const before = await decideAndWrite(deps, name, () => [{ kind: 'connector', connector: name, config }], {
    change: 'put',
    by: call.user,
  })
  if (before !== null) return ok(await connectorInfo(deps, { ...before, config }))
  return created(name, { name, config, tasks: [], type: await connectorType(deps, config) })
}

async function patch(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const changes = properties(await call.json())
  const { requireValid } = await import('./validation/validate-config.ts')
  // What is changed is what the topic holds now, whoever wrote it.
  await requireView(deps, name)
  let config: Properties = {}
  const decide = async (view: LiveView | null): Promise<ConfigRecord[]> => {
    if (view === null) throw connectorNotFound(name)
    config = patched(view.config, changes)
    await requireValid(deps, config)
    return [{ kind: 'connector', connector: name, config }]
  }
  const before = await decideAndWrite(deps, name, decide, { change: 'patch', by: call.user })
  if (before === null) throw connectorNotFound(name)
  return ok(await connectorInfo(deps, { ...before, config }))
}

/** Null deletes a setting. The name isn't looked at, as in Connect. */
function patched(config: Properties, changes: Properties): Properties {
  const merged = Object.entries({ ...config, ...changes })
  return Object.fromEntries(merged.filter(([key]) => changes[key] !== null))
}
