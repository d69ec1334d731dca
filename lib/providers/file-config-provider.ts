/** Values of a properties file: `${file:/run/secrets/db.properties:password}`. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../connect/errors.ts'
import { type ConfigProvider, plugin } from '../connect/plugin.ts'
import { propertiesOf } from '../java/properties-file.ts'
import { allowedPaths, isAllowed } from './allowed-paths.ts'

const SETTINGS = { 'allowed.paths': allowedPaths } as const

export default plugin<ConfigProvider, typeof SETTINGS>({
  class: 'org.apache.kafka.common.config.provider.FileConfigProvider',
  version: '4.3.1',
  doc: 'Values of a Java properties file: the path is the file, the key is the property.',
  settings: SETTINGS,
  create(config) {
    const allowed = config['allowed.paths']
    const read = (path: string) => path !== '' && isAllowed(path, allowed)
    return {
      files: (path) => (read(path) ? [path] : []),
      async get(path, keys) {
        if (!read(path)) return { values: {} }
        const found = propertiesOf(await textOf(path))
        const wanted = Object.entries(found).filter(([key]) => keys.includes(key))
        return { values: Object.fromEntries(wanted) }
      },
    }
  },
})

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(
      `Could not read properties from file ${path} (${(cause as NodeJS.ErrnoException).code})`,
      cause,
    )
  }
}
