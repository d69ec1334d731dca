/** Reads secrets over Vault's HTTP API (developer.hashicorp.com/vault/api-docs). */
import { type Budget, pause } from '../../connect/budget.ts'
import { ConfigError, RetriableError } from '../../connect/errors.ts'
import { awsLogin } from './aws-login.ts'
import type { VaultSettings } from './settings.ts'

export interface Secret {
  readonly data: Readonly<Record<string, unknown>>
  /** 0: it has none. */
  readonly leaseSeconds: number
}

export interface VaultClient {
  /** `ConfigError` where there is no such secret or no right to it, retriable where the server isn't there. */
  read(path: string, budget: Budget): Promise<Secret>
}

interface Answer {
  readonly status: number
  readonly body: {
    readonly data?: Readonly<Record<string, unknown>> | null
    readonly lease_duration?: number
    readonly auth?: { readonly client_token: string; readonly lease_duration: number } | null
    readonly errors?: readonly string[]
  }
}

interface Token {
  readonly text: string
  /** Epoch ms. */
  readonly until: number
}

/** Of a login's time: then it is renewed by another login. */
const SHARE_OF_LOGIN = 0.8

export function createVaultClient(config: VaultSettings): VaultClient {
  const address = (config['vault.address'] || (process.env['VAULT_ADDR'] ?? '')).replace(/\/+$/, '')
  if (!/^https?:\/\//.test(address))
    throw ConfigError.invalid('vault.address', address, 'Expected the URL of the server, http:// or https://')
  return new Client(config, address)
}

class Client implements VaultClient {
  readonly #config: VaultSettings
  readonly #address: string
  readonly #mounts = new Map<string, Mount | null>()
  #token: Token | null = null

  constructor(config: VaultSettings, address: string) {
    this.#config = config
    this.#address = address
  }

  async read(path: string, budget: Budget): Promise<Secret> {
    const prefix = this.#config['vault.prefix']
    const whole = [prefix, path].map((part) => part.replace(/^\/+|\/+$/g, '')).filter((part) => part !== '')
    const full = whole.join('/')
    const mount = await this.#mount(full, budget)
    const answer = await this.#asked(apiPath(full, mount), budget)
    const { status, body } = answer
    if (status === 404) throw new ConfigError(`Vault has no secret at ${full}`)
    if (status !== 200 || !body.data) throw new ConfigError(`Vault refused to read ${full}: ${reason(answer)}`)
    const { data, metadata } = body.data as { data?: Readonly<Record<string, unknown>>; metadata?: unknown }
    const versioned = metadata !== undefined && typeof data === 'object' && data !== null
    return { data: versioned ? data : body.data, leaseSeconds: body.lease_duration ?? 0 }
  }

  /** What is mounted there, as the `vault kv` commands ask; null where the policy doesn't let that be seen. */
  async #mount(path: string, budget: Budget): Promise<Mount | null> {
    const known = this.#mounts.get(path)
    if (known !== undefined) return known
    const { status, body } = await this.#asked(`sys/internal/ui/mounts/${path}`, budget)
    const { path: at, options } = (body.data ?? {}) as { path?: string; options?: { version?: string } | null }
    const mount = status === 200 && at !== undefined ? { path: at, versioned: options?.version === '2' } : null
    this.#mounts.set(path, mount)
    return mount
  }

  /** With a token; once more with a new one where the server has forgotten the old. */
  async #asked(path: string, budget: Budget): Promise<Answer> {
    const token = await this.#login(budget)
    const answer = await this.#send('GET', path, { 'X-Vault-Token': token.text }, null, budget)
    if (answer.status !== 403 || token.until === Number.POSITIVE_INFINITY || this.#token !== token) return answer
    this.#token = null
    const anew = await this.#login(budget)
    return this.#send('GET', path, { 'X-Vault-Token': anew.text }, null, budget)
  }

  async #login(budget: Budget): Promise<Token> {
    if (this.#token !== null && Date.now() < this.#token.until) return this.#token
    const token = await this.#newToken(budget)
    this.#token = token
    return token
  }

  async #newToken(budget: Budget): Promise<Token> {
    const config = this.#config
    switch (config['vault.login.by'].toLowerCase()) {
      case 'approle': {
        const roleId = config['vault.role.id']
        const secretId = config['vault.secret.id']?.reveal() ?? ''
        if (roleId === '' || secretId === '')
          throw new ConfigError('vault.login.by=AppRole needs vault.role.id and vault.secret.id')
        return this.#loggedIn('approle', { role_id: roleId, secret_id: secretId }, budget)
      }
      case 'aws':
        return this.#loggedIn('aws', await awsLogin(config), budget)
      default: {
        const text = config['vault.token']?.reveal() ?? process.env['VAULT_TOKEN'] ?? ''
        if (text === '') throw new ConfigError('vault.login.by=Token needs vault.token, or VAULT_TOKEN')
        return { text, until: Number.POSITIVE_INFINITY }
      }
    }
  }

  async #loggedIn(method: 'approle' | 'aws', body: object, budget: Budget): Promise<Token> {
    const mount = this.#config['vault.auth.path'].replace(/^\/+|\/+$/g, '') || method
    const answer = await this.#send('POST', `auth/${mount}/login`, {}, body, budget)
    const { auth } = answer.body
    if (answer.status !== 200 || !auth)
      throw new ConfigError(`Vault refused the login by ${method} at auth/${mount}: ${reason(answer)}`)
    const { client_token: text, lease_duration: seconds } = auth
    return { text, until: seconds > 0 ? Date.now() + seconds * 1000 * SHARE_OF_LOGIN : Number.MAX_SAFE_INTEGER }
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    body: object | null,
    budget: Budget,
  ): Promise<Answer> {
    const url = `${this.#address}/v1/${path.split('/').map(encodeURIComponent).join('/')}`
    const namespace = this.#config['vault.namespace']
    const init = {
      method,
      headers: {
        'X-Vault-Request': 'true',
        ...(namespace === '' ? {} : { 'X-Vault-Namespace': namespace }),
        ...(body === null ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
      signal: budget.signal,
    }
    for (let attempt = 0; ; attempt++) {
      const answer = await answerOf(url, init)
      if (!(answer instanceof RetriableError)) return answer
      if (attempt >= this.#config['vault.max.retries'] || budget.signal.aborted) throw answer
      await pause(this.#config['vault.retry.interval.ms'], budget)
    }
  }
}

interface Mount {
  /** With its slash. */
  readonly path: string
  /** KV version 2. */
  readonly versioned: boolean
}

/** KV version 2 has its secrets under `data/`. */
function apiPath(path: string, mount: Mount | null): string {
  if (mount === null || !mount.versioned || !path.startsWith(mount.path)) return path
  const rest = path.slice(mount.path.length)
  return rest.startsWith('data/') ? path : `${mount.path}data/${rest}`
}

async function answerOf(url: string, init: RequestInit): Promise<Answer | RetriableError> {
  const { origin } = new URL(url)
  try {
    const response = await fetch(url, init)
    const text = await response.text()
    if (response.status >= 500 || response.status === 429)
      return new RetriableError(`Vault at ${origin} answers ${response.status}`)
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] }
  } catch (error) {
    const { cause, message } = error as Error
    const why = cause instanceof Error && cause.message !== '' ? cause.message : message
    return new RetriableError(`Vault at ${origin} doesn't answer: ${why}`)
  }
}

function reason({ status, body }: Answer): string {
  // Vault sends some lists of errors as lines of one text.
  const text = body.errors?.join('; ').replaceAll(/\s+/g, ' ').trim()
  return text === undefined || text === '' ? `status ${status}` : `status ${status}, ${text}`
}
