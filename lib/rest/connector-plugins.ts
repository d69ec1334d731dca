/** /connector-plugins: list (KIP-769), a plugin's settings, validation of a config. */
import type { Settings } from '../connect/settings.ts'
import { type Answer, badRequest, type Call, flag, notFound, ok, type Route } from './answer.ts'
import { properties } from './config-body.ts'
import type { Deps } from './deps.ts'
import { findOrNull } from './plugin-registry.ts'

export function connectorPlugins(deps: Deps): Route[] {
  return [
    { method: 'GET', path: '/connector-plugins', handle: (call) => list(deps, flag(call, 'connectorsOnly', true)) },
    { method: 'GET', path: '/connector-plugins/:name/config', handle: (call) => config(deps, call) },
    { method: 'PUT', path: '/connector-plugins/:name/config/validate', handle: (call) => validate(deps, call) },
  ]
}

async function list(deps: Deps, connectorsOnly: boolean): Promise<Answer> {
  const all = await deps.registry.plugins()
  const shown = connectorsOnly ? all.filter(({ kind }) => kind === 'source' || kind === 'sink') : all
  return ok(shown.map(({ class: name, kind, version }) => ({ class: name, type: kind, version })))
}

/** A connector's own settings, then those that every connector has. */
async function config(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const { registry } = deps
  const connector = await findOrNull(registry, 'connector', name)
  const plugin =
    connector ??
    (await findOrNull(registry, 'transformation', name)) ??
    (await findOrNull(registry, 'predicate', name)) ??
    (await findOrNull(registry, 'converter', name)) ??
    (await findOrNull(registry, 'header_converter', name))
  if (plugin === null) throw notFound(`Unknown plugin ${name}.`)
  const version = call.query.get('version')
  if (version !== null && version !== 'latest' && version !== plugin.version)
    throw badRequest(
      `Plugin ${plugin.class} not found that matches the version range [${version},${version}], available versions: [${plugin.version}]`,
    )
  const { definitions } = await import('../connect/definition.ts')
  const { baseSettings } = await import('./validation/base-settings.ts')
  const common: Settings = connector === null ? {} : baseSettings(connector.kind, connector.version)
  return ok(definitions({ ...plugin.settings, ...common }))
}

async function validate(deps: Deps, call: Call): Promise<Answer> {
  const raw = properties(await call.json())
  const included = raw['connector.class']
  if (included !== undefined && included !== null && !normalized(included).endsWith(normalized(call.name)))
    throw badRequest(`Included connector type ${included} does not match request type ${call.name}`)
  const { validateConfig } = await import('./validation/validate-config.ts')
  return ok(await validateConfig(deps, raw))
}

/** Both of a full and of a simple class name: without `Connector` at its end. */
function normalized(name: string): string {
  return name.length > 'Connector'.length && name.endsWith('Connector') ? name.slice(0, -'Connector'.length) : name
}
