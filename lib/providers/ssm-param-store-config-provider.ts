/** AWS Systems Manager Parameter Store: `${ssm::/db/password}`. */
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm'
import type { Budget } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import { type ConfigProvider, plugin } from '../connect/plugin.ts'
import { AWS_SETTINGS, awsFailure, clientOptions, decoded, shortest, withTtl } from './aws-lookup.ts'

export default plugin<ConfigProvider, typeof AWS_SETTINGS>({
  class: 'com.amazonaws.kafka.config.providers.SsmParamStoreConfigProvider',
  version: '0.4.0',
  doc: 'AWS Systems Manager Parameter Store, decrypted: the key is the name of the parameter; the path is not looked at. `?ttl=MS` after the name says how long the value holds.',
  settings: AWS_SETTINGS,
  create(config) {
    const client = new SSMClient(clientOptions(config))
    return {
      async get(_path, keys, budget) {
        const wanted = keys.map((key) => ({ key, ...withTtl(key) }))
        const values = wanted.map(async ({ key, name }) => {
          const value = await parameter(client, decoded(name), budget)
          if (value === null && config.NotFoundStrategy === 'fail')
            throw new ConfigError(`There is no parameter ${name}`)
          return [key, value ?? ''] as const
        })
        return { values: Object.fromEntries(await Promise.all(values)), ...shortest(wanted.map(({ ttlMs }) => ttlMs)) }
      },
    }
  },
})

/** Null where there is none. */
async function parameter(client: SSMClient, name: string, budget: Budget): Promise<string | null> {
  const command = new GetParameterCommand({ Name: name, WithDecryption: true })
  try {
    const { Parameter: found } = await client.send(command, { abortSignal: budget.signal })
    return found?.Value ?? null
  } catch (error) {
    if (error instanceof ParameterNotFound) return null
    throw awsFailure(`The parameter ${name} can't be read`, error)
  }
}
