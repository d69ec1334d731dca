/** The ACLs of topics, as their copies get them: whoever reads a topic may read the copy, and only replication writes it. */
import type { PluginLog } from '../../../connect/plugin.ts'
import { ACL, createTopicAcls, type TopicAcl, topicAcls } from '../../../kafka/acls.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { kafkaError } from '../../../kafka/codes.ts'
import type { Replicated } from './topics.ts'

/** Adds to the remote topics' ACLs; takes none away. */
export async function syncTopicAcls(
  source: Cluster,
  target: Cluster,
  replicated: Replicated,
  log: PluginLog,
): Promise<void> {
  const found = await topicAcls(source)
  if (found === null) {
    log.debug('the source cluster has no authorizer: there are no ACLs to copy (sync.topic.acls.enabled)')
    return
  }
  const wanted = found.flatMap((acl) => remoteAcl(acl, replicated))
  const there = wanted.length === 0 ? [] : await topicAcls(target)
  if (there === null) {
    log.warn(
      'the target cluster has no authorizer: the ACLs of topics are not copied. Set sync.topic.acls.enabled to false',
    )
    return
  }
  const known = new Set(there.map(textOf))
  const missing = wanted.filter((acl) => !known.has(textOf(acl)))
  for (const [i, { error, message }] of (await createTopicAcls(target, missing)).entries())
    if (error !== 0) log.warn(kafkaError(error, `Copying an ACL of topic ${missing[i]?.topic}`, message).message)
}

/** None for one that stays behind. The right to do everything becomes that to read. */
function remoteAcl(acl: TopicAcl, { includes, policy }: Replicated): TopicAcl[] {
  const allows = acl.permission === ACL.permission.allow
  if (acl.pattern !== ACL.pattern.literal || !includes(acl.topic)) return []
  if (allows && acl.operation === ACL.operation.write) return []
  const operation = allows && acl.operation === ACL.operation.all ? ACL.operation.read : acl.operation
  return [{ ...acl, topic: policy.remoteTopic(acl.topic), operation }]
}

function textOf({ topic, pattern, principal, host, operation, permission }: TopicAcl): string {
  return JSON.stringify([topic, pattern, principal, host, operation, permission])
}
