import { writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { ConfigError } from '../../../lib/connect/errors.ts'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Certificates, makeCertificates } from '../../certificates.ts'

const BOOTSTRAP = { 'bootstrap.servers': 'localhost:9092' }
const MODULES = 'org.apache.kafka.common.security'

describe('defaults', () => {
  test("are Kafka's, and Connect's for producers and sinks", () => {
    const { client, producer, ignored, unknown } = clientSettings(BOOTSTRAP, 'producer')
    expect(client).toEqual({
      fingerprint: expect.any(String),
      bootstrapServers: ['localhost:9092'],
      clientId: '',
      securityProtocol: 'PLAINTEXT',
      tls: null,
      sasl: null,
      requestTimeoutMs: 30_000,
      apiTimeoutMs: 60_000,
      connectTimeoutMs: 10_000,
      maxIdleMs: 540_000,
      reconnectBackoffMs: 50,
      reconnectBackoffMaxMs: 1_000,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1_000,
      metadataMaxAgeMs: 300_000,
    })
    expect(producer).toMatchObject({ acks: -1, idempotent: true, maxInFlight: 5, deliveryTimeoutMs: 2_147_483_647 })
    expect([ignored, unknown]).toEqual([[], []])
    expect(clientSettings(BOOTSTRAP, 'consumer').consumer).toEqual({
      groupId: null,
      fetchMinBytes: 1,
      fetchMaxWaitMs: 500,
      fetchMaxBytes: 52_428_800,
      maxPartitionFetchBytes: 1_048_576,
      maxPollRecords: 500,
      isolationLevel: 'read_uncommitted',
      autoOffsetReset: 'earliest',
      checkCrcs: true,
      rack: '',
    })
  })
})

describe('precedence', () => {
  const level = fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined })

  test('connector overrides win over the prefixed settings of the worker, these over its plain ones', () => {
    fc.assert(
      fc.property(
        level,
        level,
        level,
        fc.constantFrom('producer', 'consumer', 'admin'),
        (plain, prefixed, own, role) => {
          const name = 'retry.backoff.max.ms'
          const given = (prefix: string, value: number | undefined): RawConfig =>
            value === undefined ? {} : { [`${prefix}${name}`]: String(value) }
          const worker = { ...BOOTSTRAP, 'retry.backoff.ms': '0', ...given('', plain), ...given(`${role}.`, prefixed) }
          const { client } = clientSettings(worker, role as 'admin', given('', own))
          expect(client.retryBackoffMaxMs).toBe(own ?? prefixed ?? plain ?? 1_000)
        },
      ),
    )
  })

  test("the worker's own settings are not the clients'", () => {
    const worker = { ...BOOTSTRAP, 'group.id': 'workers', acks: '0', 'key.converter': 'x', 'producer.linger.ms': '7' }
    expect(clientSettings(worker, 'consumer').consumer.groupId).toBeNull()
    const { producer, unknown } = clientSettings(worker, 'producer')
    expect([producer.acks, producer.lingerMs, unknown]).toEqual([-1, 7, []])
    const group = clientSettings(worker, 'consumer', { 'group.id': 'mine' }).consumer.groupId
    expect(group).toBe('mine')
  })
})

