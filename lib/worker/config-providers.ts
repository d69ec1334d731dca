/** The config providers of a worker (`config.providers`), and the looking up of what a config refers to. */
import type { Budget } from '../connect/budget.ts'
import { ConfigError, ConnectError, RetriableError } from '../connect/errors.ts'
import { type ConfigData, type ConfigProvider, configure } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import { hasVariables, replaceVariables, type Variable, variablesOf } from './config-variables.ts'

export interface Resolved {
  readonly configs: readonly RawConfig[]
  /** The values that were looked up: no text may show them. */
  readonly values: readonly string[]
  /** How long all of them hold, in ms; null: no provider says. */
  readonly ttlMs: number | null
}

export interface Asking {
  /** For errors: `Connector orders`. */
  readonly owner: string
  /** Rejects for a file of this machine that the owner may not reach. */
  readonly requireFile?: (file: string) => Promise<void>
  /** Values that were looked up within this time, in ms, are good enough. Default: none are. */
  readonly maxAgeMs?: number
  readonly budget: Budget
}

export interface ConfigProviders {
  /**
   * The configs with their references replaced; each path is looked up once. A reference to a provider or a key that
   * isn't there stays as it is written. An error names the owner, the setting, the provider and the path.
   */
  resolve(configs: readonly RawConfig[], asking: Asking): Promise<Resolved>
}

/** A failed look-up is believed for this long, in ms, by those who take older values. */
const FAILED_MS = 30_000

/** Providers are loaded and made with the first reference to them. */
export function configProviders(worker: RawConfig): ConfigProviders {
  const names = (worker['config.providers'] ?? '').split(',').map((name) => name.trim())
  const known = new Set(names.filter((name) => name !== ''))
  const made = new Map<string, Promise<ConfigProvider>>()
  const seen = new Map<string, { readonly at: number; readonly data: Promise<ConfigData> }>()

  function provider(name: string): Promise<ConfigProvider> {
    const found = made.get(name) ?? make(name, worker)
    made.set(name, found)
    return found
  }

  async function lookUp(need: Need, asking: Asking): Promise<ConfigData> {
    try {
      const found = await provider(need.provider)
      for (const file of found.files?.(need.path, need.keys) ?? []) await asking.requireFile?.(file)
      return await found.get(need.path, need.keys, asking.budget)
    } catch (error) {
      throw failure(need, asking.owner, error)
    }
  }

  function remembered(need: Need, asking: Asking): Promise<ConfigData> {
    const { maxAgeMs = 0 } = asking
    if (maxAgeMs === 0) return lookUp(need, asking)
    const id = JSON.stringify([asking.owner, need.provider, need.path, need.keys])
    const before = seen.get(id)
    if (before !== undefined && Date.now() - before.at < maxAgeMs) return before.data
    const data = lookUp(need, asking)
    seen.set(id, { at: Date.now(), data })
    data.catch(() => seen.set(id, { at: Date.now() - Math.max(0, maxAgeMs - FAILED_MS), data }))
    return data
  }

  return {
    async resolve(configs, asking) {
      const needs = needsOf(configs, known)
      if (needs.length === 0) return { configs, values: [], ttlMs: null }
      const found = await Promise.all(needs.map(async (need) => ({ need, data: await remembered(need, asking) })))
      const textOf = ({ provider: name, path, key }: Variable) =>
        found.find(({ need }) => need.provider === name && need.path === path)?.data.values[key]
      const ttls = found.map(({ data }) => data.ttlMs).filter((ttl) => ttl !== undefined)
      return {
        configs: configs.map((config) => replaced(config, textOf)),
        values: found.flatMap(({ data }) => Object.values(data.values)),
        ttlMs: ttls.length === 0 ? null : Math.min(...ttls),
      }
    },
  }
}

interface Need {
  readonly provider: string
  readonly path: string
  readonly keys: readonly string[]
  /** The first setting that refers to the path. */
  readonly setting: string
}

function needsOf(configs: readonly RawConfig[], known: ReadonlySet<string>): Need[] {
  const needs = new Map<string, { setting: string; provider: string; path: string; keys: Set<string> }>()
  for (const [setting, value] of configs.flatMap((config) => Object.entries(config))) {
    if (!hasVariables(value)) continue
    for (const { provider, path, key } of variablesOf(value)) {
      if (!known.has(provider)) continue
      const id = JSON.stringify([provider, path])
      const need = needs.get(id) ?? { setting, provider, path, keys: new Set() }
      need.keys.add(key)
      needs.set(id, need)
    }
  }
  return [...needs.values()].map((need) => ({ ...need, keys: [...need.keys].sort() }))
}

function replaced(config: RawConfig, textOf: (variable: Variable) => string | undefined): RawConfig {
  const entries = Object.entries(config).map(([key, value]) => [
    key,
    hasVariables(value) ? replaceVariables(value, textOf) : value,
  ])
  return Object.fromEntries(entries) as RawConfig
}

async function make(name: string, worker: RawConfig): Promise<ConfigProvider> {
  const setting = `config.providers.${name}.class`
  const type = worker[setting]
  if (type === undefined || type === null || type.trim() === '')
    throw new ConfigError(`config.providers names ${name}, and ${setting} is missing`)
  const prefix = `config.providers.${name}.param.`
  const params = Object.entries(worker).filter(([key]) => key.startsWith(prefix))
  const [{ find }, { logger }] = await Promise.all([import('../registry.ts'), import('../observe/log.ts')])
  const declaration = await find('config_provider', type.trim()).catch((error: Error) => {
    throw new ConfigError(`Invalid value ${type} for configuration ${setting}: ${error.message}`, error)
  })
  const own = Object.fromEntries(params.map(([key, value]) => [key.slice(prefix.length), value]))
  return configure(declaration, own, logger({}), prefix)
}

function failure({ provider, path, setting }: Need, owner: string, error: unknown): Error {
  if (!(error instanceof ConnectError)) return error as Error
  const at = path === '' ? '' : `, path ${path}`
  const text = `${owner}: the setting ${setting} can't be resolved by the config provider ${provider}${at}: ${error.message}`
  return error.kind === 'retriable' ? new RetriableError(text, error) : new ConfigError(text, error)
}
