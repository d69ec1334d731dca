/** References in settings, `${provider:path:key}` or `${provider:key}`, as Kafka's `ConfigTransformer` reads them (KIP-297). */
import type { RawConfig } from '../connect/settings.ts'

export interface Variable {
  readonly provider: string
  /** Empty where the reference has none. */
  readonly path: string
  readonly key: string
}

const VARIABLE = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

export function variablesOf(value: string): Variable[] {
  return [...value.matchAll(VARIABLE)].map(variable)
}

/** What `textOf` doesn't know stays as it is written. */
export function replaceVariables(value: string, textOf: (variable: Variable) => string | undefined): string {
  return value.replace(VARIABLE, (...match: string[]) => textOf(variable(match)) ?? (match[0] as string))
}

function variable([, provider = '', path = '', key = '']: readonly (string | undefined)[]): Variable {
  return { provider, path, key }
}

export function hasVariables(value: string | null | undefined): value is string {
  return typeof value === 'string' && value.includes('${') && value.search(VARIABLE) >= 0
}

/** A value that is a reference and nothing else: it says nothing of what it stands for. */
export function isVariable(value: string): boolean {
  return value.trim() !== '' && value.trim().replace(VARIABLE, '') === ''
}

/** The settings with values that hold references. */
function keysWithVariables(raw: RawConfig): string[] {
  return Object.keys(raw).filter((key) => hasVariables(raw[key]))
}

/**
 * A task config made of resolved settings as it is stored: what the connector's config refers to, it refers to again
 * (`AbstractHerder.reverseTransform`).
 */
export function asWritten(raw: RawConfig, taskConfig: Readonly<Record<string, string>>): Record<string, string> {
  const references = keysWithVariables(raw).filter((key) => key in taskConfig)
  return { ...taskConfig, ...Object.fromEntries(references.map((key) => [key, raw[key] as string])) }
}
