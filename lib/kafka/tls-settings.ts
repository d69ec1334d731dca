/** `ssl.*` of Kafka's clients as the options of Node's TLS. */
import { readFileSync } from 'node:fs'
import { type ConnectionOptions, createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '../connect/errors.ts'
import type { ConfigOf } from '../connect/settings.ts'
import type { COMMON_PROPERTIES } from './client-properties.ts'

type Properties = ConfigOf<typeof COMMON_PROPERTIES>

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
type Version = (typeof VERSIONS)[number]
const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----([^-]+)-----END (?:TRUSTED )?CERTIFICATE-----/g
const PRIVATE_KEY = /-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----([^-]+)-----END (?:[A-Z]+ )*PRIVATE KEY-----/

/**
 * Reads the files that are named. The keys are within an opaque context, made once for all connections. `ConfigError`
 * for a file that is missing, of a format that isn't PEM or PKCS12, or not to be had with the password.
 */
export function tlsSettings(properties: Properties): ConnectionOptions {
  const check = properties['ssl.endpoint.identification.algorithm'].toLowerCase()
  if (check !== '' && check !== 'https')
    throw ConfigError.invalid('ssl.endpoint.identification.algorithm', check, 'Expected https, or empty for no check')
  const options = tlsContextOptions(properties)
  return { secureContext: secureContext(options), ...(check === '' ? { checkServerIdentity: () => undefined } : {}) }
}

/** What a client or a server is known by, and whom it trusts. Errors as of `tlsSettings`. */
export function tlsContextOptions(properties: Properties): SecureContextOptions {
  const [minVersion, maxVersion] = versions(properties)
  const ciphers = properties['ssl.cipher.suites']
  const ca = truststore(properties)
  return {
    minVersion,
    maxVersion,
    ...(ciphers.length > 0 ? { ciphers: ciphers.join(':') } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...keystore(properties),
  }
}

/** `ConfigError` for options that don't fit each other. */
export function secureContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options)
  } catch (error) {
    throw new ConfigError(
      `The ssl.* settings can't be used: ${(error as Error).message}. Check certificates, keys, their passwords and ssl.cipher.suites`,
      error,
    )
  }
}

function versions(properties: Properties): [Version, Version] {
  const enabled = VERSIONS.filter((version) => properties['ssl.enabled.protocols'].includes(version))
  const newest = VERSIONS.indexOf(properties['ssl.protocol'] as Version)
  const usable = enabled.filter((version) => newest < 0 || VERSIONS.indexOf(version) <= newest)
  const [first, last] = [usable[0], usable.at(-1)]
  if (first === undefined || last === undefined)
    throw ConfigError.invalid(
      'ssl.enabled.protocols',
      properties['ssl.enabled.protocols'].join(','),
      'No TLS version is left',
    )
  return [first, last]
}

function truststore(properties: Properties): string[] | undefined {
  const inline = properties['ssl.truststore.certificates']?.reveal()
  if (inline !== undefined) return certificates(inline, 'ssl.truststore.certificates')
  const file = properties['ssl.truststore.location']
  if (file === null) return undefined
  const store = readStore('ssl.truststore.location', file)
  if (store.format === 'PEM') return certificates(store.bytes.toString('utf8'), 'ssl.truststore.location')
  throw new ConfigError(
    `ssl.truststore.location: ${file} is a ${store.format} truststore, which can't be read here. Convert it: keytool -list -rfc -keystore ${file} > truststore.pem, and set ssl.truststore.type=PEM and ssl.truststore.location to that`,
  )
}

function keystore(properties: Properties): SecureContextOptions {
  const keyPassword = properties['ssl.key.password']?.reveal()
  const key = properties['ssl.keystore.key']?.reveal()
  const chain = properties['ssl.keystore.certificate.chain']?.reveal()
  if (key !== undefined || chain !== undefined) {
    if (key === undefined || chain === undefined)
      throw new ConfigError('ssl.keystore.key and ssl.keystore.certificate.chain are to be given together')
    return pemKeystore(key, chain, keyPassword, 'ssl.keystore.')
  }
  const file = properties['ssl.keystore.location']
  if (file === null) return {}
  const store = readStore('ssl.keystore.location', file)
  switch (store.format) {
    case 'PEM': {
      const text = store.bytes.toString('utf8')
      return pemKeystore(text, text, keyPassword, 'ssl.keystore.location')
    }
    case 'PKCS12':
      return { pfx: store.bytes, passphrase: properties['ssl.keystore.password']?.reveal() ?? keyPassword ?? '' }
    case 'JKS':
      throw new ConfigError(
        `ssl.keystore.location: ${file} is a JKS keystore, which can't be read here. Convert it: keytool -importkeystore -srckeystore ${file} -destkeystore keystore.p12 -deststoretype PKCS12, and set ssl.keystore.location to that`,
      )
    default:
      return store.format satisfies never
  }
}

function pemKeystore(key: string, chain: string, passphrase: string | undefined, name: string): SecureContextOptions {
  const [, label, body = ''] = PRIVATE_KEY.exec(key) ?? []
  if (label === undefined) throw new ConfigError(`${name} has no PEM private key`)
  if (label === 'ENCRYPTED PRIVATE KEY' && passphrase === undefined)
    throw new ConfigError(`${name} has an encrypted private key: set ssl.key.password`)
  const cert = certificates(chain, name).join('\n')
  // A key in a format of its own (RFC 1421 headers) keeps its lines.
  const pem = body.includes(':') ? key : armor(label, body)
  return { key: pem, cert, ...(passphrase === undefined ? {} : { passphrase }) }
}

function certificates(text: string, name: string): string[] {
  const found = [...text.matchAll(CERTIFICATE)].map(([, body = '']) => armor('CERTIFICATE', body))
  if (found.length === 0) throw new ConfigError(`${name} has no PEM certificate`)
  return found
}

/** Kafka takes PEM in one line too, as a properties file or an environment variable has it; OpenSSL doesn't. */
function armor(label: string, body: string): string {
  const lines = body.replace(/\\n|\s+/g, '').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function readStore(name: string, file: string): { readonly format: 'PEM' | 'PKCS12' | 'JKS'; readonly bytes: Buffer } {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new ConfigError(`${name}: ${file} can't be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed) return { format: 'JKS', bytes }
  if (bytes[0] === 0x30) return { format: 'PKCS12', bytes }
  return { format: 'PEM', bytes }
}
