/** /connector-plugins: list (KIP-769), a plugin's settings, validation of a config. */
import type { Settings } from '../connect/settings.ts'
import { type Answer, badRequest, type Call, flag, notFound, ok, RestError, type Route } from './answer.ts'
import { properties } from './config-body.ts'
import { config } from './connector-info.ts'
import type { Deps } from './deps.ts'
import { findOrNull, findOrWhy } from './plugin-registry.ts'
import { array, bool, named, object, text } from './schema.ts'
import { configInfos, configKeyInfo } from './validation/config-infos.ts'
import { versionMismatch } from './validation/plugin-version.ts'

const pluginInfo = named('PluginInfo', object({ class: text, type: text, version: text }))

export function connectorPlugins(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/connector-plugins',
      summary: 'The plugins: connectors, or all of them (KIP-769)',
      query: { connectorsOnly: bool },
      answers: { 200: array(pluginInfo) },
      handle: (call) => list(deps, flag(call, 'connectorsOnly', true)),
    },
    {
      method: 'GET',
      path: '/connector-plugins/:name/config',
      summary: 'The settings of a plugin',
      query: { version: text },
      answers: { 200: array(configKeyInfo) },
      handle: (call) => pluginConfig(deps, call),
    },
    {
      method: 'PUT',
      path: '/connector-plugins/:name/config/validate',
      summary: 'Validates a config: every setting with its value, errors and recommended values',
      body: config,
      answers: { 200: configInfos },
      handle: (call) => validate(deps, call),
    },
  ]
}

async function list(deps: Deps, connectorsOnly: boolean): Promise<Answer> {
  const all = await deps.registry.plugins()
  const shown = connectorsOnly ? all.filter(({ kind }) => kind === 'source' || kind === 'sink') : all
  return ok(shown.map(({ class: name, kind, version }) => ({ class: name, type: kind, version })))
}

/** A connector's own settings, then those that every connector has. */
async function pluginConfig(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const { registry } = deps
  const connector = await findOrNull(registry, 'connector', name)
  const plugin =
    connector ??
    (await findOrNull(registry, 'transformation', name)) ??
    (await findOrNull(registry, 'predicate', name)) ??
    (await findOrNull(registry, 'converter', name)) ??
    (await findOrNull(registry, 'header_converter', name))
  if (plugin === null) throw await unknownPlugin(deps, name)
  const mismatch = await versionMismatch(registry, plugin.class, call.query.get('version'))
  if (mismatch !== null) throw badRequest(mismatch)
  const { definitions } = await import('../connect/definition.ts')
  const { baseSettings, ownSettings } = await import('./validation/base-settings.ts')
  const own: Settings = connector === null ? plugin.settings : ownSettings(connector)
  const common: Settings = connector === null ? {} : baseSettings(connector.kind, connector.version)
  // In the order of the first that has a setting, and as the plugin declares it.
  return ok(definitions({ ...own, ...common, ...own }))
}

/** Of an abstract class, as `Cast` is for `Cast$Key` and `Cast$Value`, the registry knows what was meant. */
async function unknownPlugin({ registry }: Deps, name: string): Promise<RestError> {
  const why = await findOrWhy(registry, 'transformation', name)
  return typeof why === 'string' && why.startsWith('This class is abstract')
    ? badRequest(why)
    : notFound(`Unknown plugin ${name}.`)
}

async function validate(deps: Deps, call: Call): Promise<Answer> {
  const body = await call.json()
  if (typeof body === 'string' && body.trimStart().startsWith('{')) throw doubleEncoded()
  const raw = properties(body)
  const included = raw['connector.class']
  if (included !== undefined && included !== null && !normalized(included).endsWith(normalized(call.name)))
    throw badRequest(`Included connector type ${included} does not match request type ${call.name}`)
  const { validateConfig } = await import('./validation/validate-config.ts')
  return ok(await validateConfig(deps, raw))
}

/** As kafka-connect-py sends a config: other than for most mistakes, Connect's 500 is kept, which its users know. */
function doubleEncoded(): RestError {
  return new RestError(500, 'The request body is a JSON string that holds JSON: send the JSON object itself')
}

/** Both of a full and of a simple class name: without `Connector` at its end. */
function normalized(name: string): string {
  return name.length > 'Connector'.length && name.endsWith('Connector') ? name.slice(0, -'Connector'.length) : name
}
