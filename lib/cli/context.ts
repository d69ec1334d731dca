/** `penstock context`: servers by name, with their credentials, which are never printed. */
import { Command, Option } from 'commander'
import { readText } from './connector-files.ts'
import { type Context, contextsPath, readContexts, requireContext, writeContexts } from './context-file.ts'
import { CliError, EXIT } from './failure.ts'
import { type Format, print, table } from './output.ts'
import { parseUrl } from './server.ts'

interface SetFlags {
  readonly url?: string
  readonly token?: string
  readonly user?: string
  readonly password?: string
}

export function contextCommand(): Command {
  const output = () =>
    new Option('-o, --output <format>', 'how to print').choices(['human', 'json', 'yaml']).default('human')
  return new Command('context')
    .addCommand(
      new Command('list')
        .alias('get-contexts')
        .description('all contexts; * marks the current one')
        .addOption(output())
        .action(list),
      { isDefault: true },
    )
    .addCommand(new Command('current').alias('current-context').description('the current context').action(current))
    .addCommand(
      new Command('use')
        .alias('use-context')
        .description('make it the current one')
        .argument('<name>', 'context')
        .action(use),
    )
    .addCommand(
      new Command('set')
        .alias('set-context')
        .description('add or change one; the first is the current one')
        .argument('<name>', 'context')
        .option('--url <url>', 'its REST API')
        .option('--token <token>', 'bearer token; - reads it from the standard input')
        .option('--user <user>', 'user of basic auth')
        .option('--password <password>', 'password of basic auth; - reads it from the standard input')
        .action(set),
    )
    .addCommand(
      new Command('remove')
        .alias('remove-context')
        .description('forget it')
        .argument('<name>', 'context')
        .action(remove),
    )
}

async function list({ output }: { readonly output: Format }): Promise<void> {
  const { current: name, contexts } = await readContexts()
  const rows = Object.entries(contexts).map(([key, context]) => ({
    name: key,
    current: key === name,
    url: context.url,
    auth: authOf(context),
  }))
  await print(output, rows, () =>
    table(
      ['', 'NAME', 'URL', 'AUTH'],
      rows.map((row) => [row.current ? '*' : '', row.name, row.url, row.auth]),
      `No contexts in ${contextsPath()}: penstock context set NAME --url URL`,
    ),
  )
}

function authOf({ token, user }: Context): string | null {
  if (token !== undefined) return 'token'
  return user === undefined ? null : `basic, as ${user}`
}

async function current(): Promise<void> {
  const { current: name } = await readContexts()
  if (name === null) throw new CliError(EXIT.notFound, 'There is no current context', 'penstock context use NAME')
  console.log(name)
}

async function use(name: string): Promise<void> {
  const contexts = await readContexts()
  const { url } = requireContext(contexts, name)
  await writeContexts({ ...contexts, current: name })
  console.log(`${name}: ${url}`)
}

async function set(name: string, flags: SetFlags): Promise<void> {
  const contexts = await readContexts()
  const before = Object.hasOwn(contexts.contexts, name) ? contexts.contexts[name] : undefined
  const url = flags.url ?? before?.url
  if (url === undefined) throw new CliError(EXIT.usage, `The context ${name} is new: --url is missing`)
  const { username } = parseUrl('--url', url)
  if (username !== '')
    throw new CliError(EXIT.usage, 'The address holds a user', 'Give --user and --password beside it')
  const context: Context = { url, ...(await credentials(flags, before)) }
  await writeContexts({ current: contexts.current ?? name, contexts: { ...contexts.contexts, [name]: context } })
  console.log(`${name}: ${url}`)
}

/** A token takes the place of a user and password, and the other way round; without any it stays as it was. */
async function credentials({ token, user, password }: SetFlags, before?: Context): Promise<Omit<Context, 'url'>> {
  const read = async (text: string) => (text === '-' ? (await readText('-')).trim() : text)
  if (token !== undefined && (user ?? password) !== undefined)
    throw new CliError(EXIT.usage, '--token and --user are two ways to log in', 'Give one of them')
  if (token !== undefined) return { token: await read(token) }
  if (user === undefined && password === undefined) {
    const { url: _, ...same } = before ?? { url: '' }
    return same
  }
  const login = {
    user: user ?? before?.user,
    password: password === undefined ? before?.password : await read(password),
  }
  if (login.user === undefined) throw new CliError(EXIT.usage, '--password needs --user beside it')
  return { user: login.user, ...(login.password === undefined ? {} : { password: login.password }) }
}

async function remove(name: string): Promise<void> {
  const all = await readContexts()
  requireContext(all, name)
  const { [name]: _, ...contexts } = all.contexts
  await writeContexts({ current: all.current === name ? null : all.current, contexts })
  console.log(`${name}: removed`)
}
