/** Which values of a config are secret. */
import type { RawConfig } from '../connect/settings.ts'
import { HIDDEN } from '../observe/secrets.ts'
import { isVariable } from './config-variables.ts'
import { declaredSettings, type FindPlugin } from './declared-settings.ts'

/** Of settings that nobody declares. */
const SECRET_NAME = /passw|secret|token|credential|jaas|access[._-]?key|api[._-]?key|private[._-]?key/i
/** A login module's own secrets, inside of the one setting. */
const INSIDE_JAAS = /\b\w*(?:password|secret|token)\w*\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s;"']+))/gi

/**
 * The config as Penstock's own endpoints, logs and diffs show it: settings of type password hidden, and those that
 * nobody declares and that are named as secrets are. A reference to a config provider is shown as it is written.
 */
export async function maskSecrets(raw: RawConfig, find: FindPlugin): Promise<Record<string, string | null>> {
  const keys = await secretKeys(raw, find)
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => {
      if (typeof value !== 'string') return [key, null]
      return [key, keys.has(key) && value !== '' && !isVariable(value) ? HIDDEN : value]
    }),
  )
}

/** The values of the settings that `maskSecrets` hides, for `Secrets`. */
export async function secretValues(raw: RawConfig, find: FindPlugin): Promise<string[]> {
  const keys = await secretKeys(raw, find)
  return [...keys].flatMap((key) => valuesWithin(key, raw[key]))
}

/** The same for a worker's settings, which are told by their names. */
export function secretWorkerValues(raw: RawConfig): string[] {
  return Object.keys(raw)
    .filter((key) => isSecretName(key))
    .flatMap((key) => valuesWithin(key, raw[key]))
}

async function secretKeys(raw: RawConfig, find: FindPlugin): Promise<ReadonlySet<string>> {
  const declared = await declaredSettings(raw, find)
  const isSecret = (key: string) => {
    const setting = declared.get(key)
    return setting === undefined ? isSecretName(key) : setting.type === 'password'
  }
  return new Set(Object.keys(raw).filter(isSecret))
}

function isSecretName(key: string): boolean {
  return SECRET_NAME.test(key) && !/\.(?:class|type|location|url|endpoint\.url|id)$/.test(key)
}

function valuesWithin(key: string, value: string | null | undefined): string[] {
  if (typeof value !== 'string') return []
  if (!/jaas/i.test(key)) return [value]
  const inside = [...value.matchAll(INSIDE_JAAS)].map(([, quoted, single, bare]) => quoted ?? single ?? bare ?? '')
  return [value, ...inside.map((text) => text.replace(/\\(.)/g, '$1'))]
}
