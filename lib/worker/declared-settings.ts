/** Who declares the settings of a connector's config: the connector, its converters, transforms and predicates, its clients. */
import { parseText, type RawConfig, type Setting, type Settings } from '../connect/settings.ts'
import { COMMON_PROPERTIES } from '../kafka/client-properties.ts'
import type { Declarations } from '../registry.ts'

/** As the registry's `find`; rejects for a name that nobody has. */
export type FindPlugin = <K extends keyof Declarations>(kind: K, name: string) => Promise<Declarations[K]>

const CONVERTERS = [
  ['key.converter', 'converter'],
  ['value.converter', 'converter'],
  ['header.converter', 'header_converter'],
] as const
const NESTED = [
  ['transforms', 'transformation'],
  ['predicates', 'predicate'],
] as const
const CLIENTS = ['producer.override.', 'consumer.override.', 'admin.override.']

/** By key, with its prefix, as in the config. What no plugin answers for is left out, and so is a plugin that isn't there. */
export async function declaredSettings(raw: RawConfig, find: FindPlugin): Promise<ReadonlyMap<string, Setting>> {
  const declared = new Map<string, Setting>()
  const add = (prefix: string, settings: Settings) => {
    for (const [key, setting] of Object.entries(settings)) declared.set(prefix + key, setting)
  }
  const addPlugin = async (kind: keyof Declarations, name: string | null | undefined, prefix: string) => {
    if (typeof name !== 'string') return
    const plugin = await find(kind, name.trim()).catch(() => null)
    if (plugin === null) return
    add(prefix, plugin.settings)
    if ('clientPrefixes' in plugin) for (const client of plugin.clientPrefixes ?? []) add(client, COMMON_PROPERTIES)
    if ('additions' in plugin) add(prefix, plugin.additions ?? {})
  }
  for (const prefix of CLIENTS) add(prefix, COMMON_PROPERTIES)
  for (const [key, kind] of CONVERTERS) await addPlugin(kind, raw[key], `${key}.`)
  for (const [key, kind] of NESTED) {
    const aliases = (parseText(key, raw[key] ?? '', 'list') ?? []) as readonly string[]
    for (const alias of aliases) await addPlugin(kind, raw[`${key}.${alias}.type`], `${key}.${alias}.`)
  }
  await addPlugin('connector', raw['connector.class'], '')
  return declared
}
