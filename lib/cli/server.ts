/** Which server a command speaks to: its flags, and what they mean. */
import { type Command, Option } from 'commander'
import { type Client, createClient, type Server } from './client.ts'
import { type Context, readContexts, requireContext } from './context-file.ts'
import { CliError, EXIT } from './failure.ts'
import type { Format } from './output.ts'

export interface ServerFlags {
  readonly url?: string
  readonly context?: string
}

export interface RemoteFlags extends ServerFlags {
  readonly output: Format
}

const DEFAULT_URL = 'http://localhost:8083'

/** Adds the flags that say which server, and in which form it prints. */
export function remote(command: Command): Command {
  return whichServer(command).addOption(
    new Option('-o, --output <format>', 'how to print').choices(['human', 'json', 'yaml']).default('human'),
  )
}

export function whichServer(command: Command): Command {
  return command
    .option('--url <url>', 'the REST API (default: PENSTOCK_URL, the current context, else localhost:8083)')
    .option('--context <name>', 'the server of this context')
}

export async function clientOf(flags: ServerFlags): Promise<Client> {
  return createClient(await serverOf(flags))
}

/** A context's credentials go to that context's server alone. */
async function serverOf({ url, context }: ServerFlags, env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  if (url !== undefined && context !== undefined)
    throw new CliError(EXIT.usage, '--url and --context both name a server', 'Give one of them')
  if (url !== undefined) return server('--url', { url }, env)
  if (context !== undefined) return server(`context ${context}`, requireContext(await readContexts(), context), env)
  const fromEnvironment = env['PENSTOCK_URL']
  if (fromEnvironment !== undefined && fromEnvironment !== '')
    return server('PENSTOCK_URL', { url: fromEnvironment }, env)
  const contexts = await readContexts()
  const { current } = contexts
  if (current !== null) return server(`context ${current}`, requireContext(contexts, current), env)
  return server('the default', { url: DEFAULT_URL }, env)
}

function server(origin: string, { url, ...own }: Context, env: NodeJS.ProcessEnv): Server {
  const parsed = parseUrl(origin, url)
  const inUrl =
    parsed.username === ''
      ? {}
      : { user: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) }
  const address = `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '')
  return { url: address, authorization: authorization({ ...own, ...inUrl }) ?? authorization(fromEnv(env)) }
}

/** `CliError` where it is no http(s) address. */
export function parseUrl(origin: string, text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new CliError(EXIT.usage, `The address of ${origin} is not one: ${text}`, 'As http://localhost:8083')
  return url
}

type Credentials = Omit<Context, 'url'>

function fromEnv(env: NodeJS.ProcessEnv): Credentials {
  const { PENSTOCK_TOKEN: token, PENSTOCK_USER: user, PENSTOCK_PASSWORD: password } = env
  return {
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  }
}

function authorization({ token, user, password = '' }: Credentials): string | null {
  if (token !== undefined && token !== '') return `Bearer ${token}`
  if (user === undefined || user === '') return null
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
