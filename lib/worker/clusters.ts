/**
 * Connections to Kafka that outlive an invocation: one cluster per set of client settings, opened at its first use.
 * A warm instance finds its connections open; what was lost meanwhile is opened again by the cluster itself.
 */
import type { ClientSettings } from '../kafka/client-settings.ts'
import { type Cluster, connect } from '../kafka/cluster.ts'

const open = new Map<string, Promise<Cluster>>()

export function cluster(settings: ClientSettings): Promise<Cluster> {
  const found = open.get(settings.fingerprint)
  if (found !== undefined) return found
  const made = connect(settings)
  open.set(settings.fingerprint, made)
  made.catch(() => open.delete(settings.fingerprint))
  return made
}
