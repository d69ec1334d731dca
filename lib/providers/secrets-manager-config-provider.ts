/** AWS Secrets Manager: `${secretsmanager:NAME:key}` of a JSON secret, `${secretsmanager:NAME}` for the whole text. */
import { GetSecretValueCommand, ResourceNotFoundException, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Budget } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import { type ConfigData, type ConfigProvider, plugin } from '../connect/plugin.ts'
import { type ConfigOf, string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import { AWS_SETTINGS, awsFailure, clientOptions, decoded, shortest, withTtl } from './aws-lookup.ts'

const SETTINGS = {
  ...AWS_SETTINGS,
  RawSecretEncoding: string({
    doc: 'How a whole secret is given: none, as it is; or base64.',
    importance: 'low',
    default: 'none',
    validator: oneOf('none', 'base64'),
  }),
} as const

export default plugin<ConfigProvider, typeof SETTINGS>({
  class: 'com.amazonaws.kafka.config.providers.SecretsManagerConfigProvider',
  version: '0.4.0',
  doc: 'AWS Secrets Manager: the path is the name or the URL-encoded ARN of a secret, the key a key of its JSON object. Without a path the key is the secret, and the value its whole text. `?ttl=MS` after the key says how long the value holds.',
  settings: SETTINGS,
  create(config) {
    const client = new SecretsManagerClient(clientOptions(config))
    return {
      get: (path, keys, budget) =>
        path === '' ? wholeSecrets(client, config, keys, budget) : keysOf(client, config, path, keys, budget),
    }
  },
})

type Config = ConfigOf<typeof SETTINGS>

async function keysOf(
  client: SecretsManagerClient,
  config: Config,
  path: string,
  keys: readonly string[],
  budget: Budget,
): Promise<ConfigData> {
  const text = await secretText(client, path, budget)
  if (text === null && config.NotFoundStrategy === 'fail') throw new ConfigError(`There is no secret ${path}`)
  const secret = text === null ? new Map<string, string>() : textsOf(path, text)
  const wanted = keys.map((key) => ({ key, ...withTtl(key) }))
  const values = wanted.map(({ key, name }) => {
    const value = secret.get(name)
    if (value === undefined && config.NotFoundStrategy === 'fail')
      throw new ConfigError(`The secret ${path} has no key ${name}`)
    return [key, value ?? ''] as const
  })
  return { values: Object.fromEntries(values), ...shortest(wanted.map(({ ttlMs }) => ttlMs)) }
}

async function wholeSecrets(
  client: SecretsManagerClient,
  config: Config,
  keys: readonly string[],
  budget: Budget,
): Promise<ConfigData> {
  const wanted = keys.map((key) => ({ key, ...withTtl(key) }))
  const values = wanted.map(async ({ key, name }) => {
    const text = await secretText(client, name, budget)
    if (text === null && config.NotFoundStrategy === 'fail') throw new ConfigError(`There is no secret ${name}`)
    const whole = text ?? ''
    return [key, config.RawSecretEncoding === 'base64' ? Buffer.from(whole).toString('base64') : whole] as const
  })
  return { values: Object.fromEntries(await Promise.all(values)), ...shortest(wanted.map(({ ttlMs }) => ttlMs)) }
}

/** Null where there is none. */
async function secretText(client: SecretsManagerClient, path: string, budget: Budget): Promise<string | null> {
  const command = new GetSecretValueCommand({ SecretId: decoded(path) })
  try {
    const { SecretString: text, SecretBinary: bytes } = await client.send(command, { abortSignal: budget.signal })
    return text ?? Buffer.from(bytes ?? []).toString('utf8')
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null
    throw awsFailure(`The secret ${path} can't be read`, error)
  }
}

/** Numbers keep their digits; an object or a list inside is its JSON text. */
function textsOf(path: string, text: string): ReadonlyMap<string, string> {
  const secret = jsonOf(text)
  // The parser's own message would quote the secret.
  if (typeof secret !== 'object' || secret === null || Array.isArray(secret))
    throw new ConfigError(`The secret ${path} is not a JSON object: refer to it as a whole, without a key`)
  const entries = Object.entries(secret).filter(([, value]) => value !== null)
  return new Map(entries.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]))
}

/** Null for what is no JSON. */
function jsonOf(text: string): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(source: string): unknown }
  const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? rawJSON(context.source) : value
  try {
    return JSON.parse(text, keepDigits) as unknown
  } catch {
    return null
  }
}
