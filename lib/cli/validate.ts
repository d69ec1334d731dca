/** `penstock validate`: configs against the plugins of the server. */
import { Command } from 'commander'
import { colors as pc } from '../observe/colors.ts'
import type { ConfigInfos } from '../rest/validation/config-infos.ts'
import { at, type Client } from './client.ts'
import { type ConnectorFile, readConnectors } from './connector-files.ts'
import { CliError, EXIT } from './failure.ts'
import { print } from './output.ts'
import type { Config } from './secrets.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

export interface FileFlags {
  readonly filename: readonly string[]
  readonly name?: string
}

/** The flags of commands that take connectors from files. */
export function fromFiles(command: Command): Command {
  return command
    .argument('[files...]', 'as -f')
    .option('-f, --filename <path...>', 'files or folders of JSON, YAML or properties; - for the standard input', [])
    .option('-n, --name <name>', 'the name of a config that has none')
}

/** `CliError` where no file is named, or where two of them hold one connector. */
export async function connectorsOf(files: readonly string[], flags: FileFlags): Promise<ConnectorFile[]> {
  const paths = [...files, ...flags.filename]
  if (paths.length === 0) throw new CliError(EXIT.usage, 'No file is named', 'Give -f FILE, -f FOLDER or -f -')
  const all = (await Promise.all(paths.map((path) => readConnectors(path, flags.name ?? null)))).flat()
  const byName = new Map<string, string>()
  for (const { name, from } of all) {
    const other = byName.get(name)
    if (other !== undefined)
      throw new CliError(EXIT.failed, `The connector ${name} is in ${other} and in ${from}`, 'Leave out one of them')
    byName.set(name, from)
  }
  return all
}

export function validateCommand(): Command {
  return fromFiles(remote(new Command('validate'))).action(validate)
}

async function validate(files: readonly string[], flags: RemoteFlags & FileFlags): Promise<void> {
  const client = await clientOf(flags)
  const answers: { readonly name: string; readonly from: string; readonly errors: readonly SettingError[] }[] = []
  for (const { name, from, config } of await connectorsOf(files, flags))
    answers.push({ name, from, errors: await configErrors(client, config) })
  const wrong = answers.some(({ errors }) => errors.length > 0)
  if (wrong) process.exitCode = EXIT.failed
  await print(flags.output, answers, () =>
    answers
      .map(({ name, errors }) => (errors.length === 0 ? `${name}: ${pc.green('valid')}` : invalid(name, errors)))
      .join('\n'),
  )
}

export interface SettingError {
  readonly setting: string
  readonly message: string
}

/** What the server finds wrong with the config, in its words. */
export async function configErrors(client: Client, config: Config): Promise<SettingError[]> {
  const type = config['connector.class'] ?? ''
  if (type === '')
    return [
      { setting: 'connector.class', message: 'Missing required configuration "connector.class": it names the plugin' },
    ]
  try {
    const found = await client.send<ConfigInfos>('PUT', at`/connector-plugins/${type}/config/validate`, config)
    return (found?.configs ?? []).flatMap(({ value }) =>
      value.errors.map((message) => ({ setting: value.name, message })),
    )
  } catch (error) {
    // A plugin that the server doesn't have is told as a refusal of the whole, by a JVM worker as a fault of its own.
    if (error instanceof CliError && (error.status === EXIT.failed || error.status === EXIT.notFound))
      return [{ setting: 'connector.class', message: error.message }]
    throw error
  }
}

export function invalid(name: string, errors: readonly SettingError[]): string {
  const lines = errors.map(({ setting, message }) => `  ${setting}: ${message}`)
  return [`${name}: ${pc.red(`${errors.length} error${errors.length === 1 ? '' : 's'}`)}`, ...lines].join('\n')
}
