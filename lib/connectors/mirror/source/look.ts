import type { Budget } from '../../../connect/budget.ts'
import type { RawConfig } from '../../../connect/settings.ts'
import { listOffsets } from '../../../kafka/admin.ts'
import { connect } from '../../../kafka/cluster.ts'
import { bounded } from '../bounded.ts'
import { consumerOf } from '../clients.ts'
import { assignedPartitions, markOf } from './positions.ts'
import type { SourceConfig } from './settings.ts'

/** Whether the task's partitions have other ends than it has read to: one request to each leader. */
export async function look(config: SourceConfig, mark: string, budget: Budget, raw: RawConfig): Promise<boolean> {
  const ends = async () => {
    const { client, consumer } = consumerOf(raw, 'source', 'replication-consumer')
    await using cluster = await connect(client)
    return await listOffsets(cluster, assignedPartitions(raw), 'latest', consumer.isolationLevel)
  }
  const found = await bounded(ends(), 'Looking at the ends of the partitions', config['admin.timeout.ms'], budget)
  return markOf(found) !== mark
}