describe('what is not honoured', () => {
  test.each([
    ['interceptor.classes', 'com.example.Interceptor'],
    ['metric.reporters', 'com.example.Reporter'],
    ['partitioner.class', 'org.apache.kafka.clients.producer.RoundRobinPartitioner'],
    ['partitioner.ignore.keys', 'true'],
    ['ssl.engine.factory.class', 'com.example.Factory'],
    ['security.providers', 'com.example.Provider'],
    ['sasl.oauthbearer.assertion.file', '/tmp/assertion'],
    ['transaction.two.phase.commit.enable', 'true'],
  ])('%s is refused by its name', (name, value) => {
    expect(() => clientSettings(BOOTSTRAP, 'producer', { [name]: value })).toThrow(name)
    expect(clientSettings(BOOTSTRAP, 'producer', { [name]: '' }).ignored).toEqual([name])
  })

  test('harmless properties are listed as ignored, others as unknown', () => {
    const overrides = {
      'metrics.num.samples': '3',
      'key.serializer': 'com.example.Serializer',
      'session.timeout.ms': '5',
      'lingr.ms': '5',
      'linger.ms': '5',
    }
    const { ignored, unknown } = clientSettings({ ...BOOTSTRAP, 'no.client.setting': 'x' }, 'producer', overrides)
    expect(ignored).toEqual(['metrics.num.samples', 'key.serializer'])
    expect(unknown).toEqual(['session.timeout.ms', 'lingr.ms'])
  })

  test.each([
    [{ 'security.protocol': 'KERBEROS' }, 'security.protocol'],
    [{ 'security.protocol': 'SASL_SSL' }, 'GSSAPI'],
    [{ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'NTLM' }, 'sasl.mechanism'],
    [{ 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN' }, 'sasl.jaas.config'],
    [{ 'security.protocol': 'SSL', 'ssl.truststore.location': '/no/such/file' }, '/no/such/file'],
    [{ 'bootstrap.servers': 'localhost' }, 'bootstrap.servers'],
    [{ 'bootstrap.servers': 'a:1,b:99999' }, 'b:99999'],
    [{ 'bootstrap.servers': '' }, 'bootstrap.servers'],
    [{ 'request.timeout.ms': 'soon' }, 'request.timeout.ms'],
  ])('%j is refused', (raw, name) => {
    expect(() => clientSettings({ ...BOOTSTRAP, ...raw }, 'admin')).toThrow(ConfigError)
    expect(() => clientSettings({ ...BOOTSTRAP, ...raw }, 'admin')).toThrow(name)
  })

  test('handlers of classes that nobody knows are refused', () => {
    const login = {
      ...BOOTSTRAP,
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'OAUTHBEARER',
      'sasl.jaas.config': `${MODULES}.oauthbearer.OAuthBearerLoginModule required;`,
      'sasl.login.callback.handler.class': 'com.example.Handler',
    }
    expect(() => clientSettings(login, 'admin')).toThrow('com.example.Handler')
  })
})

describe('AWS_MSK_IAM', () => {
  const servers = 'b-1.mine.a1b2c3.c2.kafka.eu-central-1.amazonaws.com:9098'
  const iam = {
    'bootstrap.servers': servers,
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'AWS_MSK_IAM',
    'sasl.jaas.config': 'software.amazon.msk.auth.iam.IAMLoginModule required;',
    'sasl.client.callback.handler.class': 'software.amazon.msk.auth.iam.IAMClientCallbackHandler',
  }
  afterEach(() => vi.unstubAllEnvs())

  test("logs in with a request that is signed for the brokers' region", async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
    const login = clientSettings(iam, 'admin').client.sasl
    let sent = ''
    const saslAuthenticate = async ({ request }: { request: { encode(): Buffer | Promise<Buffer> } }) => {
      sent = (await request.encode()).toString('utf8')
      return ''
    }
    await login?.authenticationProvider?.({ host: 'b-1', port: 9098, saslAuthenticate }).authenticate()
    expect(login?.mechanism).toBe('OAUTHBEARER')
    const token = /auth=Bearer ([\w-]+)/.exec(sent)?.[1] ?? ''
    const url = new URL(Buffer.from(token, 'base64url').toString('utf8'))
    expect(url.host).toBe('kafka.eu-central-1.amazonaws.com')
    expect(url.searchParams.get('Action')).toBe('kafka-cluster:Connect')
    expect(url.searchParams.get('X-Amz-Credential')).toMatch(/^AKIDEXAMPLE\/.*\/eu-central-1\//)
  })

  test('without a region is refused', () => {
    vi.stubEnv('AWS_REGION', undefined)
    expect(() => clientSettings({ ...iam, 'bootstrap.servers': 'proxy:9098' }, 'admin')).toThrow('AWS_REGION')
  })
})

describe('values', () => {
  test.each([
    ['latest', 'latest'],
    ['none', 'none'],
    ['by_duration:P1DT2H3M4.5S', { byDurationMs: 93_784_500 }],
    ['by_duration:PT10S', { byDurationMs: 10_000 }],
  ])('auto.offset.reset=%s', (text, parsed) => {
    const raw = { 'auto.offset.reset': text }
    expect(clientSettings(BOOTSTRAP, 'consumer', raw).consumer.autoOffsetReset).toEqual(parsed)
  })

  test.each(['', 'newest', 'by_duration:', 'by_duration:P', 'by_duration:PT', 'by_duration:P1Y'])(
    'auto.offset.reset=%j is refused',
    (text) => {
      const raw = { 'auto.offset.reset': text }
      expect(() => clientSettings(BOOTSTRAP, 'consumer', raw)).toThrow('auto.offset.reset')
    },
  )

  test('no time is longer than a timer can wait', () => {
    const raw = { ...BOOTSTRAP, 'metadata.max.age.ms': '9223372036854775807', 'connections.max.idle.ms': '-1' }
    const { client } = clientSettings(raw, 'admin')
    expect([client.metadataMaxAgeMs, client.maxIdleMs]).toEqual([2_147_483_647, 2_147_483_647])
  })

  test('addresses may be IPv6 and have a protocol', () => {
    const raw = { 'bootstrap.servers': '[::1]:9092, PLAINTEXT://broker-1.example:9093' }
    expect(clientSettings(raw, 'admin').client.bootstrapServers).toHaveLength(2)
  })
})

describe('certificates and keys', () => {
  let dir = ''
  let made: Certificates
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'penstock-settings-'))
    made = await makeCertificates(dir)
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))
  const tls = (raw: RawConfig) =>
    clientSettings({ ...BOOTSTRAP, 'security.protocol': 'SSL', ...raw }, 'admin').client.tls

  test('a JKS store is refused with the command that converts it', () => {
    const jks = join(dir, 'store.jks')
    writeFileSync(jks, Buffer.from('feedfeed00000002', 'hex'))
    expect(() => tls({ 'ssl.keystore.location': jks })).toThrow(/JKS.*keytool -importkeystore/)
    expect(() => tls({ 'ssl.truststore.location': jks })).toThrow(/JKS.*keytool -list -rfc/)
    expect(() => tls({ 'ssl.truststore.location': made.clientPkcs12 })).toThrow(/PKCS12.*keytool/)
  })

  test('a wrong or missing password is said', async () => {
    const chain = await readFile(made.clientCertificate, 'utf8')
    const key = await readFile(made.clientKeyEncrypted, 'utf8')
    const pem = { 'ssl.keystore.key': key, 'ssl.keystore.certificate.chain': chain }
    expect(() => tls(pem)).toThrow('ssl.key.password')
    expect(() => tls({ ...pem, 'ssl.key.password': 'wrong' })).toThrow(ConfigError)
    expect(() => tls({ 'ssl.keystore.location': made.clientPkcs12, 'ssl.keystore.password': 'wrong' })).toThrow(
      ConfigError,
    )
    expect(() => tls({ 'ssl.keystore.key': key })).toThrow('ssl.keystore.certificate.chain')
    expect(tls({ ...pem, 'ssl.key.password': made.keystorePassword })).not.toBeNull()
  })

  test('the fingerprint tells logins and certificates apart', () => {
    const login = (password: string) => ({
      ...BOOTSTRAP,
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required username="alice" password="${password}";`,
    })
    const of = (raw: RawConfig) => clientSettings(raw, 'admin').client.fingerprint
    expect(of(login('one'))).toBe(of(login('one')))
    expect(of(login('one'))).not.toBe(of(login('two')))
    const trusting = (file: string) => ({ ...BOOTSTRAP, 'security.protocol': 'SSL', 'ssl.truststore.location': file })
    expect(of(trusting(made.authority))).not.toBe(of(trusting(made.otherAuthority)))
  })

  test('no secret prints', async () => {
    const raw = {
      ...BOOTSTRAP,
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required username="alice" password="hush";`,
      'ssl.keystore.location': made.clientPkcs12,
      'ssl.keystore.password': made.keystorePassword,
    }
    const settings = clientSettings(raw, 'admin')
    const printed = inspect(settings, { depth: 10, showHidden: true }) + JSON.stringify(settings)
    expect(printed).not.toMatch(/hush|keystore secret/)
  })
})
