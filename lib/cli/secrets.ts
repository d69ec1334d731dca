/** Which of a connector's settings are secrets, so that they aren't printed. */
import { at, type Client } from './client.ts'

export type Config = Readonly<Record<string, string | null>>

/** As Penstock's own endpoints say it. */
export const HIDDEN = '********'

/** By their names: of transforms, converters and clients, and of plugins that the server doesn't know. */
const TELLING =
  /pass(word|phrase|wd)|secret|token|credential|jaas|private[._-]?key|(api|access|account|auth|ssl)[._-]?key/i
/** Names that tell of a secret and hold none. */
const HARMLESS = /(\.class|\.type|\.provider|\.algorithm|\.location|\.path|\.file|\.url|\.ms|\.enable|\.enabled)$/i
/** A reference to a config provider is no secret. */
const REFERENCE = /^\$\{[^}]+\}$/

export type IsSecret = (key: string) => boolean

/** By the plugin's own declarations, where the server has the plugin. */
export async function secretsOf(client: Client, connectorClass: string | null | undefined): Promise<IsSecret> {
  const declared = new Map<string, string>()
  if (connectorClass != null && connectorClass !== '') {
    const found = await client.find<{ name: string; type: string }[]>(at`/connector-plugins/${connectorClass}/config`)
    for (const { name, type } of found ?? []) declared.set(name, type)
  }
  return (key) => declared.get(key) === 'PASSWORD' || (TELLING.test(key) && !HARMLESS.test(key))
}

/** The config with secrets hidden; an empty one and a reference are shown. */
export function masked(config: Config, isSecret: IsSecret): Config {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, shown(key, value, isSecret)]))
}

function shown(key: string, value: string | null, isSecret: IsSecret): string | null {
  return value === null || value === '' || REFERENCE.test(value) || !isSecret(key) ? value : HIDDEN
}
