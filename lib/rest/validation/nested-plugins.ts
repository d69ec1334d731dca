/** The settings of transforms and predicates under their aliases (`ConnectorConfig.enrich`). */
import { type Definition, sorted } from '../../connect/definition.ts'
import { ConfigError } from '../../connect/errors.ts'
import { boolean, check, className, parseText, type RawConfig, type Settings, string } from '../../connect/settings.ts'
import type { ValidationDeps } from '../deps.ts'
import { findOrWhy } from '../plugin-registry.ts'
import { recommends } from './base-settings.ts'
import type { Findings } from './config-infos.ts'
import { versionMismatch } from './plugin-version.ts'

interface Kind {
  readonly key: 'transforms' | 'predicates'
  readonly group: 'Transforms' | 'Predicates'
  readonly base: 'Transformation' | 'Predicate'
  readonly kind: 'transformation' | 'predicate'
  readonly implicit: Settings
}

const TRANSFORMS: Kind = {
  key: 'transforms',
  group: 'Transforms',
  base: 'Transformation',
  kind: 'transformation',
  implicit: {
    predicate: string({
      doc: 'The alias of a predicate used to determine whether to apply this transformation.',
      default: null as string | null,
    }),
    negate: boolean({ doc: 'Whether the configured predicate should be negated.', default: false }),
  },
}
const PREDICATES: Kind = {
  key: 'predicates',
  group: 'Predicates',
  base: 'Predicate',
  kind: 'predicate',
  implicit: {},
}

/** All transforms, then all predicates; a twice named alias once. */
export async function addNested(deps: ValidationDeps, raw: RawConfig, findings: Findings): Promise<void> {
  for (const kind of [TRANSFORMS, PREDICATES]) {
    const aliases = parseText(kind.key, raw[kind.key] ?? null, 'list') as readonly string[] | null
    for (const alias of new Set(aliases ?? [])) await addAlias(deps, kind, alias, raw, findings)
  }
}

interface Plugin {
  readonly class: string
  readonly version: string
  readonly settings: Settings
  readonly additions?: Settings
}

async function addAlias(
  deps: ValidationDeps,
  kind: Kind,
  alias: string,
  raw: RawConfig,
  findings: Findings,
): Promise<void> {
  const prefix = `${kind.key}.${alias}.`
  const group = `${kind.group}: ${alias}`
  const name = raw[`${prefix}type`]
  const found = typeof name === 'string' ? await findOrWhy(deps.registry, kind.kind, name.trim()) : null
  const plugin = typeof found === 'string' ? null : found
  const head = await headSettings(deps, kind, alias, plugin)
  const version = `${prefix}plugin.version`
  const mismatch = plugin === null ? null : await versionMismatch(deps.registry, plugin.class, raw[version])
  const own = plugin === null || mismatch !== null ? [] : ownSettings(plugin, kind, prefix, raw)
  const settings = Object.fromEntries([...Object.entries(head), ...own])
  let order = 0
  const rename = (definition: Definition): Definition => ({
    ...definition,
    name: prefix + definition.name,
    group: definition.group === null || definition.group === '' ? group : `${group}: ${definition.group}`,
    order_in_group: order++,
    dependents: definition.dependents.map((dependent) => prefix + dependent),
  })
  findings.add(settings, check(settings, raw, prefix), rename)
  const type = findings.get(`${prefix}type`)
  if (mismatch !== null) for (const key of [`${prefix}type`, version]) findings.error(key, mismatch)
  if (plugin !== null && type !== undefined) {
    type.value = plugin.class
    if (raw[`${prefix}negate`] !== undefined && raw[`${prefix}predicate`] === undefined && kind.key === 'transforms')
      type.errors.push(
        `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
      )
  } else if (type !== undefined && typeof name === 'string' && typeof found === 'string') {
    type.value = null
    type.errors.push(await missing(deps, kind, `${prefix}type`, name.trim(), found))
  }
}

/** Connect's lists lack the additions: they are shown, and checked, where the config has them. */
function ownSettings({ settings, additions = {} }: Plugin, { implicit }: Kind, prefix: string, raw: RawConfig) {
  const used = Object.entries(additions).filter(([name]) => raw[prefix + name] !== undefined)
  return [...sorted({ ...settings, ...implicit }), ...used]
}

/** `type` and `plugin.version`, which each has. */
async function headSettings(deps: ValidationDeps, kind: Kind, alias: string, plugin: Plugin | null): Promise<Settings> {
  const known = (await deps.registry.plugins()).filter((one) => one.kind === kind.kind).map((one) => one.class)
  const versions = plugin === null ? [] : [plugin.version]
  return {
    type: className({
      doc: `Class for the '${alias}' ${kind.kind}.`,
      importance: 'high',
      group: '',
      width: 'LONG',
      displayName: `${kind.base} type for ${alias}`,
      recommender: recommends(known),
    }),
    'plugin.version': string({
      doc: `Version of the '${alias}' ${kind.kind}.`,
      importance: 'high',
      default: plugin?.version ?? null,
      group: '',
      width: 'LONG',
      displayName: `${kind.base} version for ${alias}`,
      recommender: recommends(versions),
    }),
  }
}

/** A class that is there, but something else, is told apart from one that nobody knows. */
async function missing(deps: ValidationDeps, kind: Kind, key: string, name: string, why: string): Promise<string> {
  const other = (await deps.registry.plugins()).find((plugin) => plugin.class === name)
  if (other !== undefined) return `Class class ${name} does not implement the ${kind.base} interface`
  if (why.startsWith('This class is abstract')) return why
  return ConfigError.invalid(key, name, why).message
}
