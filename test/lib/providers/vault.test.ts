/** Vault's HTTP API as its documentation has it: there is no Vault to be started here, so a small server answers. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { realConfig } from '../../../lib/worker/real-config.ts'
import { worker } from '../../../lib/worker/settings.ts'
import { type Asked, type Server, serve } from './server.ts'

const VAULT = 'com.github.jcustenborder.kafka.config.vault.VaultConfigProvider'

let server: Server
beforeAll(async () => {
  server = await serve(vault)
})
afterAll(() => server[Symbol.asyncDispose]())

/** Secrets as the engines keep them: KV 2 at `secret/`, KV 1 at `old/`, database credentials with a lease. */
function vault({ method, path, headers, body }: Asked): { status: number; body: unknown } {
  const refused = { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } }
  if (method === 'POST' && path === '/v1/auth/approle/login') {
    const { role_id: role, secret_id: secret } = JSON.parse(body) as { role_id: string; secret_id: string }
    if (role !== 'kafka' || secret !== 'let me in')
      return { status: 400, body: { errors: ['invalid role or secret ID'] } }
    return { status: 200, body: { auth: { client_token: 't', lease_duration: 3600 } } }
  }
  if (method === 'POST' && path === '/v1/auth/aws/login') return awsLogin(body)
  if (headers['x-vault-token'] !== 't') return refused
  switch (path) {
    case '/v1/sys/internal/ui/mounts/secret/db':
    case '/v1/sys/internal/ui/mounts/secret/data/db':
      return { status: 200, body: { data: { path: 'secret/', type: 'kv', options: { version: '2' } } } }
    case '/v1/sys/internal/ui/mounts/old/db':
      return { status: 200, body: { data: { path: 'old/', type: 'kv', options: { version: '1' } } } }
    case '/v1/secret/data/db':
      return { status: 200, body: { lease_duration: 0, data: { data: { password: 'two', port: 5432 }, metadata: {} } } }
    case '/v1/old/db':
      return { status: 200, body: { lease_duration: 2764800, data: { password: 'one' } } }
    case '/v1/database/creds/app':
      return { status: 200, body: { lease_duration: 60, data: { username: 'v-app', password: 'for a minute' } } }
    case '/v1/secret/data/gone':
      return { status: 404, body: { errors: [] } }
    default:
      return refused
  }
}

/** Vault would send the signed request on to STS. */
function awsLogin(body: string): { status: number; body: unknown } {
  const sent = JSON.parse(body) as Record<string, string>
  const text = (name: string) => Buffer.from(sent[name] ?? '', 'base64').toString()
  const headers = JSON.parse(text('iam_request_headers')) as Record<string, string>
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? ''
  const isSigned =
    sent['role'] === 'kafka' &&
    sent['iam_http_request_method'] === 'POST' &&
    text('iam_request_url') === 'https://sts.eu-west-1.amazonaws.com/' &&
    text('iam_request_body') === 'Action=GetCallerIdentity&Version=2011-06-15' &&
    headers['x-vault-aws-iam-server-id'] === 'vault.example' &&
    /^AWS4-HMAC-SHA256 Credential=AKIATEST\/\d{8}\/eu-west-1\/sts\/aws4_request, SignedHeaders=[^,]*x-vault-aws-iam-server-id[^,]*, Signature=[0-9a-f]{64}$/.test(
      authorization,
    )
  if (!isSigned) return { status: 400, body: { errors: ['not signed as it should be'] } }
  return { status: 200, body: { auth: { client_token: 't', lease_duration: 3600 } } }
}

async function resolved(params: RawConfig, config: RawConfig) {
  const given = { 'vault.address': server.url, 'vault.max.retries': '0', ...params }
  const settings = Object.entries(given).map(([key, value]) => [`config.providers.vault.param.${key}`, value])
  const own = worker({
    'config.providers': 'vault',
    'config.providers.vault.class': VAULT,
    ...Object.fromEntries(settings),
  })
  return realConfig(own, { name: 'orders', ...config })
}

test.each([
  ['KV 2', '${vault:secret/db:password}:${vault:secret/db:port}', 'two:5432'],
  ['KV 2 by the path of the API', '${vault:secret/data/db:password}', 'two'],
  ['KV 1', '${vault:old/db:password}', 'one'],
  ['another engine, where mounts may not be seen', '${vault:database/creds/app:password}', 'for a minute'],
])('reads %s', async (_, reference, value) => {
  const { config } = await resolved({ 'vault.token': 't' }, { it: reference })
  expect(config['it']).toBe(value)
})

test('leaves a key that the secret lacks, as Kafka does', async () => {
  const { config } = await resolved({ 'vault.token': 't' }, { it: '${vault:secret/db:nope}' })
  expect(config['it']).toBe('${vault:secret/db:nope}')
})

test('tells how long a lease is', async () => {
  const { ttlMs } = await resolved({ 'vault.token': 't' }, { it: '${vault:database/creds/app:password}' })
  expect(ttlMs).toBe(60_000)
})

test('logs in by AppRole', async () => {
  const login = { 'vault.login.by': 'AppRole', 'vault.role.id': 'kafka', 'vault.secret.id': 'let me in' }
  expect((await resolved(login, { it: '${vault:secret/db:password}' })).config['it']).toBe('two')
  const wrong = resolved({ ...login, 'vault.secret.id': 'wrong' }, { it: '${vault:secret/db:password}' })
  await expect(wrong).rejects.toThrow(
    "Connector orders: the setting it can't be resolved by the config provider vault, path secret/db: Vault refused the login by approle at auth/approle: status 400, invalid role or secret ID",
  )
})

test('logs in by the IAM credentials of AWS', async () => {
  const before = { ...process.env }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret' })
  try {
    const login = {
      'vault.login.by': 'AWS',
      'vault.aws.role': 'kafka',
      'vault.aws.region': 'eu-west-1',
      'vault.aws.server.id': 'vault.example',
    }
    expect((await resolved(login, { it: '${vault:secret/db:password}' })).config['it']).toBe('two')
  } finally {
    process.env = before
  }
})

test('says what is missing, without a value', async () => {
  const token = { 'vault.token': 't' }
  await expect(resolved(token, { it: '${vault:secret/gone:password}' })).rejects.toThrow(
    "Connector orders: the setting it can't be resolved by the config provider vault, path secret/gone: Vault refused to read secret/gone: status 403, 1 error occurred: * permission denied",
  )
  await expect(resolved(token, { it: '${vault:secret/data/gone:password}' })).rejects.toThrow(
    'Vault has no secret at secret/data/gone',
  )
  await expect(
    resolved({ ...token, 'vault.address': 'http://127.0.0.1:1' }, { it: '${vault:a/b:c}' }),
  ).rejects.toMatchObject({
    kind: 'retriable',
    message: expect.stringContaining("Vault at http://127.0.0.1:1 doesn't answer"),
  })
})
