/** `penstock history`: the versions of a connector's config, and what each changed. */
import { Command } from 'commander'
import { colors as pc } from '../observe/colors.ts'
import { at } from './client.ts'
import { changesOf, diffLines } from './config-diff.ts'
import { indented, print } from './output.ts'
import { type Config, secretsOf } from './secrets.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

export function historyCommand(): Command {
  return remote(new Command('history')).argument('<name>', 'connector, also a deleted one').action(history)
}

export interface ConfigVersion {
  readonly version: number
  /** Epoch ms. */
  readonly time: number
  readonly change: string
  readonly by: string | null
  /** Null: deleted. Secrets are hidden. */
  readonly config: Config | null
}

async function history(name: string, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  const found = await client.get<{ versions: ConfigVersion[] }>(at`/penstock/connectors/${name}/history`)
  const { versions } = found
  const isSecret = await secretsOf(client, versions.find(({ config }) => config !== null)?.config?.['connector.class'])
  const texts = await Promise.all(
    versions.map(async ({ version, time, change, by, config }, i) => {
      const changes = changesOf(versions[i + 1]?.config ?? {}, config ?? {}, isSecret)
      const head = `${pc.bold(String(version))}  ${new Date(time).toISOString()}  ${change}${by === null ? '' : `  ${by}`}`
      const oldest = i === versions.length - 1 && change !== 'create'
      return config === null || oldest ? head : `${head}\n${indented(await diffLines(changes))}`.trimEnd()
    }),
  )
  await print(flags.output, found, () => texts.join('\n'))
}
