/** `sasl.*` of Kafka's clients as a login for kafkajs. */
import { fileURLToPath } from 'node:url'
import type { Sasl } from 'kafkajs/src/network/connection.js'
import { ConfigError } from '../connect/errors.ts'
import { type ConfigOf, Password } from '../connect/settings.ts'
import type { COMMON_PROPERTIES } from './client-properties.ts'
import { type JaasEntry, parseJaas } from './jaas.ts'
import { clientCredentials, oauthBearer, type TokenSource, tokenFile, unsecuredToken } from './oauth-bearer.ts'

type Properties = ConfigOf<typeof COMMON_PROPERTIES>

const PLAIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM_MODULE = 'org.apache.kafka.common.security.scram.ScramLoginModule'
const OAUTH_MODULE = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule'
const IAM_MODULE = 'software.amazon.msk.auth.iam.IAMLoginModule'
const IAM_HANDLERS = [
  'software.amazon.msk.auth.iam.IAMClientCallbackHandler',
  'software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler',
]
const OAUTH_HANDLERS = [
  'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler',
  'org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler',
]
const UNSECURED_HANDLERS = [
  'org.apache.kafka.common.security.oauthbearer.OAuthBearerUnsecuredLoginCallbackHandler',
  'org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler',
]

/** A login as kafkajs takes it, but for the password, which doesn't print. */
export type Login = Omit<Sasl, 'password'> & { readonly password?: Password }

/** `ConfigError` for a mechanism, login module or callback handler that can't be honoured. */
export function saslSettings(properties: Properties): Login {
  const mechanism = properties['sasl.mechanism'].toUpperCase()
  switch (mechanism) {
    case 'PLAIN':
      refuseHandlers(properties, [])
      return passwordLogin(mechanism, jaas(properties, PLAIN_MODULE))
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      refuseHandlers(properties, [])
      return passwordLogin(mechanism, jaas(properties, SCRAM_MODULE))
    case 'OAUTHBEARER':
      return oauth(properties)
    case 'AWS_MSK_IAM':
      refuseHandlers(properties, IAM_HANDLERS)
      return oauthBearer(mskToken(jaas(properties, IAM_MODULE).options, properties['bootstrap.servers']))
    case 'GSSAPI':
      throw new ConfigError(
        "sasl.mechanism GSSAPI (Kerberos), which is Kafka's default, is not supported: set it to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM",
      )
    default:
      throw ConfigError.invalid(
        'sasl.mechanism',
        mechanism,
        'Supported are PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER and AWS_MSK_IAM',
      )
  }
}

function passwordLogin(mechanism: string, { options }: JaasEntry): Login {
  const { username, password, tokenauth } = options as { username?: string; password?: string; tokenauth?: string }
  if (tokenauth === 'true') throw new ConfigError('sasl.jaas.config: tokenauth (delegation tokens) is not supported')
  if (!username || password === undefined)
    throw new ConfigError(`sasl.jaas.config for ${mechanism} needs username="..." password="..."`)
  return { mechanism, username, password: new Password(password) }
}

function oauth(properties: Properties): Login {
  const handler = properties['sasl.login.callback.handler.class']
  const url = properties['sasl.oauthbearer.token.endpoint.url']
  if (handler !== null && IAM_HANDLERS.includes(handler)) {
    const { options } = jaas(properties, OAUTH_MODULE)
    return oauthBearer(mskToken(options, properties['bootstrap.servers']))
  }
  refuseHandlers(properties, [...OAUTH_HANDLERS, ...UNSECURED_HANDLERS])
  const { options } = jaas(properties, OAUTH_MODULE)
  if (url !== null) return oauthBearer(endpoint(properties, url, options), prefixed(options, 'extension_'))
  if (Object.keys(options).some((name) => name.startsWith('unsecuredLogin')))
    return oauthBearer(unsecuredToken(options), prefixed(options, 'unsecuredLoginExtension_'))
  throw new ConfigError('sasl.mechanism OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url')
}

function endpoint(properties: Properties, url: string, options: JaasEntry['options']): TokenSource {
  if (url.startsWith('file:')) return tokenFile(fileURLToPath(url))
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw ConfigError.invalid('sasl.oauthbearer.token.endpoint.url', url, 'Expected an https:, http: or file: URL')
  const clientId = properties['sasl.oauthbearer.client.credentials.client.id'] ?? options['clientId']
  const secret = properties['sasl.oauthbearer.client.credentials.client.secret']?.reveal() ?? options['clientSecret']
  if (clientId === undefined || secret === undefined)
    throw new ConfigError(
      'OAUTHBEARER needs sasl.oauthbearer.client.credentials.client.id and .client.secret, or clientId and clientSecret in sasl.jaas.config',
    )
  const scope = properties['sasl.oauthbearer.scope'] ?? options['scope'] ?? null
  return clientCredentials({
    url,
    clientId,
    clientSecret: secret,
    scope,
    urlEncode: properties['sasl.oauthbearer.header.urlencode'],
  })
}

/** A presigned request to MSK as a token, 15 minutes long: by the default AWS credentials, a profile or a role. */
function mskToken(options: JaasEntry['options'], servers: readonly string[]): TokenSource {
  const fromHost = servers.map((server) => /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\./.exec(server)?.[1])
  const region = fromHost.find((found) => found !== undefined) ?? process.env['AWS_REGION']
  if (region === undefined)
    throw new ConfigError(
      "AWS_MSK_IAM: the AWS region is not known; set AWS_REGION, or use the brokers' own host names",
    )
  const { awsRoleArn, awsRoleSessionName, awsProfileName } = options as Record<string, string | undefined>
  return async () => {
    const signer = await import('aws-msk-iam-sasl-signer-js')
    const { token, expiryTime } = await (awsRoleArn !== undefined
      ? signer.generateAuthTokenFromRole({
          region,
          awsRoleArn,
          ...(awsRoleSessionName === undefined ? {} : { awsRoleSessionName }),
        })
      : awsProfileName !== undefined
        ? signer.generateAuthTokenFromProfile({ region, awsProfileName })
        : signer.generateAuthToken({ region }))
    return { value: token, expiresAt: expiryTime }
  }
}

function jaas(properties: Properties, loginModule: string): JaasEntry {
  const text = properties['sasl.jaas.config']
  if (text === null)
    throw new ConfigError(
      `sasl.mechanism ${properties['sasl.mechanism']} needs sasl.jaas.config: ${loginModule} required ...;`,
    )
  const entry = parseJaas(text.reveal())
  if (entry.loginModule.replace('.secured.', '.') !== loginModule)
    throw new ConfigError(
      `sasl.jaas.config: the login module for sasl.mechanism ${properties['sasl.mechanism']} is ${loginModule}, not ${entry.loginModule}`,
    )
  return entry
}

function refuseHandlers(properties: Properties, known: readonly string[]): void {
  for (const name of ['sasl.login.callback.handler.class', 'sasl.client.callback.handler.class'] as const) {
    const handler = properties[name]
    if (handler !== null && handler !== '' && !known.includes(handler))
      throw new ConfigError(`${name} ${handler} can't be honoured: Java classes are not loaded here`)
  }
}

function prefixed(options: JaasEntry['options'], prefix: string): Record<string, string> {
  const found = Object.entries(options).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]))
}
