/** SASL OAUTHBEARER (RFC 7628) and where its tokens come from. */
import { readFile } from 'node:fs/promises'
import type { Sasl } from 'kafkajs/src/network/connection.js'
import { pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'

export interface Token {
  readonly value: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** A new token, of a broker's or a token endpoint's making. */
export type TokenSource = () => Promise<Token>

const SEPARATOR = '\u0001'
/** Of a token's life; `sasl.login.refresh.window.factor`. */
const REFRESH_AT = 0.8
const TRIES = 3
const TOKEN_TIMEOUT_MS = 10_000

/** Tokens are kept for all connections until 80 % of their life is over. `extensions` as RFC 7628, 3.1. */
export function oauthBearer(
  source: TokenSource,
  extensions: Readonly<Record<string, string>> = {},
): Omit<Sasl, 'password'> {
  let token: Promise<Token> | null = null
  let refreshAt = 0
  const current = (): Promise<Token> => {
    if (token !== null && Date.now() < refreshAt) return token
    const askedAt = Date.now()
    refreshAt = Number.POSITIVE_INFINITY
    token = source().then(
      (fresh) => {
        refreshAt = askedAt + (fresh.expiresAt - askedAt) * REFRESH_AT
        return fresh
      },
      (error) => {
        refreshAt = 0
        throw error
      },
    )
    return token
  }
  const extra = Object.entries(extensions)
    .map(([name, value]) => `${name}=${value}${SEPARATOR}`)
    .join('')
  return {
    mechanism: 'OAUTHBEARER',
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const { value } = await current()
        const bytes = Buffer.from(`n,,${SEPARATOR}auth=Bearer ${value}${SEPARATOR}${extra}${SEPARATOR}`)
        await exchange(saslAuthenticate, bytes)
      },
    }),
  }
}

/** A broker that doesn't take the token answers with the reason, and fails the login after a lone separator. */
async function exchange(
  saslAuthenticate: Parameters<NonNullable<Sasl['authenticationProvider']>>[0]['saslAuthenticate'],
  bytes: Buffer,
): Promise<void> {
  const challenge = await saslAuthenticate({
    request: { encode: () => sized(bytes) },
    response: { decode: (answer) => answer.subarray(4).toString('utf8'), parse: (text) => text },
  })
  if (challenge !== '') {
    const error = new Error(`the token was refused: ${challenge}`)
    error.name = 'KafkaJSSASLAuthenticationError'
    throw error
  }
}

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

export interface ClientCredentials {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | null
  /** `sasl.oauthbearer.header.urlencode`. */
  readonly urlEncode: boolean
}

/** The client-credentials grant (RFC 6749, 4.4), tried three times. */
export function clientCredentials(credentials: ClientCredentials): TokenSource {
  const encode = (text: string) => (credentials.urlEncode ? encodeURIComponent(text) : text)
  const login = Buffer.from(`${encode(credentials.clientId)}:${encode(credentials.clientSecret)}`).toString('base64')
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  if (credentials.scope !== null) body.set('scope', credentials.scope)
  const ask = async (): Promise<Token> => {
    const askedAt = Date.now()
    const answer = await fetch(credentials.url, {
      method: 'POST',
      headers: { authorization: `Basic ${login}`, accept: 'application/json' },
      body,
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    })
    if (!answer.ok) {
      const kind = answer.status >= 500 || answer.status === 429 ? 'retriable' : 'config'
      throw tokenError(credentials.url, `it answered ${answer.status}`, kind)
    }
    const { access_token, expires_in } = (await answer.json()) as { access_token?: unknown; expires_in?: unknown }
    if (typeof access_token !== 'string') throw tokenError(credentials.url, 'its answer has no access_token', 'config')
    const expiresAt = typeof expires_in === 'number' ? askedAt + expires_in * 1000 : (expiry(access_token) ?? askedAt)
    return { value: access_token, expiresAt }
  }
  return () => retrying(ask, credentials.url)
}

async function retrying(ask: () => Promise<Token>, url: string): Promise<Token> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      const failure =
        error instanceof ConnectError ? error : tokenError(url, (error as Error).message, 'retriable', error)
      if (failure.kind !== 'retriable' || attempt === TRIES) throw failure
      await pause(100 * 2 ** attempt)
    }
  }
}

function tokenError(url: string, why: string, kind: 'retriable' | 'config', cause?: unknown): ConnectError {
  return new ConnectError(
    `No token could be had from sasl.oauthbearer.token.endpoint.url ${url}: ${why}. Check the URL, the client id and its secret`,
    { kind, javaClass: 'org.apache.kafka.common.errors.SaslAuthenticationException', cause },
  )
}

/** A token in a file that something else renews; read again for each login. */
export function tokenFile(path: string): TokenSource {
  return async () => {
    const value = (await readFile(path, 'utf8')).trim()
    return { value, expiresAt: Date.now() }
  }
}

/** The `exp` of a JWT, in epoch ms. */
function expiry(jwt: string): number | undefined {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as { exp?: unknown }
    return typeof claims.exp === 'number' ? claims.exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/**
 * A token that nobody signed, from the `unsecuredLogin*` options of a JAAS entry, for trying things
 * (`OAuthBearerUnsecuredLoginCallbackHandler`).
 */
export function unsecuredToken(options: Readonly<Record<string, string>>): TokenSource {
  const claims: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    const [, type, claim] = /^unsecuredLogin(String|Number|List)Claim_(.+)$/.exec(name) ?? []
    if (claim === undefined) continue
    if (type === 'String') claims[claim] = value
    else if (type === 'Number') claims[claim] = Number(value)
    else claims[claim] = value === '' ? [] : value.slice(1).split(value.slice(0, 1))
  }
  const lifetime = Number(options['unsecuredLoginLifetimeSeconds'] ?? 3600)
  return async () => {
    const now = Date.now() / 1000
    const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url')
    const value = `${part({ alg: 'none' })}.${part({ iat: now, exp: now + lifetime, ...claims })}.`
    return { value, expiresAt: (now + lifetime) * 1000 }
  }
}
