/** A chain of transforms from a case's configs, with `ConnectorConfig`'s checks and their order. */
import { sorted } from '../../lib/connect/definition.ts'
import { ConfigError, ConnectError } from '../../lib/connect/errors.ts'
import type { OneToMany, PluginLog, Predicate, PluginOf, Transform } from '../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../lib/connect/record.ts'
import { boolean, check, parse, type RawConfig } from '../../lib/connect/settings.ts'
import { find, lookUp } from '../../lib/registry.ts'

export interface Link {
  readonly alias: string
  readonly config: RawConfig
  readonly predicate?: string | null
  readonly negate?: string | null
}

export type Stage = 'config' | 'configure' | 'apply'

export class Staged extends Error {
  readonly stage: Stage

  constructor(stage: Stage, cause: unknown) {
    super(String(cause), { cause })
    this.stage = stage
  }
}

/** Runs a step and says in which stage it failed. */
export async function staged<T>(stage: Stage, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw new Staged(stage, error)
  }
}

const NO_LOG: PluginLog = { debug() {}, info() {}, warn() {}, error() {} }

interface Step {
  readonly transform: Transform | OneToMany
  readonly predicate: Predicate | null
  readonly when: boolean
}

export async function buildChain(
  links: readonly Link[],
  predicates: Readonly<Record<string, RawConfig>>,
): Promise<readonly Step[]> {
  const declared = await staged('config', async () => {
    const transforms = await Promise.all(links.map((link) => declaration('transformation', `transforms.${link.alias}.`, link.config)))
    const tests = new Map<string, PluginOf<Predicate>>()
    for (const [name, config] of Object.entries(predicates))
      tests.set(name, await declaration('predicate', `predicates.${name}.`, config))
    for (const [i, link] of links.entries()) {
      if (link.negate !== undefined && link.negate !== null)
        checkAll({ negate: boolean({ doc: '', default: false }) }, { negate: String(link.negate) }, `transforms.${link.alias}.`)
      checkAll((transforms[i] as PluginOf<Transform>).settings, link.config, `transforms.${link.alias}.`)
    }
    for (const [name, test] of tests) checkAll(test.settings, predicates[name] ?? {}, `predicates.${name}.`)
    return { transforms, tests }
  })
  return staged('configure', () =>
    links.map((link, i) => {
      const { predicate: name, negate } = link
      const plugin = declared.transforms[i] as PluginOf<Transform>
      const transform = plugin.create(parse(plugin.settings, link.config), link.config, NO_LOG)
      if (name === undefined || name === null) return { transform, predicate: null, when: true }
      const test = declared.tests.get(name)
      if (test === undefined)
        throw new ConnectError(
          `org.apache.kafka.common.config.ConfigException: Unknown configuration 'predicates.${name}.plugin.version'`,
        )
      const raw = predicates[name] ?? {}
      const when = String(negate ?? '').trim().toLowerCase() !== 'true'
      return { transform, predicate: test.create(parse(test.settings, raw), raw, NO_LOG), when }
    }),
  )
}

async function declaration<K extends 'transformation' | 'predicate'>(kind: K, prefix: string, config: RawConfig) {
  const type = config['type'] ?? null
  const what = kind === 'transformation' ? 'Transformation' : 'Predicate'
  if (type === null) throw ConfigError.invalid(`${prefix}type`, null, `Not a ${what}`)
  try {
    return await find(kind, type)
  } catch (error) {
    const message = (error as Error).message
    const other = kind === 'predicate' ? 'transformation' : 'predicate'
    if (isPlugin(other, type)) throw new ConfigError(`Class class ${type} does not implement the ${what} interface`)
    throw message.startsWith('Class ') ? ConfigError.invalid(`${prefix}type`, type, message) : error
  }
}

function isPlugin(kind: 'transformation' | 'predicate', name: string): boolean {
  try {
    return lookUp(kind, name) !== undefined
  } catch {
    return false
  }
}

function checkAll(settings: Parameters<typeof check>[0], raw: RawConfig, prefix: string): void {
  const prefixed = Object.fromEntries(Object.entries(raw).map(([key, value]) => [prefix + key, value]))
  for (const { errors } of check(Object.fromEntries(sorted(settings)), prefixed, prefix)) if (errors[0] !== undefined) throw new ConfigError(errors[0])
}

export function applyChain(steps: readonly Step[], record: ConnectRecord): ConnectRecord | null {
  let current: ConnectRecord | null = record
  for (const { transform, predicate, when } of steps) {
    if (current === null) return null
    if (predicate === null || predicate.test(current) === when) current = transform.apply(current) as ConnectRecord | null
  }
  return current
}
