/** The SDK's own clients, against a server that speaks the services' JSON protocol as they document it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { realConfig } from '../../../lib/worker/real-config.ts'
import { worker } from '../../../lib/worker/settings.ts'
import { type Asked, type Server, serve } from './server.ts'

const ARN = 'arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf'
const SECRETS: Readonly<Record<string, string>> = {
  db: '{"username": "kafka", "password": "pa$$word", "port": 5432, "id": 12345678901234567890, "tags": {"a": 1.0}}',
  [ARN]: '{"password": "by its ARN"}',
  text: 'not JSON: hush',
}
const PARAMETERS: Readonly<Record<string, string>> = { '/db/password': 'from the store' }

function aws({ headers, body }: Asked): { status: number; body: unknown } {
  const { SecretId: id, Name: name, WithDecryption: decrypted } = JSON.parse(body) as Record<string, string>
  switch (headers['x-amz-target']) {
    case 'secretsmanager.GetSecretValue': {
      if (id === 'denied') return { status: 400, body: { __type: 'AccessDeniedException', message: 'not for you' } }
      const text = SECRETS[id ?? '']
      const missing = {
        __type: 'ResourceNotFoundException',
        message: "Secrets Manager can't find the specified secret.",
      }
      return text === undefined
        ? { status: 400, body: missing }
        : { status: 200, body: { Name: id, SecretString: text } }
    }
    case 'AmazonSSM.GetParameter': {
      const value = decrypted ? PARAMETERS[name ?? ''] : 'encrypted'
      if (value === undefined) return { status: 400, body: { __type: 'ParameterNotFound' } }
      return { status: 200, body: { Parameter: { Name: name, Type: 'SecureString', Value: value } } }
    }
    default:
      return { status: 400, body: { __type: 'UnknownOperationException' } }
  }
}

let server: Server
const before = { ...process.env }
beforeAll(async () => {
  server = await serve(aws)
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })
})
afterAll(async () => {
  process.env = before
  await server[Symbol.asyncDispose]()
})

async function resolved(reference: string, params: RawConfig = {}) {
  const given = { region: 'us-west-2', endpoint: server.url, ...params }
  const settings = ['sm', 'ssm'].flatMap((name) =>
    Object.entries(given).map(([key, value]) => [`config.providers.${name}.param.${key}`, value]),
  )
  const own = worker({
    'config.providers': 'sm,ssm',
    'config.providers.sm.class': 'com.amazonaws.kafka.config.providers.SecretsManagerConfigProvider',
    'config.providers.ssm.class': 'com.amazonaws.kafka.config.providers.SsmParamStoreConfigProvider',
    ...Object.fromEntries(settings),
  })
  return realConfig(own, { name: 'orders', it: reference })
}

test.each([
  ['a key of a secret', '${sm:db:password}', 'pa$$word'],
  ['several of one', '${sm:db:username}:${sm:db:port}', 'kafka:5432'],
  ['a long number', '${sm:db:id}', '12345678901234567890'],
  ['what is inside', '${sm:db:tags}', '{"a":1.0}'],
  ['an encoded ARN', `\${sm:${encodeURIComponent(ARN)}:password}`, 'by its ARN'],
  ['a whole secret', '${sm:text}', 'not JSON: hush'],
  ['a parameter', '${ssm::/db/password}', 'from the store'],
])('finds %s', async (_, reference, value) => {
  expect((await resolved(reference)).config['it']).toBe(value)
})

test('gives a whole secret in base64 where that is wanted', async () => {
  const { config } = await resolved('${sm:text}', { RawSecretEncoding: 'base64' })
  expect(config['it']).toBe(Buffer.from('not JSON: hush').toString('base64'))
})

test('takes the time that a value holds from the reference', async () => {
  const { config, ttlMs } = await resolved('${sm:db:password?ttl=300000}')
  expect([config['it'], ttlMs]).toEqual(['pa$$word', 300_000])
})

const AT = "Connector orders: the setting it can't be resolved by the config provider"

test.each([
  ['${sm:nope:key}', `${AT} sm, path nope: There is no secret nope`],
  ['${sm:db:nope}', `${AT} sm, path db: The secret db has no key nope`],
  [
    '${sm:text:key}',
    `${AT} sm, path text: The secret text is not a JSON object: refer to it as a whole, without a key`,
  ],
  ['${sm:denied:key}', `${AT} sm, path denied: The secret denied can't be read: AccessDeniedException: not for you`],
  ['${ssm::/nope}', `${AT} ssm: There is no parameter /nope`],
])('says why %s is not to be had', async (reference, message) => {
  await expect(resolved(reference)).rejects.toThrow(message)
})

test('makes what is not there empty where that is wanted', async () => {
  const { config } = await resolved('<${sm:nope:key}${sm:db:nope}${ssm::/nope}>', { NotFoundStrategy: 'ignore' })
  expect(config['it']).toBe('<>')
})
