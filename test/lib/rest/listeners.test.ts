/** Where the REST API listens: by which certificates, and not for everybody without a login. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { localWorker } from '../../../lib/local/worker-config.ts'
import { type Listening, listen, listenersOf } from '../../../lib/rest/listeners.ts'
import { worker } from '../../../lib/worker/settings.ts'
import { type Certificates, makeCertificates } from '../../certificates.ts'

let folder: string
let certificates: Certificates
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-listeners-'))
  certificates = await makeCertificates(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function start(settings: RawConfig): Promise<Listening> {
  const own = worker({ listeners: 'https://127.0.0.1:0', ...settings })
  return listen(listenersOf(own), own.raw, (_, response) => response.end('hello'))
}

/** The status, or the code of the error. */
async function ask(url: string, client: Record<string, unknown> = {}): Promise<number | string> {
  const ca = await readFile(certificates.authority)
  return new Promise((resolve) => {
    const asking = request(url, { ca, agent: false, ...client }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end()
  })
}

test('speaks TLS by a PEM keystore, under listeners.https. or without', async () => {
  for (const prefix of ['', 'listeners.https.']) {
    const listening = await start({ [`${prefix}ssl.keystore.location`]: certificates.brokerKeystore })
    expect(listening.url).toBe(`https://127.0.0.1:${listening.port}`)
    expect(await ask(listening.url)).toBe(200)
    expect(await ask(listening.url, { ca: await readFile(certificates.otherAuthority) })).not.toBe(200)
    await listening.close()
  }
})

test('takes all of listeners.https. or nothing, as Connect', async () => {
  const settings = {
    'ssl.keystore.location': certificates.brokerKeystore,
    'listeners.https.ssl.enabled.protocols': 'TLSv1.3',
  }
  await expect(start(settings)).rejects.toThrow('listeners with https need a certificate')
})

test('asks for the certificate of clients', async () => {
  const cert = await readFile(certificates.clientCertificate)
  const key = await readFile(certificates.clientKey)
  const listening = await start({
    'listeners.https.ssl.keystore.location': certificates.brokerKeystore,
    'listeners.https.ssl.truststore.location': certificates.authority,
    'listeners.https.ssl.client.auth': 'required',
  })
  expect(await ask(listening.url, { cert, key })).toBe(200)
  expect(await ask(listening.url)).not.toBe(200)
  await listening.close()
})

test('speaks TLS by a PKCS12 keystore', async () => {
  const settings = { 'ssl.keystore.location': certificates.clientPkcs12, 'ssl.keystore.type': 'PKCS12' }
  const listening = await start({ ...settings, 'ssl.keystore.password': certificates.keystorePassword })
  expect(await ask(listening.url, { servername: 'client', checkServerIdentity: () => undefined })).toBe(200)
  await listening.close()
  await expect(start({ ...settings, 'ssl.keystore.password': 'wrong' })).rejects.toThrow(
    "The ssl.* settings can't be used",
  )
})

test('refuses a JKS keystore and says how it is converted', async () => {
  const file = join(folder, 'keystore.jks')
  await writeFile(file, Buffer.from('feedfeed00000002', 'hex'))
  await expect(start({ 'ssl.keystore.location': file })).rejects.toThrow(
    `${file} is a JKS keystore, which can't be read here. Convert it: keytool -importkeystore -srckeystore ${file} -destkeystore keystore.p12 -deststoretype PKCS12`,
  )
})

test('listens for other machines only with a login', async () => {
  for (const listeners of ['http://:8083', 'http://0.0.0.0:8083', 'http://127.0.0.1:8083,http://[::]:8084'])
    await expect(localWorker({ listeners }, {})).rejects.toThrow(
      `listeners=${listeners} lets other machines use the REST API, and nobody is asked who they are: set penstock.rest.auth.token`,
    )
  for (const listeners of ['http://127.0.0.1:8083', 'HTTP://localhost:8083,http://[::1]:8083']) {
    const { worker: own } = await localWorker({ listeners }, {})
    expect(own.settings['penstock.files.allow']).toEqual(['*'])
  }
})

test('gives connectors no files of a machine that others may use', async () => {
  const open = { listeners: 'http://:8083', 'penstock.rest.auth.token': 'a token' }
  expect((await localWorker(open, {})).worker.settings['penstock.files.allow']).toEqual([])
  const told = await localWorker({ ...open, 'penstock.files.allow': '/data' }, {})
  expect(told.worker.settings['penstock.files.allow']).toEqual(['/data'])
})

test.each(['ftp://localhost:21', 'localhost:8083', 'http://localhost:99999', 'http://a b:1', ''])(
  'refuses the listener "%s"',
  (listeners) => {
    expect(() => listenersOf(worker({ listeners }))).toThrow('Expected http://host:port or https://host:port')
  },
)
