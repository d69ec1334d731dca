/** Whether a connector's config works here as it is: the checks of PUT /connector-plugins/NAME/config/validate. */
import { ConnectError } from '../connect/errors.ts'
import type { Connector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import { pluginRegistry } from '../rest/plugin-registry.ts'
import { validateConfig } from '../rest/validation/validate-config.ts'
import type { ConfigProviders } from '../worker/config-providers.ts'
import { type Guarantee, guaranteeOf } from '../worker/guarantee.ts'
import type { Worker } from '../worker/settings.ts'
import { connectorPlugins } from './plugin-uses.ts'
import { secretReferences } from './secrets.ts'

export interface ConnectorVerdict {
  /** Null: its plugin is missing, or a secret decides. */
  readonly guarantee: Guarantee | null
  readonly problems: readonly string[]
}

/** Who looks may not be who may know. */
const NO_LOOK_UPS: ConfigProviders = { resolve: async (configs) => ({ configs, values: [], ttlMs: null }) }

export async function verdictOn(config: RawConfig, worker: Worker): Promise<ConnectorVerdict> {
  const uses = connectorPlugins(config)
  const [own] = uses
  const problems: string[] = []
  if (own?.found !== true) return { guarantee: null, problems }
  const connector = await pluginRegistry.find('connector', own.class)
  // What is missing is told by itself; what a secret holds isn't known.
  const told = new Set([...uses.filter(({ found }) => !found), ...secretReferences(config)].map((one) => one.setting))
  const deps = { registry: pluginRegistry, worker: { ...worker, providers: NO_LOOK_UPS } }
  const { configs } = await validateConfig(deps, config)
  for (const { value } of configs)
    if (!told.has(value.name)) problems.push(...value.errors.map((error) => `${value.name}: ${error}`))
  return { guarantee: guaranteeOrNull(worker, connector, config), problems }
}

function guaranteeOrNull(worker: Worker, connector: Connector, config: RawConfig): Guarantee | null {
  try {
    return guaranteeOf(worker, connector, config)
  } catch (error) {
    if (error instanceof ConnectError) return null
    throw error
  }
}
