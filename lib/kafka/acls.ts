/** Who may do what with topics (KIP-140), as far as it is copied from one cluster to another. */
import type { Cluster, WireRequest } from './cluster.ts'
import { CODES, failOn } from './codes.ts'
import { WireReader, WireWriter } from './wire.ts'

/** The numbers of `org.apache.kafka.common.acl` and `...common.resource`. */
export const ACL = {
  operation: { all: 2, read: 3, write: 4 },
  permission: { deny: 2, allow: 3 },
  pattern: { literal: 3, prefixed: 4 },
} as const

const ANY = 1
const TOPIC = 2

export interface TopicAcl {
  readonly topic: string
  readonly pattern: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permission: number
}

export interface AclAnswer {
  readonly error: number
  readonly message: string | null
}

/** Of all topics; null where the cluster has no authorizer. */
export async function topicAcls(cluster: Cluster): Promise<readonly TopicAcl[] | null> {
  const { error, message, acls } = await cluster.send(await cluster.anyNode(), describeRequest)
  if (error === CODES.SECURITY_DISABLED) return null
  failOn(error, 'Describing the ACLs of topics', message)
  return acls
}

/** Adds what isn't there. Answers for each, in order; an error is 0 where it is there now. */
export async function createTopicAcls(cluster: Cluster, acls: readonly TopicAcl[]): Promise<readonly AclAnswer[]> {
  return acls.length === 0 ? [] : cluster.send(await cluster.controller(), createRequest(acls))
}

const describeRequest: WireRequest<AclAnswer & { readonly acls: readonly TopicAcl[] }> = {
  apiKey: 29,
  apiVersion: 1,
  apiName: 'DescribeAcls',
  encode: () =>
    new WireWriter().int8(TOPIC).string(null).int8(ANY).string(null).string(null).int8(ANY).int8(ANY).finish(),
  decode(body) {
    const reader = new WireReader(body, 4)
    const [error, message] = [reader.int16(), reader.nullableString()]
    const acls = reader.array((r) => {
      r.int8()
      const [topic, pattern] = [r.string(), r.int8()]
      return r.array((one): TopicAcl => {
        const [principal, host] = [one.string(), one.string()]
        return { topic, pattern, principal, host, operation: one.int8(), permission: one.int8() }
      })
    })
    return { error, message, acls: acls.flat() }
  },
}

function createRequest(acls: readonly TopicAcl[]): WireRequest<readonly AclAnswer[]> {
  return {
    apiKey: 30,
    apiVersion: 1,
    apiName: 'CreateAcls',
    encode: () =>
      new WireWriter()
        .array(acls, ({ topic, pattern, principal, host, operation, permission }, w) =>
          w.int8(TOPIC).string(topic).int8(pattern).string(principal).string(host).int8(operation).int8(permission),
        )
        .finish(),
    decode: (body) => new WireReader(body, 4).array((r) => ({ error: r.int16(), message: r.nullableString() })),
  }
}
