/** `penstock get config`: as `apply -f` takes it. */
import { at } from './client.ts'
import { print } from './output.ts'
import { type Config, masked, secretsOf } from './secrets.ts'
import { clientOf, type RemoteFlags } from './server.ts'

export async function getConfig(name: string, flags: RemoteFlags & { readonly showSecrets?: true }): Promise<void> {
  const client = await clientOf(flags)
  const config = await client.get<Config>(at`/connectors/${name}/config`)
  const shown = flags.showSecrets ? config : masked(config, await secretsOf(client, config['connector.class']))
  const sorted = Object.fromEntries(Object.entries(shown).sort(([a], [b]) => (a < b ? -1 : 1)))
  await print(flags.output, sorted, () =>
    Object.entries(sorted)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n'),
  )
}
