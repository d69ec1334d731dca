/** The requests that tell where things are: ApiVersions, Metadata, FindCoordinator. */

import type { Address } from './address.ts'
import type { WireRequest } from './broker-connection.ts'
import { failOn } from './codes.ts'
import { WireReader, WireWriter } from './wire.ts'

export interface PartitionMetadata {
  readonly partition: number
  /** Node of the leader; -1 where there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly error: number
}

export interface TopicMetadata {
  readonly name: string
  readonly internal: boolean
  /** In the order of their numbers, without gaps. */
  readonly partitions: readonly PartitionMetadata[]
}

export interface Node extends Address {
  readonly id: number
  readonly rack: string | null
}

export interface ClusterMetadata {
  readonly nodes: readonly Node[]
  readonly clusterId: string | null
  readonly controller: number
  readonly topics: readonly (TopicMetadata & { readonly error: number })[]
}

export type ApiVersions = ReadonlyMap<number, { readonly min: number; readonly max: number }>

export const apiVersions: WireRequest<ApiVersions> = {
  apiKey: 18,
  apiVersion: 2,
  apiName: 'ApiVersions',
  encode: () => Buffer.alloc(0),
  decode(body) {
    const reader = new WireReader(body)
    failOn(reader.int16(), 'Asking a broker for its API versions')
    return new Map(reader.array((r) => [r.int16(), { min: r.int16(), max: r.int16() }] as const))
  },
}

/** `topics` null asks for all. Never creates a topic. */
export function metadataRequest(topics: readonly string[] | null): WireRequest<ClusterMetadata> {
  return {
    apiKey: 3,
    apiVersion: 7,
    apiName: 'Metadata',
    encode: () =>
      new WireWriter()
        .array(topics, (name, w) => w.string(name))
        .boolean(false)
        .finish(),
    decode(body) {
      const reader = new WireReader(body)
      reader.int32()
      const nodes = reader.array((r) => ({
        id: r.int32(),
        host: r.string(),
        port: r.int32(),
        rack: r.nullableString(),
      }))
      const clusterId = reader.nullableString()
      const controller = reader.int32()
      return { nodes, clusterId, controller, topics: reader.array(topicMetadata) }
    },
  }
}

function topicMetadata(reader: WireReader): TopicMetadata & { readonly error: number } {
  const error = reader.int16()
  const name = reader.string()
  const internal = reader.boolean()
  const partitions = reader.array((r) => {
    const partition = { error: r.int16(), partition: r.int32(), leader: r.int32(), leaderEpoch: r.int32() }
    const lists = { replicas: r.array((node) => node.int32()), isr: r.array((node) => node.int32()) }
    r.array((node) => node.int32())
    return { ...partition, ...lists }
  })
  return { error, name, internal, partitions: partitions.sort((a, b) => a.partition - b.partition) }
}

export interface FoundCoordinator {
  readonly error: number
  readonly message: string | null
  readonly node: Node
}

export function findCoordinatorRequest(kind: 'group' | 'transaction', key: string): WireRequest<FoundCoordinator> {
  return {
    apiKey: 10,
    apiVersion: 2,
    apiName: 'FindCoordinator',
    encode: () =>
      new WireWriter()
        .string(key)
        .int8(kind === 'group' ? 0 : 1)
        .finish(),
    decode(body) {
      const reader = new WireReader(body)
      reader.int32()
      const error = reader.int16()
      const message = reader.nullableString()
      return { error, message, node: { id: reader.int32(), host: reader.string(), port: reader.int32(), rack: null } }
    },
  }
}
