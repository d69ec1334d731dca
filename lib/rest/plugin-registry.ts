/** The plugins as the REST API asks for them. The registry itself loads late: it knows the way to every plugin. */
import { ConnectError } from '../connect/errors.ts'
import type { Declarations, Registered } from '../registry.ts'

type Kind = keyof Declarations

export interface PluginRegistry {
  /** Throws Connect's error for a name that nobody knows. */
  find<K extends Kind>(kind: K, name: string): Promise<Declarations[K]>
  /** Without loading the plugin; null for a name that nobody knows. */
  lookUp(kind: Kind, name: string): Promise<Registered | null>
  /** Those that a connector's config names: Connect tells of no config providers. */
  plugins(): Promise<readonly Registered[]>
}

let loading: Promise<typeof import('../registry.ts')> | undefined

/** Once: even a module that is there takes its time to be found. */
function registry() {
  loading ??= import('../registry.ts')
  return loading
}

export const pluginRegistry: PluginRegistry = {
  async find(kind, name) {
    const { find } = await registry()
    return find(kind, name)
  },
  async lookUp(kind, name) {
    const { lookUp } = await registry()
    try {
      return lookUp(kind, name)
    } catch (error) {
      if (error instanceof ConnectError && error.kind === 'config') return null
      throw error
    }
  },
  async plugins() {
    const { plugins } = await registry()
    return plugins().filter(({ kind }) => kind !== 'config_provider')
  },
}

/** The plugin, or null for a name that nobody knows. */
export async function findOrNull<K extends Kind>(
  registry: PluginRegistry,
  kind: K,
  name: string,
): Promise<Declarations[K] | null> {
  return (await registry.lookUp(kind, name)) === null ? null : registry.find(kind, name)
}

/** The plugin, or why there is none, in the words that follow `Invalid value X for configuration Y: `. */
export async function findOrWhy<K extends Kind>(
  registry: PluginRegistry,
  kind: K,
  name: string,
): Promise<Declarations[K] | string> {
  try {
    return await registry.find(kind, name)
  } catch (error) {
    if (error instanceof ConnectError && error.kind === 'config') return error.message
    throw error
  }
}
