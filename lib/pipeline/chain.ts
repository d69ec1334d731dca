/** A connector's converters and transforms, made from its settings. */
import { ConfigError } from '../connect/errors.ts'
import {
  type Converter,
  type ConverterPlugin,
  configure,
  type HeaderConverter,
  type OneToMany,
  type PluginLog,
  type PluginOf,
  type Predicate,
  type PredicatePlugin,
  type Transform,
  type TransformPlugin,
} from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import type { ConnectorSettings, PluginUse, TransformUse } from '../worker/connector-settings.ts'

/** A plugin with the Java name by which errors call it. */
export interface Named<P> {
  readonly class: string
  readonly plugin: P
}

export interface TransformStep extends Named<Transform | OneToMany> {
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

/** `ConfigError` for a plugin that isn't there, or for its settings. Transforms and predicates get the log. */
export async function buildChain(settings: ConnectorSettings, plugins: PluginSource, log: PluginLog): Promise<Chain> {
  const [key, value, header, transforms] = await Promise.all([
    dataConverter('key.converter', settings.keyConverter, plugins),
    dataConverter('value.converter', settings.valueConverter, plugins),
    headerConverter(settings.headerConverter, plugins),
    Promise.all(settings.transforms.map((use) => transformStep(use, plugins, log))),
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
  const make = () => create(parse(found.settings, use.raw, `${setting}.`), setting === 'key.converter', use.raw)
  return { class: found.class, plugin: under(`${setting}.`, make) }
}

async function headerConverter(use: PluginUse, plugins: PluginSource): Promise<Named<HeaderConverter>> {
  const found = await plugins.headerConverter(use.class)
  if (found.createHeader === undefined)
    throw ConfigError.invalid('header.converter', use.class, `${found.class} doesn't convert headers`)
  const { createHeader } = found
  const make = () => createHeader(parse(found.settings, use.raw, 'header.converter.'), use.raw)
  return { class: found.class, plugin: under('header.converter.', make) }
}

async function transformStep(use: TransformUse, plugins: PluginSource, log: PluginLog): Promise<TransformStep> {
  const found = await plugins.transform(use.class)
  const plugin = configured(`transforms.${use.alias}.`, found, use.raw, log)
  if (use.predicate === null) return { class: found.class, plugin, predicate: null, when: true }
  const { class: name, alias, raw, negate } = use.predicate
  const test = await plugins.predicate(name)
  const predicate = configured(`predicates.${alias}.`, test, raw, log)
  return { class: found.class, plugin, predicate, when: !negate }
}

function configured<P>(prefix: string, declaration: PluginOf<P>, raw: RawConfig, log: PluginLog): P {
  return under(prefix, () => configure(declaration, raw, log, prefix))
}

/** What a plugin itself refuses names its setting without the prefix: the error tells it before. */
function under<P>(prefix: string, make: () => P): P {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConfigError) || error.message.includes(prefix)) throw error
    throw new ConfigError(`${prefix.slice(0, -1)}: ${error.message}`, error)
  }
}
