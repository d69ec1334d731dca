/** `allowed.paths` of the providers that read files (`AllowedPaths`, KIP-993). */
import { existsSync } from 'node:fs'
import { isAbsolute, normalize, sep } from 'node:path'
import { ConfigError } from '../connect/errors.ts'
import { list } from '../connect/settings.ts'

export const allowedPaths = list({
  doc: 'The files and folders that references may name, comma-separated, absolute. Empty: any.',
  importance: 'high',
  default: [],
  validator: {
    allowed: 'existing absolute paths',
    check(_name, value) {
      for (const path of value as readonly string[]) {
        if (!isAbsolute(path)) throw new ConfigError(`Path ${path} is not absolute`)
        if (!existsSync(path)) throw new ConfigError(`Path ${path} does not exist`)
      }
    },
  },
})

/** A reference to another path stays as it is written, as in Kafka. */
export function isAllowed(path: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true
  const wanted = `${normalize(path)}${sep}`
  return allowed.some((each) => wanted.startsWith(`${normalize(each).replace(/[/\\]+$/, '')}${sep}`))
}
