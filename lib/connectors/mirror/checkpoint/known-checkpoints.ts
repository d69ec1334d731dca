import { ConnectError } from '../../../connect/errors.ts'
import type { PluginLog } from '../../../connect/plugin.ts'
import type { RawConfig } from '../../../connect/settings.ts'
import { connect } from '../../../kafka/cluster.ts'
import { consumerOf } from '../clients.ts'
import { decodeCheckpoint } from '../records.ts'
import { Checkpoints } from './checkpoints.ts'
import { Replay } from './replay.ts'

/** The groups' checkpoints that were written so far; null where they can't be read. */
export async function knownCheckpoints(
  raw: RawConfig,
  topic: string,
  groups: readonly string[],
  log: PluginLog,
): Promise<Checkpoints | null> {
  const { client, consumer } = consumerOf(raw, 'target', 'checkpoints-target-consumer')
  await using cluster = await connect(client)
  const own = new Set(groups)
  const found = new Checkpoints()
  const replay = new Replay(topic, (record) => {
    const checkpoint = decodeCheckpoint(record)
    if (checkpoint !== null && own.has(checkpoint.group)) found.keep(checkpoint)
  })
  try {
    await replay.read(cluster, consumer)
    return found
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    log.warn(
      `the checkpoints in topic ${topic} can't be read: only offsets of records that are replicated from now on are translated`,
      { error: error.message },
    )
    return null
  }
}
