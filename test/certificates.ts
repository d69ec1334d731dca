/** Certificates for the time of a test, made by OpenSSL. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Files; all PEM but for `clientPkcs12`. */
export interface Certificates {
  readonly authority: string
  /** Of an authority that signed none of the others. */
  readonly otherAuthority: string
  /** Key and certificate for 127.0.0.1 and localhost. */
  readonly brokerKeystore: string
  readonly clientKey: string
  /** The same key, encrypted with `keystorePassword`. */
  readonly clientKeyEncrypted: string
  readonly clientCertificate: string
  readonly clientPkcs12: string
  readonly keystorePassword: string
}

export async function makeCertificates(dir: string): Promise<Certificates> {
  const file = (name: string) => join(dir, name)
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...key,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
    )
  const signed = async (name: string, extension: string) => {
    const sign = ['-CA', file('authority.pem'), '-CAkey', file('authority.key')]
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)]
    await openssl(
      'req',
      '-x509',
      ...key,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      extension,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
      ...sign,
      ...out,
    )
  }
  await Promise.all([authority('authority'), authority('other')])
  await Promise.all([
    signed('broker', 'subjectAltName=IP:127.0.0.1,DNS:localhost'),
    signed('client', 'subjectAltName=DNS:client'),
  ])
  const brokerKeystore = file('broker.keystore.pem')
  await writeFile(
    brokerKeystore,
    (await readFile(file('broker.key'), 'utf8')) + (await readFile(file('broker.pem'), 'utf8')),
  )
  const keystorePassword = 'keystore secret'
  const pass = `pass:${keystorePassword}`
  await openssl(
    'pkcs12',
    '-export',
    '-inkey',
    file('client.key'),
    '-in',
    file('client.pem'),
    '-out',
    file('client.p12'),
    '-passout',
    pass,
  )
  await openssl('pkcs8', '-topk8', '-in', file('client.key'), '-out', file('client.encrypted.key'), '-passout', pass)
  return {
    authority: file('authority.pem'),
    otherAuthority: file('other.pem'),
    brokerKeystore,
    clientKey: file('client.key'),
    clientKeyEncrypted: file('client.encrypted.key'),
    clientCertificate: file('client.pem'),
    clientPkcs12: file('client.p12'),
    keystorePassword,
  }
}
