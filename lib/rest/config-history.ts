/** /penstock/connectors/NAME/history and rollback: what the config was, and the way back to it. */
import type { Properties } from '../state/config-records.ts'
import type { ConfigVersion } from '../state/configs.ts'
import { maskSecrets } from '../worker/secrets.ts'
import { type Answer, badRequest, type Call, notFound, ok, type Route } from './answer.ts'
import { connectorInfo, config as connectorProperties, connectorType, info } from './connector-info.ts'
import { created } from './connectors.ts'
import type { Deps } from './deps.ts'
import { array, integer, named, nullable, object, oneOf, text } from './schema.ts'
import { askedVersion, versionBody } from './version-body.ts'
import { decideAndWrite } from './write.ts'

const configVersion = object({
  version: integer,
  time: integer,
  change: oneOf('create', 'put', 'patch', 'rollback', 'delete', 'write'),
  by: nullable(text),
  config: nullable(connectorProperties),
})
const history = named('ConfigHistory', object({ name: text, versions: array(configVersion) }))

export function configHistory(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/connectors/:name/history',
      summary: "A connector's configs, the youngest first; those of a deleted one, too",
      answers: { 200: history },
      async handle({ name }) {
        const versions = await known(deps, name)
        return ok({ name, versions: await Promise.all(versions.map((version) => shown(deps, version))) })
      },
    },
    {
      method: 'POST',
      path: '/penstock/connectors/:name/rollback',
      summary: "Writes an earlier version's config again, by default the one before the present",
      body: versionBody,
      answers: { 200: info, 201: info },
      handle: (call) => rollback(deps, call),
    },
  ]
}

/** The youngest first; empty for a connector whose history was lost with the table. */
async function known(deps: Deps, name: string): Promise<ConfigVersion[]> {
  await deps.configs.catchUp()
  const versions = await deps.configs.history(name)
  if (versions.length === 0 && (await deps.configs.view(name)) === null) throw notFound(`Unknown connector: ${name}`)
  return versions
}

async function shown({ registry }: Deps, version: ConfigVersion): Promise<ConfigVersion> {
  const { config } = version
  return { ...version, config: config === null ? null : await maskSecrets(config, registry.find) }
}

async function rollback(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const asked = await askedVersion(call)
  const { requireValid } = await import('./validation/validate-config.ts')
  let config: Properties = {}
  const before = await decideAndWrite(
    deps,
    name,
    async () => {
      config = chosen(name, await known(deps, name), asked)
      await requireValid(deps, config)
      return [{ kind: 'connector', connector: name, config }]
    },
    { change: 'rollback', by: call.user },
  )
  if (before !== null) return ok(await connectorInfo(deps, { ...before, config }))
  return created(name, { name, config, tasks: [], type: await connectorType(deps, config) })
}

/** Null asks for the newest config before the present one. */
function chosen(name: string, versions: readonly ConfigVersion[], asked: number | null): Properties {
  const [present, ...earlier] = versions
  const found =
    asked === null ? earlier.find(({ config }) => config !== null) : versions.find(({ version }) => version === asked)
  if (found === undefined) {
    const kept = versions.map(({ version }) => version).join(', ')
    const what = asked === null ? `no config before version ${present?.version ?? 0}` : `no version ${asked}`
    throw notFound(`Connector ${name} has ${what}; kept are ${kept === '' ? 'none' : kept}`)
  }
  if (found.config === null)
    throw badRequest(`Version ${asked} of connector ${name} is its deletion: use DELETE /connectors/${name}`)
  return found.config
}
