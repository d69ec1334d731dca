/** Which plugins configs ask for, and whether Penstock has them. */
import { distance } from 'fastest-levenshtein'
import { ConnectError } from '../connect/errors.ts'
import type { RawConfig } from '../connect/settings.ts'
import { lookUp, type PluginKind, plugins } from '../registry.ts'

type AskedKind = PluginKind | 'connector'

export interface PluginUse {
  /** That names the class. */
  readonly setting: string
  readonly kind: AskedKind
  readonly class: string
  readonly found: boolean
  /** Of one that is missing: the one with the most similar name; null where none is similar. */
  readonly nearest: string | null
}

/** Those of a connector's own config. */
export function connectorPlugins(config: RawConfig): PluginUse[] {
  return [
    ...named(config, 'connector.class', 'connector'),
    ...converters(config),
    ...listed(config, 'transforms', 'transformation'),
    ...listed(config, 'predicates', 'predicate'),
  ]
}

/** The worker's default converters and its config providers. */
export function workerPlugins(config: RawConfig): PluginUse[] {
  return [...converters(config), ...configProviders(config)]
}

export function configProviders(config: RawConfig): PluginUse[] {
  return names(config['config.providers']).flatMap((name) =>
    named(config, `config.providers.${name}.class`, 'config_provider'),
  )
}

function converters(config: RawConfig): PluginUse[] {
  return [
    ...named(config, 'key.converter', 'converter'),
    ...named(config, 'value.converter', 'converter'),
    ...named(config, 'header.converter', 'header_converter'),
  ]
}

function listed(config: RawConfig, key: 'transforms' | 'predicates', kind: AskedKind): PluginUse[] {
  return names(config[key]).flatMap((alias) => named(config, `${key}.${alias}.type`, kind))
}

function named(config: RawConfig, setting: string, kind: AskedKind): PluginUse[] {
  const name = config[setting]
  if (name === undefined || name === null || name === '') return []
  const found = isKnown(kind, name)
  return [{ setting, kind, class: name, found, nearest: found ? null : nearest(kind, name) }]
}

function isKnown(kind: AskedKind, name: string): boolean {
  try {
    lookUp(kind, name)
    return true
  } catch (error) {
    if (error instanceof ConnectError) return false
    throw error
  }
}

/** Another vendor's class often has the same name in another package, or a part of it. */
function nearest(kind: AskedKind, name: string): string | null {
  const wanted = bareName(name)
  const candidates = plugins()
    .filter((plugin) => plugin.kind === kind || (kind === 'connector' && /^(source|sink)$/.test(plugin.kind)))
    .map((plugin) => {
      const steps = [plugin.class, ...plugin.aliases].map((each) => stepsBetween(wanted, bareName(each)))
      const isOtherHalf = half(plugin.class) !== half(name)
      return { class: plugin.class, steps: Math.min(...steps) + (isOtherHalf ? 0.5 : 0) }
    })
    .sort((a, b) => a.steps - b.steps)
  const [best] = candidates
  return best !== undefined && best.steps <= Math.max(1, wanted.length / 3) ? best.class : null
}

/** A name shorter than this is a part of too many others. */
const TELLING = 4

function stepsBetween(a: string, b: string): number {
  const isPart = Math.min(a.length, b.length) >= TELLING && (a.includes(b) || b.includes(a))
  return Math.min(distance(a, b), isPart ? 1 : Number.POSITIVE_INFINITY)
}

/** Without the package, the half of a transform, and what all of its kind are called. */
function bareName(name: string): string {
  const simple = name.slice(name.lastIndexOf('.') + 1).replace(/\$.*$/, '')
  return simple.replace(/(Connector|Converter|Transformation|Predicate|ConfigProvider|Provider)$/, '') || simple
}

function half(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).split('$')[1] ?? ''
}

function names(value: string | null | undefined): string[] {
  return (value ?? '').split(',').flatMap((name) => name.trim() || [])
}
