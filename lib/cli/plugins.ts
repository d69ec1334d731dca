/** `penstock plugins`: what the server has, and a plugin's settings. */
import { Command } from 'commander'
import type { Definition } from '../connect/definition.ts'
import { at } from './client.ts'
import { CliError, EXIT } from './failure.ts'
import { type Cell, print, table } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

interface ListFlags extends RemoteFlags {
  readonly type?: string
  readonly search?: string
}

interface Plugin {
  readonly class: string
  readonly type: string
  readonly version?: string
}

export function pluginsCommand(): Command {
  return new Command('plugins')
    .addCommand(
      remote(new Command('list'))
        .description('all plugins')
        .option('-t, --type <types>', 'source, sink, converter, header_converter, transformation, predicate')
        .option('--search <text>', 'whose class contains it')
        .action(listPlugins),
      { isDefault: true },
    )
    .addCommand(
      remote(new Command('describe'))
        .description("a plugin's settings")
        .argument('<class>', 'its class, or the simple class name')
        .option('--search <text>', 'settings whose name or documentation contains it')
        .action(describePlugin),
    )
}

export async function listPlugins(flags: ListFlags): Promise<void> {
  const client = await clientOf(flags)
  const types = flags.type?.split(',').map((type) => type.trim())
  const search = flags.search?.toLowerCase() ?? ''
  const plugins = (await client.get<Plugin[]>('/connector-plugins?connectorsOnly=false')).filter(
    (plugin) => (types?.includes(plugin.type) ?? true) && plugin.class.toLowerCase().includes(search),
  )
  await print(flags.output, plugins, () =>
    table(
      ['TYPE', 'CLASS', 'VERSION'],
      plugins.map((plugin) => [plugin.type, plugin.class, plugin.version]),
      'No such plugins',
    ),
  )
}

export async function describePlugin(name: string, flags: RemoteFlags & { readonly search?: string }): Promise<void> {
  const client = await clientOf(flags)
  const found = await client.find<Definition[]>(at`/connector-plugins/${name}/config`)
  if (found === null) throw new CliError(EXIT.notFound, `There is no plugin ${name}`, 'penstock plugins lists them')
  const search = flags.search?.toLowerCase() ?? ''
  const settings = found.filter((one) => `${one.name} ${one.documentation}`.toLowerCase().includes(search))
  await print(flags.output, settings, () =>
    table(
      ['SETTING', 'TYPE', 'DEFAULT', 'IMPORTANCE', 'DOCUMENTATION'],
      settings.map((one) => [one.name, one.type, defaultOf(one), one.importance, firstSentence(one.documentation)]),
      'No such settings',
    ),
  )
}

function defaultOf(setting: Definition): Cell {
  return setting.required ? 'required' : setting.default_value === '' ? '""' : setting.default_value
}

const LONGEST = 100

function firstSentence(text: string): string {
  const [first = ''] = text.replace(/\s+/g, ' ').split(/(?<=\.)\s/)
  return first.length > LONGEST ? `${first.slice(0, LONGEST - 1)}…` : first
}
