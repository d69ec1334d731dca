/** `penstock rollback`: a connector's config as it was. */
import { Command } from 'commander'
import { at } from './client.ts'
import { changesOf, diffLines } from './config-diff.ts'
import { indented, print } from './output.ts'
import { type Config, secretsOf } from './secrets.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'
import { positive } from './waiting.ts'

export function rollbackCommand(): Command {
  return remote(new Command('rollback'))
    .argument('<name>', 'connector, also a deleted one')
    .option('--to <version>', 'of `penstock history NAME` (default: the one before the present)', positive)
    .action(rollback)
}

async function rollback(name: string, flags: RemoteFlags & { readonly to?: number }): Promise<void> {
  const client = await clientOf(flags)
  const before = await client.find<Config>(at`/connectors/${name}/config`)
  const body = flags.to === undefined ? {} : { version: flags.to }
  await client.send('POST', at`/penstock/connectors/${name}/rollback`, body)
  const after = await client.get<Config>(at`/connectors/${name}/config`)
  const changes = changesOf(before ?? {}, after, await secretsOf(client, after['connector.class']))
  const diff = await diffLines(changes)
  const done = before === null ? 'created again' : diff === '' ? 'unchanged' : 'rolled back'
  await print(flags.output, { name, changes }, () =>
    [`${name}: ${done}`, ...(diff === '' ? [] : [indented(diff)])].join('\n'),
  )
}
