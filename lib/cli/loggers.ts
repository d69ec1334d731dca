/** `penstock loggers`: levels, and changing them (KIP-976). */
import { Argument, Command, Option } from 'commander'
import { at } from './client.ts'
import { print, table } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF']

interface Level {
  readonly level: string | null
  /** Epoch ms; null: never changed. */
  readonly last_modified?: number | null
}

export function loggersCommand(): Command {
  return new Command('loggers')
    .addCommand(
      remote(new Command('list'))
        .description('loggers and their levels')
        .argument('[name]', 'this one alone')
        .action(listLoggers),
      { isDefault: true },
    )
    .addCommand(
      remote(new Command('set'))
        .description("change a logger's level, and that of all below it")
        .argument('<name>', 'logger, or root')
        .addArgument(new Argument('<level>', 'how much it says').argParser((text) => text.toUpperCase()))
        .addOption(
          new Option('--scope <scope>', 'this worker, or all of them')
            .choices(['worker', 'cluster'])
            .default('cluster'),
        )
        .addHelpText('after', `\nLevels: ${LEVELS.join(', ')}`)
        .action(setLevel),
    )
}

export async function listLoggers(name: string | undefined, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  const loggers =
    name === undefined
      ? await client.get<Record<string, Level>>('/admin/loggers')
      : { [name]: await client.get<Level>(at`/admin/loggers/${name}`) }
  await print(flags.output, loggers, () =>
    table(
      ['LOGGER', 'LEVEL', 'CHANGED'],
      Object.entries(loggers).map(([logger, { level, last_modified: changed }]) => [
        logger,
        level,
        changed == null ? null : new Date(changed).toISOString(),
      ]),
      'No loggers',
    ),
  )
}

async function setLevel(name: string, level: string, flags: RemoteFlags & { readonly scope: string }): Promise<void> {
  const client = await clientOf(flags)
  const path = `${at`/admin/loggers/${name}`}?scope=${flags.scope}`
  const changed = (await client.send<string[]>('PUT', path, { level })) ?? [name]
  await print(flags.output, { level, loggers: changed }, () =>
    changed.map((logger) => `${logger}: ${level}`).join('\n'),
  )
}
