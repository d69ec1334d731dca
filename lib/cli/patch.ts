/** `penstock patch`: changes some settings of connectors, and leaves the others (KIP-477). */
import { Command } from 'commander'
import { colors as pc } from '../observe/colors.ts'
import { at, type Client } from './client.ts'
import { type Changes, changesOf, diffLines } from './config-diff.ts'
import { CliError, EXIT } from './failure.ts'
import { byRegexp, forEach, outcomeLines, type Selection, selected } from './names.ts'
import { indented, print } from './output.ts'
import { type Config, secretsOf } from './secrets.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { configErrors, invalid } from './validate.ts'

interface Flags extends RemoteFlags, Selection {
  readonly set: readonly string[]
  readonly remove: readonly string[]
  readonly dryRun?: true
}

export function patchCommand(): Command {
  return byRegexp(remote(new Command('patch')))
    .argument('[names...]', 'connectors')
    .option('-s, --set <key=value...>', 'a setting and its value', [])
    .option('-r, --remove <key...>', 'a setting that is to be gone', [])
    .option('--dry-run', 'validate, and show what would change; nothing is written')
    .action(patch)
}

async function patch(operands: readonly string[], flags: Flags): Promise<void> {
  const patches = patchesOf(flags)
  const client = await clientOf(flags)
  const names = await selected(client, operands, flags)
  const changes: Record<string, Changes> = {}
  const outcomes = await forEach(names, async (name) => {
    const change = await patchOne(client, name, patches, flags.dryRun === true)
    changes[name] = change
    if (Object.keys(change).length === 0) return pc.dim('unchanged')
    const done = flags.dryRun === true ? pc.yellow('would be updated') : pc.green('updated')
    return `${done}\n${indented(await diffLines(change))}`
  })
  const value = outcomes.map(({ name, error }) => ({
    name,
    applied: error === undefined && flags.dryRun !== true && Object.keys(changes[name] ?? {}).length > 0,
    changes: changes[name] ?? {},
    ...(error === undefined ? {} : { error }),
  }))
  await print(flags.output, value, () => outcomeLines(outcomes))
}

function patchesOf({ set, remove }: Flags): Config {
  const sets = set.map((text) => {
    const split = text.indexOf('=')
    if (split <= 0) throw new CliError(EXIT.usage, `-s takes KEY=VALUE, not ${text}`)
    return [text.slice(0, split), text.slice(split + 1)] as const
  })
  if (sets.length + remove.length === 0)
    throw new CliError(EXIT.usage, 'Nothing is to be changed', 'Give -s KEY=VALUE or -r KEY')
  return Object.fromEntries([...remove.map((key) => [key, null] as const), ...sets])
}

async function patchOne(client: Client, name: string, patches: Config, dryRun: boolean): Promise<Changes> {
  const before = await client.get<Config>(at`/connectors/${name}/config`)
  const after = Object.fromEntries(Object.entries({ ...before, ...patches }).filter(([key]) => patches[key] !== null))
  const changes = changesOf(before, after, await secretsOf(client, after['connector.class']))
  if (Object.keys(changes).length === 0) return changes
  if (!dryRun) {
    await client.send('PATCH', at`/connectors/${name}/config`, patches)
    return changes
  }
  const errors = await configErrors(client, after)
  if (errors.length > 0) throw new CliError(EXIT.failed, invalid(name, errors).replace(/^.*?: /, ''))
  return changes
}
