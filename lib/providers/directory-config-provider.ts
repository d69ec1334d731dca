/** The files of a folder, as Kubernetes mounts a secret: `${directory:/run/secrets/db:password}`. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../connect/errors.ts'
import { type ConfigProvider, plugin } from '../connect/plugin.ts'
import { allowedPaths, isAllowed } from './allowed-paths.ts'

const SETTINGS = { 'allowed.paths': allowedPaths } as const

export default plugin<ConfigProvider, typeof SETTINGS>({
  class: 'org.apache.kafka.common.config.provider.DirectoryConfigProvider',
  version: '4.3.1',
  doc: 'The whole text of a file: the path is its folder, the key its name.',
  settings: SETTINGS,
  create(config) {
    const allowed = config['allowed.paths']
    const named = (path: string, keys: readonly string[]) =>
      path !== '' && isAllowed(path, allowed) ? keys.filter(isFileName) : []
    return {
      files: (path, keys) => named(path, keys).map((key) => join(path, key)),
      async get(path, keys) {
        const texts = named(path, keys).map(async (key) => [key, await textOf(join(path, key))] as const)
        const found = (await Promise.all(texts)).filter((entry): entry is [string, string] => entry[1] !== null)
        return { values: Object.fromEntries(found) }
      },
    }
  },
})

/** Nothing that leads elsewhere. */
function isFileName(key: string): boolean {
  return key !== '' && key !== '..' && !/[/\\]/.test(key)
}

/** Null where there is no such file, as in Kafka. */
async function textOf(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isFile() ? await readFile(file, 'utf8') : null
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new ConfigError(`Could not read file ${file} (${code})`, cause)
  }
}
