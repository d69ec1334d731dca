/** Converters: their classes and versions among the runtime's settings, and their own settings under the prefix. */
import type { Definition } from '../../connect/definition.ts'
import { ConfigError } from '../../connect/errors.ts'
import { type Checked, check, type RawConfig } from '../../connect/settings.ts'
import { hashOrder } from '../../java/hash-order.ts'
import { under } from '../../worker/connector-settings.ts'
import type { ValidationDeps } from '../deps.ts'
import { findOrNull, findOrWhy } from '../plugin-registry.ts'
import type { Known } from './base-settings.ts'
import type { Findings } from './config-infos.ts'
import { versionMismatch } from './plugin-version.ts'

const KEYS = [
  { key: 'key.converter', type: 'key', kind: 'converter', base: 'Converter' },
  { key: 'value.converter', type: 'value', kind: 'converter', base: 'Converter' },
  { key: 'header.converter', type: 'header', kind: 'header_converter', base: 'HeaderConverter' },
] as const

/** The worker's converters are the defaults; a version's default is that of the converter in use. */
export async function converterDefaults(deps: ValidationDeps, raw: RawConfig): Promise<Record<string, Known>> {
  const list = await deps.registry.plugins()
  const known: Record<string, Known> = {}
  for (const { key, kind } of KEYS) {
    const recommended = list.filter((plugin) => plugin.kind === kind).map((plugin) => plugin.class)
    const own = deps.worker.settings[key]
    const used = await deps.registry.lookUp(kind, raw[key] ?? own)
    known[key] = { default: own, recommended }
    known[`${key}.plugin.version`] = {
      default: used?.version ?? null,
      recommended: used === null ? [] : [used.version],
    }
  }
  return known
}

/** Class names become full ones; what isn't a converter is an error. */
export async function resolveConverters(deps: ValidationDeps, raw: RawConfig, findings: Findings): Promise<void> {
  const list = await deps.registry.plugins()
  for (const { key, kind, base } of KEYS) {
    const finding = findings.get(key)
    const name = raw[key]?.trim()
    if (finding === undefined || name === undefined) continue
    const plugin = await findOrWhy(deps.registry, kind, name)
    if (typeof plugin !== 'string') {
      finding.value = plugin.class
      const version = `${key}.plugin.version`
      const mismatch = await versionMismatch(deps.registry, plugin.class, raw[version])
      if (mismatch === null) continue
      if (mismatch.startsWith('Plugin ')) finding.errors.push(mismatch)
      findings.error(version, mismatch)
    } else if (list.some((one) => one.class === name)) {
      finding.errors.push(`Class class ${name} does not implement the ${base} interface`)
    } else {
      finding.value = null
      finding.errors.push(ConfigError.invalid(key, name, plugin).message)
    }
  }
}

/** Those that the connector's config names; the worker's own aren't its business. */
export async function addConverters(deps: ValidationDeps, raw: RawConfig, findings: Findings): Promise<void> {
  for (const { key, type, kind } of [KEYS[2], KEYS[0], KEYS[1]]) {
    const name = raw[key]
    const finding = findings.get(key)
    if (typeof name !== 'string' || finding === undefined || finding.errors.length > 0) continue
    const plugin = await findOrNull(deps.registry, kind, name.trim())
    if (plugin === null) continue
    const checked = check(plugin.settings, { 'converter.type': type, ...under(`${key}.`, raw) })
    const full = inOrder(checked).map((one) => ({ ...one, name: `${key}.${one.name}` }))
    const rename = (definition: Definition): Definition => ({
      ...definition,
      name: `${key}.${definition.name}`,
      dependents: definition.dependents.map((dependent) => `${key}.${dependent}`),
    })
    findings.add(plugin.settings, full, rename)
  }
}

/** Connect keeps them in a HashMap. */
function inOrder(checked: readonly Checked[]): Checked[] {
  const byName = new Map(checked.map((one) => [one.name, one]))
  return hashOrder(byName.keys()).flatMap((name) => byName.get(name) ?? [])
}
