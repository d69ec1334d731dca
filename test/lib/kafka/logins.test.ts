/** Logins and TLS against a broker with real listeners for them. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { connect } from '../../../lib/kafka/cluster.ts'
import { metadataRequest } from '../../../lib/kafka/metadata.ts'
import { ALICE, type KafkaBroker, type SecureListeners, startKafka } from '../../kafka-broker.ts'

const MODULES = 'org.apache.kafka.common.security'
const login = (module: string, password = ALICE.password) =>
  `${MODULES}.${module} required username="${ALICE.username}" password="${password}";`
const PLAIN = { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': login('plain.PlainLoginModule') }
const scram = (bits: number, password?: string) => ({
  'sasl.mechanism': `SCRAM-SHA-${bits}`,
  'sasl.jaas.config': login('scram.ScramLoginModule', password),
})
const unsecured = (options: string) => ({
  'sasl.mechanism': 'OAUTHBEARER',
  'sasl.jaas.config': `${MODULES}.oauthbearer.OAuthBearerLoginModule required ${options};`,
})

let broker: KafkaBroker
let at: SecureListeners
beforeAll(async () => {
  broker = await startKafka({ secure: true })
  if (broker.secure === null) throw new Error('the broker has no such listeners')
  at = broker.secure
})
afterAll(() => broker.stop())

/** Whether a request is answered, on both of a broker's connections where there are two. */
async function reach(bootstrap: string, protocol: string, more: RawConfig = {}): Promise<boolean> {
  const raw = { 'bootstrap.servers': bootstrap, 'security.protocol': protocol, ...more }
  await using cluster = await connect(clientSettings(raw, 'admin').client)
  await cluster.topics('all')
  return true
}
type Where = [bootstrap: string, protocol: string, more: RawConfig]
const trusted = () => ({ 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': at.certificates.authority })

describe('SASL', () => {
  test('PLAIN', () => reach(at.sasl, 'SASL_PLAINTEXT', PLAIN))
  test('SCRAM-SHA-256', () => reach(at.sasl, 'SASL_PLAINTEXT', scram(256)))
  test('SCRAM-SHA-512', () => reach(at.sasl, 'SASL_PLAINTEXT', scram(512)))
  test('SCRAM over TLS', () => reach(at.saslSsl, 'SASL_SSL', { ...scram(512), ...trusted() }))
  test('OAUTHBEARER', () => reach(at.oauth, 'SASL_PLAINTEXT', unsecured('unsecuredLoginStringClaim_sub="alice"')))

  test.each([
    ['PLAIN', () => ({ ...PLAIN, 'sasl.jaas.config': login('plain.PlainLoginModule', 'wrong') })],
    ['SCRAM-SHA-256', () => scram(256, 'wrong')],
  ])('%s with a wrong password is a config error that hides it', async (_, more) => {
    const failure = reach(at.sasl, 'SASL_PLAINTEXT', more())
    await expect(failure).rejects.toMatchObject({
      kind: 'config',
      javaClass: 'org.apache.kafka.common.errors.SaslAuthenticationException',
    })
    await expect(failure).rejects.toThrow(/^(?!.*wrong).*sasl\.jaas\.config/)
  })

  test('a mechanism that the broker lacks is a config error', async () => {
    const failure = reach(at.saslSsl, 'SASL_SSL', { ...PLAIN, ...trusted() })
    await expect(failure).rejects.toMatchObject({ kind: 'config' })
  })

  test('a token that has expired is a config error', async () => {
    const old = unsecured('unsecuredLoginStringClaim_sub="alice" unsecuredLoginLifetimeSeconds="-3600"')
    await expect(reach(at.oauth, 'SASL_PLAINTEXT', old)).rejects.toThrow('invalid_token')
  })

  test('logs in again before a session ends', async () => {
    const more = unsecured('unsecuredLoginStringClaim_sub="alice"')
    const raw = { 'bootstrap.servers': at.oauth, 'security.protocol': 'SASL_PLAINTEXT', ...more }
    await using cluster = await connect(clientSettings(raw, 'admin').client)
    const node = await cluster.anyNode()
    // The broker ends a connection whose session is over: the second request would fail.
    for (const wait of [2_200, 1_500, 2_200]) {
      await new Promise((resolve) => setTimeout(resolve, wait))
      const both = [metadataRequest(null), metadataRequest([])].map((request) => cluster.send(node, request))
      expect(await Promise.all(both)).toHaveLength(2)
    }
  })
})

describe('tokens by client credentials', () => {
  const asked: string[] = []
  const answers: { status: number; token: string }[] = []
  const jwt = (sub: string) => {
    const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    return `${part({ alg: 'none' })}.${part({ sub, iat: now, exp: now + 600 })}.`
  }
  const endpoint = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      asked.push(`${request.headers.authorization} ${Buffer.concat(chunks)}`)
      const { status, token } = answers.shift() ?? { status: 500, token: '' }
      response.writeHead(status).end(JSON.stringify({ access_token: token, expires_in: 600 }))
    })
  })
  beforeAll(() => new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    endpoint.close()
  })
  const credentials = () => ({
    ...unsecured('clientId="penstock" clientSecret="s3cret" scope="kafka"'),
    'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`,
  })

  test('are asked for once for all connections, and again after a failure of the endpoint', async () => {
    answers.push({ status: 503, token: '' }, { status: 200, token: jwt('penstock') })
    expect(await reach(at.oauth, 'SASL_PLAINTEXT', credentials())).toBe(true)
    const basic = Buffer.from('penstock:s3cret').toString('base64')
    expect(asked).toEqual(Array(2).fill(`Basic ${basic} grant_type=client_credentials&scope=kafka`))
  })

  test('that the endpoint refuses are a config error', async () => {
    answers.push({ status: 401, token: '' })
    await expect(reach(at.oauth, 'SASL_PLAINTEXT', credentials())).rejects.toMatchObject({
      kind: 'config',
      message: expect.stringContaining('401'),
    })
  })
})

