/** Environment variables of the function or the worker (KIP-887): `${env:DB_PASSWORD}`. */
import { ConfigError } from '../connect/errors.ts'
import { type ConfigProvider, plugin } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { validRegex } from '../java/regex-validator.ts'
import { compile } from '../java/regular-expression.ts'

/** The function's own: a connector has no business with them unless the pattern says so. */
const OWN = /^(AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|AWS_CONTAINER_.*|PENSTOCK_WORKER)$/

const SETTINGS = {
  'allowlist.pattern': string({
    doc: "Which variables references may name, a regular expression of the whole name. Not set: all but the function's own credentials and settings.",
    default: null as string | null,
    validator: { ...validRegex, check: (name, value) => (value === null ? undefined : validRegex.check(name, value)) },
  }),
} as const

export default plugin<ConfigProvider, typeof SETTINGS>({
  class: 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
  version: '4.3.1',
  doc: 'An environment variable: the key is its name; there is no path.',
  settings: SETTINGS,
  create(config) {
    const pattern = config['allowlist.pattern']
    const regex = pattern === null ? null : compile(pattern)
    const isAllowed = (name: string) => (regex === null ? !OWN.test(name) : regex.matches(name))
    return {
      async get(path, keys) {
        if (path !== '')
          throw new ConfigError(`Path is not supported for EnvVarConfigProvider, invalid value '${path}'`)
        const found = keys.filter(isAllowed).flatMap((name) => {
          const value = process.env[name]
          return value === undefined ? [] : [[name, value] as const]
        })
        return { values: Object.fromEntries(found) }
      },
    }
  },
})
