/** `listeners` of a server on a machine of its own: where it listens, and by which certificates. */
import { lookup } from 'node:dns/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, isIP } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { ConfigError } from '../connect/errors.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import { COMMON_PROPERTIES } from '../kafka/client-properties.ts'
import { secureContext, tlsContextOptions } from '../kafka/tls-settings.ts'
import type { Worker } from '../worker/settings.ts'
import { isAuthWanted } from './auth.ts'

export interface Listener {
  readonly protocol: 'http' | 'https'
  /** Empty: every address of the machine. */
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
}

export interface Listening {
  /** Of the first listener: `http://host:port`. */
  readonly url: string
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

const DEFAULT_PORTS = { http: 8083, https: 8443 }

export function listenersOf({ settings }: Pick<Worker, 'settings'>): Listener[] {
  const texts = settings.listeners.filter((text) => text !== '')
  if (texts.length === 0) throw ConfigError.invalid('listeners', '', 'Expected http://host:port or https://host:port')
  return texts.map((text) => {
    const match = /^(https?):\/\/(\[[^\]]+\]|[^\s:/[\]]*)(?::(\d{1,5}))?$/i.exec(text)
    const protocol = match?.[1]?.toLowerCase() === 'https' ? 'https' : 'http'
    const port = Number(match?.[3] ?? DEFAULT_PORTS[protocol])
    if (match === null || port > 65_535)
      throw ConfigError.invalid('listeners', text, 'Expected http://host:port or https://host:port')
    return { protocol, host: (match[2] ?? '').replace(/^\[|\]$/g, ''), port }
  })
}

/** Whether nobody but this machine can reach them. */
export async function areLoopback(listeners: readonly Listener[]): Promise<boolean> {
  return (await Promise.all(listeners.map(isLoopback))).every((is) => is)
}

async function isLoopback({ host }: Listener): Promise<boolean> {
  if (host === '') return false
  const found = isIP(host) > 0 ? [host] : (await lookup(host, { all: true }).catch(() => [])).map((one) => one.address)
  return found.length > 0 && found.every((address) => /^(?:127\.|::1$|::ffff:127\.)/i.test(address))
}

/** `ConfigError` where others could use the API and nobody asks them who they are. */
export async function requireAuth(
  { settings }: Pick<Worker, 'settings'>,
  listeners: readonly Listener[],
): Promise<void> {
  if (isAuthWanted(settings) || (await areLoopback(listeners))) return
  throw new ConfigError(
    `listeners=${settings.listeners.join(',')} lets other machines use the REST API, and nobody is asked who they are: ` +
      'set penstock.rest.auth.token or penstock.rest.auth.basic, or listen on http://localhost:8083',
  )
}

/** Rejects with the system's error where it can't listen. */
export async function listen(
  listeners: readonly Listener[],
  raw: RawConfig,
  handler: RequestListener,
): Promise<Listening> {
  const tls = listeners.some(({ protocol }) => protocol === 'https') ? tlsOptions(raw) : {}
  const servers = listeners.map(({ protocol }) =>
    protocol === 'https' ? createTlsServer(tls, handler) : createServer(handler),
  )
  const close = async () => {
    for (const server of servers) server.close()
    for (const server of servers) server.closeAllConnections()
  }
  try {
    for (const [i, server] of servers.entries()) {
      const { host, port } = listeners[i] as Listener
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host === '' ? undefined : host, resolve)
      })
    }
  } catch (error) {
    await close()
    throw error
  }
  const [bound] = servers.map((server) => server.address() as AddressInfo)
  const { protocol, host: asked } = listeners[0] as Listener
  const host = asked === '' ? 'localhost' : asked
  const port = bound?.port ?? 0
  return { url: `${protocol}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`, host, port, close }
}

const PREFIX = 'listeners.https.'

/** The settings under `listeners.https.` where there is any, else the worker's own `ssl.*`, as Connect takes them. */
function tlsOptions(raw: RawConfig): TlsOptions {
  const own = Object.entries(raw).filter(([key]) => key.startsWith(PREFIX))
  const chosen =
    own.length > 0 ? own.map(([key, value]) => [key.slice(PREFIX.length), value] as const) : Object.entries(raw)
  const ssl = Object.fromEntries(chosen.filter(([key]) => key.startsWith('ssl.')))
  const { 'ssl.client.auth': clientAuth = 'none', ...properties } = ssl
  const options = tlsContextOptions(parse(COMMON_PROPERTIES, { ...properties, 'bootstrap.servers': 'localhost:9092' }))
  secureContext(options)
  if (options.key === undefined && options.pfx === undefined)
    throw new ConfigError(
      `listeners with https need a certificate: ${PREFIX}ssl.keystore.location, or ssl.keystore.location`,
    )
  switch (clientAuth?.toLowerCase()) {
    case 'none':
      return options
    case 'requested':
      return { ...options, requestCert: true, rejectUnauthorized: false }
    case 'required':
      return { ...options, requestCert: true, rejectUnauthorized: true }
    default:
      throw ConfigError.invalid('ssl.client.auth', clientAuth, 'Expected none, requested or required')
  }
}
