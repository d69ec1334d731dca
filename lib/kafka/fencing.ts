import type { Cluster } from './cluster.ts'
import { askCoordinator, initProducerIdRequest } from './transaction-requests.ts'

/**
 * Fences every producer of these transactional ids and ends their transactions, as `Admin.fenceProducers`: what they
 * have sent and not committed is aborted, and they can send nothing more.
 */
export async function fenceProducers(cluster: Cluster, transactionalIds: Iterable<string>): Promise<void> {
  const timeoutMs = cluster.settings.apiTimeoutMs
  const fence = (id: string) =>
    askCoordinator(cluster, id, initProducerIdRequest(id, timeoutMs), 'Fencing the producers', timeoutMs)
  await Promise.all([...new Set(transactionalIds)].map(fence))
}
