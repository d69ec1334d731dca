/** `penstock info`: which server answers. */
import { Command } from 'commander'
import { pairs, print } from './output.ts'
import { clientOf, type RemoteFlags, remote } from './server.ts'

export function infoCommand(): Command {
  return remote(new Command('info')).action(info)
}

async function info(flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  const { version, commit, kafka_cluster_id: cluster } = await client.info()
  const server = (await client.isPenstock()) ? 'Penstock' : 'Kafka Connect worker'
  await print(flags.output, { url: client.url, server, version, commit, kafka_cluster_id: cluster }, () =>
    pairs([
      ['URL', client.url],
      ['Server', server],
      ['Connect API', version],
      ['Commit', commit],
      ['Kafka cluster', cluster],
    ]),
  )
}
