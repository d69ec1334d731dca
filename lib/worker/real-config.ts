/**
 * A connector's config as its plugins get it: references replaced. It is made anew wherever it is needed, and neither
 * stored nor shown; the topics and the table keep the references.
 */
import { type Budget, budget } from '../connect/budget.ts'
import { ConfigError, ConnectError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { Secrets } from '../observe/secrets.ts'
import { hasVariables } from './config-variables.ts'
import { declaredSettings, type FindPlugin } from './declared-settings.ts'
import { mayReach, mayReachAny, notAllowed, requireFile } from './file-access.ts'
import { secretValues } from './secrets.ts'
import type { Worker } from './settings.ts'

export interface RealConfig {
  readonly config: RawConfig
  /** Null where none was given. */
  readonly taskConfig: RawConfig | null
  /** What was looked up. */
  readonly values: readonly string[]
  /** How long the looked-up values hold, in ms; null: nobody says. */
  readonly ttlMs: number | null
}

export interface RealConfigOptions {
  readonly taskConfig?: RawConfig
  /** Values that were looked up within this time, in ms, are good enough. Default: none are. */
  readonly maxAgeMs?: number
  readonly within?: Budget
  readonly limitMs?: number
}

/** Below API Gateway's 30 s. */
const LOOK_UP_MS = 20_000

/** `ConfigError`, or retriable, where a reference can't be resolved: names the connector, setting, provider and path. */
export async function realConfig(worker: Worker, raw: RawConfig, options: RealConfigOptions = {}): Promise<RealConfig> {
  const { taskConfig = null, maxAgeMs = 0, within, limitMs = LOOK_UP_MS } = options
  const configs = taskConfig === null ? [raw] : [raw, taskConfig]
  if (!configs.some(hasReferences)) return { config: raw, taskConfig, values: [], ttlMs: null }
  using time = budget(limitMs, within)
  const { configs: real, ...found } = await worker.providers.resolve(configs, {
    owner: `Connector ${raw['name']}`,
    requireFile: (file) => requireFile(worker, file),
    maxAgeMs,
    budget: time,
  })
  return { config: real[0] ?? raw, taskConfig: real[1] ?? taskConfig, ...found }
}

function hasReferences(config: RawConfig): boolean {
  return Object.values(config).some(hasVariables)
}

/** For those who only watch a connector: looked-up values may be so old, and a look-up may take so long, in ms. */
export const WATCHED: RealConfigOptions = { maxAgeMs: 300_000, limitMs: 3_000 }

/**
 * A connector's view with its references resolved, for those who watch and plan: not always by values of now, and as
 * it is written where they can't be had. A start says why.
 */
export async function watchedView<
  V extends { readonly config: RawConfig | null; readonly tasks: readonly RawConfig[] },
>(worker: Worker, view: V, secrets: Secrets): Promise<V> {
  if (view.config === null || ![view.config, ...view.tasks].some(hasReferences)) return view
  const name = view.config['name']
  try {
    const reals = [view.config, ...view.tasks.map((task) => ({ ...task, name }))].map(async (raw) => {
      const { config, values } = await realConfig(worker, raw, WATCHED)
      if (values.length > 0) secrets.add(values)
      return config
    })
    const [config, ...tasks] = await Promise.all(reals)
    return { ...view, config, tasks }
  } catch (error) {
    if (error instanceof ConnectError) return view
    throw error
  }
}

/** What no text about the connector may show: what was looked up, its passwords, and those of the worker. */
export async function secretsOf(worker: Worker, real: RealConfig, find: FindPlugin): Promise<string[]> {
  const own = await secretValues(real.config, find)
  const tasks = real.taskConfig === null ? [] : await secretValues(classed(real, real.taskConfig), find)
  return [...worker.secrets, ...real.values, ...own, ...tasks]
}

/** The errors, by setting, of those that name files which a connector may not reach. */
export async function forbiddenFiles(
  worker: Worker,
  raw: RawConfig,
  find: FindPlugin,
): Promise<ReadonlyMap<string, string>> {
  const errors = new Map<string, string>()
  if (mayReachAny(worker)) return errors
  for (const [key, setting] of await declaredSettings(raw, find)) {
    const value = raw[key]?.trim()
    if (setting.files === undefined || value === undefined) continue
    for (const file of setting.files(value))
      if (!(await mayReach(worker, file))) errors.set(key, ConfigError.invalid(key, value, notAllowed(worker)).message)
  }
  return errors
}

/** `ConfigError` where the config or the task config names a file that a connector may not reach. */
export async function requireFiles(worker: Worker, real: RealConfig, find: FindPlugin): Promise<void> {
  const configs = real.taskConfig === null ? [real.config] : [real.config, classed(real, real.taskConfig)]
  for (const config of configs) {
    const [error] = (await forbiddenFiles(worker, config, find)).values()
    if (error === undefined) continue
    const secrets = new Secrets(await secretsOf(worker, real, find))
    throw new ConfigError(secrets.scrub(`Connector ${real.config['name']}: ${error}`))
  }
}

/** A task config may leave out whose it is. */
function classed(real: RealConfig, taskConfig: RawConfig): RawConfig {
  return { ...taskConfig, 'connector.class': real.config['connector.class'] }
}
