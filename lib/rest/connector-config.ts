/** /connectors/NAME/config: get, put (create or update), patch (KIP-477). */
import type { Properties } from '../state/config-records.ts'
import { type Answer, type Call, ok, type Route } from './answer.ts'
import { properties, withName } from './config-body.ts'
import { connectorInfo, connectorNotFound, connectorType, requireView } from './connector-info.ts'
import { created } from './connectors.ts'
import type { Deps } from './deps.ts'
import { decideAndWrite } from './write.ts'

const PATH = '/connectors/:name/config'

export function connectorConfig(deps: Deps): Route[] {
  return [
    { method: 'GET', path: PATH, handle: async ({ name }) => ok((await requireView(deps, name)).config) },
    { method: 'PUT', path: PATH, handle: (call) => put(deps, call) },
    { method: 'PATCH', path: PATH, handle: (call) => patch(deps, call) },
  ]
}

async function put(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const config = withName(name, properties(await call.json()))
  const { requireValid } = await import('./validation/validate-config.ts')
  await requireValid(deps, config)
  const before = await decideAndWrite(deps, name, () => [{ kind: 'connector', connector: name, config }])
  if (before !== null) return ok(await connectorInfo(deps, { ...before, config }))
  return created(name, { name, config, tasks: [], type: await connectorType(deps, config) })
}

async function patch(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const changes = properties(await call.json())
  const { requireValid } = await import('./validation/validate-config.ts')
  let config: Properties = {}
  const before = await decideAndWrite(deps, name, async (view) => {
    if (view === null) throw connectorNotFound(name)
    config = patched(view.config, changes)
    await requireValid(deps, config)
    return [{ kind: 'connector', connector: name, config }]
  })
  if (before === null) throw connectorNotFound(name)
  return ok(await connectorInfo(deps, { ...before, config }))
}

/** Null deletes a setting. The name isn't looked at, as in Connect. */
function patched(config: Properties, changes: Properties): Properties {
  const merged = Object.entries({ ...config, ...changes })
  return Object.fromEntries(merged.filter(([key]) => changes[key] !== null))
}
