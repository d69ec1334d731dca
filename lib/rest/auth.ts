/** Who may use the REST API: a bearer token, or names and passwords of a file as Apache's htpasswd writes it. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { ConfigError } from '../connect/errors.ts'
import { hasVariables } from '../worker/config-variables.ts'
import type { WorkerSettings } from '../worker/settings.ts'

const TOKEN = 'penstock.rest.auth.token'
const BASIC = 'penstock.rest.auth.basic'

export interface Auth {
  /** The challenges of a 401, for `WWW-Authenticate`. */
  readonly challenges: readonly string[]
  /** By the request's `Authorization`. */
  permits(authorization: string | null): Promise<boolean>
}

export function isAuthWanted(settings: WorkerSettings): boolean {
  return settings[TOKEN] !== null || settings[BASIC] !== null
}

/** Null: nobody is asked. `ConfigError` for a token that is none, or a file that can't be read. */
export async function auth(settings: WorkerSettings): Promise<Auth | null> {
  if (!isAuthWanted(settings)) return null
  const token = settings[TOKEN]?.reveal() ?? null
  if (token !== null && (token === '' || hasVariables(token)))
    throw new ConfigError(`${TOKEN} is ${token === '' ? 'empty' : 'a reference that no config provider resolves'}`)
  const file = settings[BASIC]
  const users = file === null ? null : htpasswd(file)
  await users?.read()
  return {
    challenges: [
      ...(token === null ? [] : ['Bearer realm="penstock"']),
      ...(users === null ? [] : ['Basic realm="penstock", charset="UTF-8"']),
    ],
    async permits(authorization) {
      const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? []
      switch (scheme.toLowerCase()) {
        case 'bearer':
          return token !== null && isSame(credentials, token)
        case 'basic':
          return (await users?.permits(credentials)) ?? false
        default:
          return false
      }
    },
  }
}

const KEY = randomBytes(32)

function digest(text: string): Buffer {
  return createHmac('sha256', KEY).update(text).digest()
}

/** In a time that says nothing of either. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other))
}

interface Users {
  read(): Promise<void>
  permits(credentials: string): Promise<boolean>
}

/** How often the file is looked at for changes, in ms. */
const FRESH_MS = 5_000
/** Logins that are remembered, so that a hash made to be slow is computed once each. */
const REMEMBERED = 1_000

function htpasswd(file: string): Users {
  let users: ReadonlyMap<string, string> = new Map()
  let changed = -1
  let looked = 0
  const known = new Set<string>()

  async function read(): Promise<void> {
    if (Date.now() - looked < FRESH_MS) return
    const { mtimeMs } = await orExplained(stat(file))
    looked = Date.now()
    if (mtimeMs === changed) return
    users = usersOf(file, await orExplained(readFile(file, 'utf8')))
    changed = mtimeMs
    known.clear()
  }

  async function orExplained<T>(reading: Promise<T>): Promise<T> {
    return reading.catch((cause: NodeJS.ErrnoException) => {
      throw new ConfigError(`${BASIC}: ${file} can't be read (${cause.code})`, cause)
    })
  }

  return {
    read,
    async permits(credentials) {
      await read()
      const id = digest(credentials).toString('base64')
      if (known.has(id)) return true
      const text = Buffer.from(credentials, 'base64').toString('utf8')
      const colon = text.indexOf(':')
      if (colon < 0) return false
      const hash = users.get(text.slice(0, colon))
      // A name that isn't there takes as long as a wrong password.
      const [any = ''] = users.values()
      const matches = await fits(text.slice(colon + 1), hash ?? any)
      if (hash === undefined || !matches) return false
      if (known.size >= REMEMBERED) known.clear()
      known.add(id)
      return true
    },
  }
}

const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/
const SHA1 = /^\{SHA\}[A-Za-z0-9+/]{27}=$/

function usersOf(file: string, text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }))
  const entries = lines.flatMap(({ line, number }) => {
    if (line === '' || line.startsWith('#')) return []
    const colon = line.indexOf(':')
    const hash = line.slice(colon + 1)
    if (colon < 1 || !(BCRYPT.test(hash) || SHA1.test(hash)))
      throw new ConfigError(
        `${BASIC}: line ${number} of ${file} is no name with a bcrypt or {SHA} hash: make it with htpasswd -B`,
      )
    return [[line.slice(0, colon), hash] as const]
  })
  if (entries.length === 0) throw new ConfigError(`${BASIC}: ${file} has no user: make one with htpasswd -B`)
  return new Map(entries)
}

async function fits(password: string, hash: string): Promise<boolean> {
  if (!hash.startsWith('{SHA}')) return (await import('bcryptjs')).default.compare(password, hash)
  return isSame(createHash('sha1').update(password).digest('base64'), hash.slice('{SHA}'.length))
}
