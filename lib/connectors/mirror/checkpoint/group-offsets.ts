/** Commits translated offsets on the target cluster (KIP-545), for groups that nobody is a member of there. */
import type { PluginLog } from '../../../connect/plugin.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { commit, committed, type GroupOffset, members } from '../../../kafka/groups.ts'
import type { Checkpoint } from '../records.ts'

/** Never back: what is committed there already and as far stays. */
export async function syncGroupOffsets(
  target: Cluster,
  group: string,
  checkpoints: readonly Checkpoint[],
  log: PluginLog,
): Promise<void> {
  if (checkpoints.length === 0) return
  try {
    const { state } = await members(target, group)
    if (state !== 'Empty' && state !== 'Dead') {
      log.debug(`the offsets of group ${group} are left to its members on the target cluster`, { state })
      return
    }
    const found = state === 'Dead' ? [] : await committed(target, group)
    const at = new Map(found.map((one) => [nameOf(one), one.offset]))
    const further = checkpoints.filter((one) => one.downstreamOffset > (at.get(nameOf(one)) ?? -1))
    await commit(target, group, further.map(offsetOf))
  } catch (error) {
    log.warn(`the offsets of group ${group} can't be committed on the target cluster`, {
      error: (error as Error).message,
    })
  }
}

function offsetOf({ topic, partition, downstreamOffset: offset, metadata }: Checkpoint): GroupOffset {
  return { topic, partition, offset, metadata }
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`
}
