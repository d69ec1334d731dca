/** The plugins that a config can name: by class, alias, or the short forms that Connect takes. */
import { ConfigError, ConnectError } from './connect/errors.ts'
import type { Connector, ConverterPlugin, PredicatePlugin, ProviderPlugin, TransformPlugin } from './connect/plugin.ts'
import { PLUGINS } from './plugins.ts'

export type PluginKind =
  | 'source'
  | 'sink'
  | 'converter'
  | 'header_converter'
  | 'transformation'
  | 'predicate'
  | 'config_provider'

export interface Registered {
  readonly kind: PluginKind
  readonly class: string
  readonly aliases: readonly string[]
  readonly version: string
  load(): Promise<{ readonly default: unknown }>
}

/** What a config asks for: `connector` is either direction. */
export interface Declarations {
  readonly connector: Connector
  readonly source: Connector
  readonly sink: Connector
  readonly converter: ConverterPlugin
  readonly header_converter: ConverterPlugin
  readonly transformation: TransformPlugin
  readonly predicate: PredicatePlugin
  readonly config_provider: ProviderPlugin
}

/** All plugins, sorted by class. A converter that does headers too is there twice. */
export function plugins(): readonly Registered[] {
  return PLUGINS
}

/** The declaration, loaded. Throws Connect's error for a name that is none, or that more than one plugin answers to. */
export async function find<K extends keyof Declarations>(kind: K, name: string): Promise<Declarations[K]> {
  const entry = lookUp(kind, name)
  const declarations = (await entry.load()).default as
    | { readonly class: string }
    | readonly { readonly class: string }[]
  const list: readonly { readonly class: string }[] = Array.isArray(declarations) ? declarations : [declarations]
  const found = list.find((declaration) => declaration.class === entry.class)
  if (found === undefined) throw new TypeError(`${entry.class} isn't in its file: run bin/generate-plugins.ts`)
  return found as unknown as Declarations[K]
}

/** As `find`, without loading the plugin's code. */
export function lookUp(kind: keyof Declarations, name: string): Registered {
  const candidates = plugins().filter((plugin) => isOfKind(plugin, kind))
  const exact = candidates.find((plugin) => plugin.class === name || plugin.aliases.includes(name))
  if (exact !== undefined) return exact
  const short = candidates.filter((plugin) => shortForms(plugin).includes(name))
  if (short.length > 1 && kind === 'connector') throw manyConnectors(name, short)
  if (short[0] !== undefined && short.length === 1) return short[0]
  if (kind === 'connector' || kind === 'source' || kind === 'sink') throw noConnector(name, candidates)
  const halves = candidates.filter((plugin) => plugin.class === `${name}$Key` || plugin.class === `${name}$Value`)
  if (halves.length > 0)
    throw new ConfigError(
      `This class is abstract and cannot be created. Did you mean ${halves.map((half) => half.class).join(', ')}?`,
    )
  throw new ConfigError(`Class ${name} could not be found.`)
}

function isOfKind({ kind: own }: Registered, kind: keyof Declarations): boolean {
  return own === kind || (kind === 'connector' && (own === 'source' || own === 'sink'))
}

const SUFFIXES: Readonly<Record<PluginKind, readonly string[]>> = {
  source: ['Connector'],
  sink: ['Connector'],
  converter: ['Converter'],
  header_converter: ['HeaderConverter', 'Converter'],
  transformation: ['Transformation'],
  predicate: ['Predicate'],
  config_provider: ['ConfigProvider'],
}

/** The simple class name, and that without the suffix of its kind (`PluginUtils`). Nested classes have none. */
function shortForms({ class: name, aliases, kind }: Registered): string[] {
  return [name, ...aliases]
    .map((each) => each.slice(each.lastIndexOf('.') + 1))
    .filter((simple) => !simple.includes('$'))
    .flatMap((simple) => {
      const suffix = SUFFIXES[kind].find((each) => simple.endsWith(each) && simple.length > each.length)
      return suffix === undefined ? [simple] : [simple, simple.slice(0, -suffix.length)]
    })
}

/** `Plugins.connectorClass`: a `ConnectException`, which REST answers with 400. */
function noConnector(name: string, connectors: readonly Registered[]): ConnectError {
  return new ConnectError(
    `Failed to find any class that implements Connector and which name matches ${name}, available connectors are: ${descriptions(connectors)}`,
    { kind: 'config' },
  )
}

function manyConnectors(name: string, connectors: readonly Registered[]): ConnectError {
  return new ConnectError(
    `More than one connector matches alias ${name}. Please use full package and class name instead. Classes found: ${descriptions(connectors)}`,
    { kind: 'config' },
  )
}

function descriptions(connectors: readonly Registered[]): string {
  return connectors.map(describe).join(', ')
}

/** `PluginDesc.toString`. */
function describe({ class: name, version, kind }: Registered): string {
  return `PluginDesc{klass=class ${name}, name='${name}', version='${version}', encodedVersion=${version}, type=${kind}, typeName='${kind}', location='classpath'}`
}
