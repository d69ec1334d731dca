/** `penstock apply`: makes the server's connectors what files say. */
import { Command } from 'commander'
import { colors as pc } from '../observe/colors.ts'
import { at, type Client } from './client.ts'
import { type Changes, changesOf, diffLines } from './config-diff.ts'
import type { ConnectorFile } from './connector-files.ts'
import { CliError, EXIT } from './failure.ts'
import { indented, print } from './output.ts'
import { type Config, HIDDEN, secretsOf } from './secrets.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { configErrors, connectorsOf, type FileFlags, fromFiles, invalid, type SettingError } from './validate.ts'

interface Flags extends RemoteFlags, FileFlags {
  readonly dryRun?: true
}

export function applyCommand(): Command {
  return fromFiles(remote(new Command('apply')))
    .option('--dry-run', 'validate, and show what would change; nothing is written')
    .action(apply)
}

interface Planned {
  readonly file: ConnectorFile
  readonly action: 'create' | 'update' | 'unchanged' | 'invalid'
  readonly changes: Changes
  readonly errors: readonly SettingError[]
}

/** All are validated before the first one is written. */
async function apply(files: readonly string[], flags: Flags): Promise<void> {
  const client = await clientOf(flags)
  const planned: Planned[] = []
  for (const file of await connectorsOf(files, flags)) planned.push(await plan(client, file))
  const wrong = planned.some(({ action }) => action === 'invalid')
  const writes = flags.dryRun !== true && !wrong
  if (writes) for (const one of planned) await write(client, one)
  await report(planned, flags, writes)
  if (wrong) throw new CliError(EXIT.failed, 'Not valid: nothing was applied')
}

async function plan(client: Client, file: ConnectorFile): Promise<Planned> {
  const { name, config } = file
  const before = await client.find<Config>(at`/connectors/${name}/config`)
  const isSecret = await secretsOf(client, config['connector.class'])
  const changes = changesOf(before ?? {}, config, isSecret)
  const hidden = Object.keys(config).filter((key) => config[key] === HIDDEN && isSecret(key))
  const errors =
    hidden.length > 0
      ? hidden.map((setting) => ({
          setting,
          message: `${HIDDEN} stands for a secret: write the secret, or a reference`,
        }))
      : await configErrors(client, config)
  if (errors.length > 0) return { file, action: 'invalid', changes, errors }
  if (before === null) return { file, action: 'create', changes, errors }
  return { file, action: Object.keys(changes).length === 0 ? 'unchanged' : 'update', changes, errors }
}

async function write(client: Client, { file, action }: Planned): Promise<void> {
  const { name, config, initialState } = file
  if (action === 'create' && initialState !== null)
    await client.send('POST', '/connectors', { name, config, initial_state: initialState })
  else if (action !== 'unchanged') await client.send('PUT', at`/connectors/${name}/config`, config)
}

async function report(planned: readonly Planned[], { output }: Flags, written: boolean): Promise<void> {
  const value = planned.map(({ file, action, changes, errors }) => ({
    name: file.name,
    from: file.from,
    action,
    applied: written && action !== 'unchanged',
    changes,
    ...(errors.length === 0 ? {} : { errors }),
  }))
  const texts = await Promise.all(planned.map((one) => text(one, written)))
  await print(output, value, () => texts.join('\n'))
}

async function text({ file: { name }, action, changes, errors }: Planned, written: boolean): Promise<string> {
  if (action === 'invalid') return invalid(name, errors)
  if (action === 'unchanged') return `${name}: ${pc.dim('unchanged')}`
  const done = written ? pc.green(`${action}d`) : pc.yellow(`would be ${action}d`)
  return `${name}: ${done}\n${indented(await diffLines(changes))}`
}