describe('TLS', () => {
  const inline = (file: string) => readFileSync(file, 'utf8').replaceAll('\n', ' ')
  const client = () => ({
    'ssl.keystore.key': inline(at.certificates.clientKeyEncrypted),
    'ssl.keystore.certificate.chain': inline(at.certificates.clientCertificate),
    'ssl.key.password': at.certificates.keystorePassword,
  })
  const pkcs12 = () => ({
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': at.certificates.clientPkcs12,
    'ssl.keystore.password': at.certificates.keystorePassword,
  })

  test('with an authority in a file', () => reach(at.ssl, 'SSL', trusted()))
  test('by host name', () => reach(at.ssl.replace('127.0.0.1', 'localhost'), 'SSL', trusted()))
  test('with an authority as text in one line', () =>
    reach(at.ssl, 'SSL', { 'ssl.truststore.certificates': inline(at.certificates.authority) }))
  test('with a key and certificate as text', () => reach(at.mutual, 'SSL', { ...trusted(), ...client() }))
  test('with a PKCS12 keystore', () => reach(at.mutual, 'SSL', { ...trusted(), ...pkcs12() }))
  test('of the versions and ciphers that are asked for', () =>
    reach(at.ssl, 'SSL', {
      ...trusted(),
      'ssl.enabled.protocols': 'TLSv1.2',
      'ssl.cipher.suites': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    }))

  test.each([
    [
      'an authority that nobody trusts',
      () => [at.ssl, 'SSL', { 'ssl.truststore.location': at.certificates.otherAuthority }],
      'ssl.truststore',
    ],
    ['no client certificate where one is demanded', () => [at.mutual, 'SSL', trusted()], 'ssl.keystore'],
    ['plain text to a listener of TLS', () => [at.ssl, 'PLAINTEXT', {}], 'security.protocol=SSL'],
    ['a login where none is asked for', () => [broker.bootstrap, 'SASL_PLAINTEXT', PLAIN], 'security.protocol'],
  ] satisfies [string, () => Where, string][])(
    '%s is a config error that says what to set',
    async (_, where, advice) => {
      const [bootstrap, protocol, more] = where()
      const failure = reach(bootstrap, protocol, more)
      await expect(failure).rejects.toMatchObject({ kind: 'config' })
      await expect(failure).rejects.toThrow(advice)
    },
  )

  test.each([
    ['TLS to a listener of plain text', () => [broker.bootstrap, 'SSL', trusted()]],
    ['no login where one is asked for', () => [at.sasl, 'PLAINTEXT', {}]],
  ] satisfies [string, () => Where][])('%s names security.protocol', async (_, where) => {
    const [bootstrap, protocol, more] = where()
    await expect(reach(bootstrap, protocol, more)).rejects.toThrow(`security.protocol=${protocol}`)
  })
})
