/** A connector's converters and transforms, made from its settings. */
import { ConfigError } from '../connect/errors.ts'
import {
  type Converter,
  type ConverterPlugin,
  configure,
  type HeaderConverter,
  type Predicate,
  type PredicatePlugin,
  type Transform,
  type TransformPlugin,
} from '../connect/plugin.ts'
import { parse } from '../connect/settings.ts'
import type { ConnectorSettings, PluginUse, TransformUse } from '../worker/connector-settings.ts'

/** A plugin with the Java name by which errors call it. */
export interface Named<P> {
  readonly class: string
  readonly plugin: P
}

export interface TransformStep extends Named<Transform> {
  readonly predicate: Predicate | null
  /** The transform applies where the predicate answers this. */
  readonly when: boolean
}

export interface Chain {
  readonly key: Named<Converter>
  readonly value: Named<Converter>
  readonly header: Named<HeaderConverter>
  readonly transforms: readonly TransformStep[]
}

/** Looks up declarations by any of their names; rejects with `ConfigError` for a name that no plugin has. */
export interface PluginSource {
  converter(name: string): Promise<ConverterPlugin>
  headerConverter(name: string): Promise<ConverterPlugin>
  transform(name: string): Promise<TransformPlugin>
  predicate(name: string): Promise<PredicatePlugin>
}

/** `ConfigError` for a plugin that isn't there, or for its settings. */
export async function buildChain(settings: ConnectorSettings, plugins: PluginSource): Promise<Chain> {
  const [key, value, header, transforms] = await Promise.all([
    dataConverter('key.converter', settings.keyConverter, plugins),
    dataConverter('value.converter', settings.valueConverter, plugins),
    headerConverter(settings.headerConverter, plugins),
    Promise.all(settings.transforms.map((use) => transformStep(use, plugins))),
  ])
  return { key, value, header, transforms }
}

async function dataConverter(
  setting: 'key.converter' | 'value.converter',
  use: PluginUse,
  plugins: PluginSource,
): Promise<Named<Converter>> {
  const found = await plugins.converter(use.class)
  if (found.create === undefined) throw ConfigError.invalid(setting, use.class, `${found.class} converts headers only`)
  const { create } = found
  const make = () => create(parse(found.settings, use.raw), setting === 'key.converter', use.raw)
  return { class: found.class, plugin: under(setting, make) }
}

async function headerConverter(use: PluginUse, plugins: PluginSource): Promise<Named<HeaderConverter>> {
  const found = await plugins.headerConverter(use.class)
  if (found.createHeader === undefined)
    throw ConfigError.invalid('header.converter', use.class, `${found.class} doesn't convert headers`)
  const { createHeader } = found
  const make = () => createHeader(parse(found.settings, use.raw), use.raw)
  return { class: found.class, plugin: under('header.converter', make) }
}

async function transformStep(use: TransformUse, plugins: PluginSource): Promise<TransformStep> {
  const found = await plugins.transform(use.class)
  const plugin = under(`transforms.${use.alias}`, () => configure(found, use.raw))
  if (use.predicate === null) return { class: found.class, plugin, predicate: null, when: true }
  const { class: name, alias, raw, negate } = use.predicate
  const test = await plugins.predicate(name)
  const predicate = under(`predicates.${alias}`, () => configure(test, raw))
  return { class: found.class, plugin, predicate, when: !negate }
}

/** A plugin doesn't know the prefix of its settings: an error names it. */
function under<P>(prefix: string, make: () => P): P {
  try {
    return make()
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${prefix}: ${error.message}`, error)
    throw error
  }
}
