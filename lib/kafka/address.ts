import { ConfigError } from '../connect/errors.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** host:port, IPv6 in brackets. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** One of `bootstrap.servers`: host:port, [IPv6]:port, or either after a protocol and ://. `ConfigError` if it isn't. */
export function parseAddress(text: string): Address {
  const match = /^(?:\w+:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535)
    throw new ConfigError(`Invalid url in bootstrap.servers: ${text} (expected host:port,host:port,...)`)
  return { host, port }
}
