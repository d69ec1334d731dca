/**
 * The cluster as a client sees it: where leaders and coordinators are, and a way to send a request to a node. Each
 * broker gets two connections at most: one for Fetch, which may wait for data, and one for all else, since a broker
 * answers the requests of a connection one after the other.
 */
import { pause } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import { type Address, addressText, parseAddress } from './address.ts'
import { asConnectError, firstOf } from './bootstrap.ts'
import { BrokerConnection, type WireRequest } from './broker-connection.ts'
import type { ClientSettings } from './client-settings.ts'
import { CODES, failOn, isRetriable, kafkaError } from './codes.ts'
import { unreachable } from './connection-failure.ts'
import {
  type ApiVersions,
  apiVersions,
  type ClusterMetadata,
  findCoordinatorRequest,
  metadataRequest,
  type Node,
  type TopicMetadata,
} from './metadata.ts'

export type { WireRequest } from './broker-connection.ts'
export type { PartitionMetadata, TopicMetadata } from './metadata.ts'

const FETCH = 1
const METADATA = 3
const METADATA_VERSION = 7
/** A coordinator's partition that is being created or loaded is there within seconds. */
const COORDINATOR_WAIT_MS = 15_000

export interface Cluster extends AsyncDisposable {
  readonly clientId: string
  readonly settings: ClientSettings
  /** Of the brokers; null for an old one that has none. */
  readonly clusterId: string | null
  /**
   * Partition -> leader, from the cache unless it is older than `metadata.max.age.ms`, a connection was lost since, or
   * `refresh` asks for it. Rejects with a retriable UNKNOWN_TOPIC_OR_PARTITION for a topic that isn't there.
   */
  topic(name: string, options?: Refresh): Promise<TopicMetadata>
  /** Topics that aren't there are absent. 'all' always asks, and leaves out what the client may not see. */
  topics(names: readonly string[] | 'all', options?: Refresh): Promise<ReadonlyMap<string, TopicMetadata>>
  /** The node of the leader as known now; -1 where unknown. */
  leader(topic: string, partition: number): number
  /** From the cache. */
  partitionCount(topic: string): number | undefined
  /**
   * Sends over the broker's connection in the order of calls, any number in flight. Rejects with a retriable
   * NETWORK_EXCEPTION or REQUEST_TIMED_OUT where the connection is lost or can't be had; the next call tries again,
   * after `reconnect.backoff.ms`.
   */
  send<T>(node: number, request: WireRequest<T>): Promise<T>
  /** Over a connection of its own, closed with the answer: for what a broker answers only once something has happened. */
  sendAlone<T>(node: number, request: WireRequest<T>): Promise<T>
  /** Cached; waits some seconds for a coordinator that is being elected. */
  coordinator(kind: 'group' | 'transaction', key: string, options?: Refresh): Promise<number>
  /** The nodes as known now. */
  nodes(): readonly number[]
  /** A node that answers, one with an open connection first. */
  anyNode(): Promise<number>
  /** Where to send what only a controller does. Brokers of KRaft name any broker, which passes it on. */
  controller(): Promise<number>
  /** The newest version of an API that the brokers know; undefined if none. */
  maxVersion(apiKey: number): number | undefined
  /** After an error that says that places have changed: what was known (of `node`) is asked for again at its next use. */
  forget(node?: number): void
  close(): Promise<void>
}

export interface Refresh {
  readonly refresh?: boolean
}

/**
 * Finds a first broker and asks it for the cluster. Where none answers, one error names every address and what to
 * check: after a second where they refuse, about `socket.connection.setup.timeout.ms` where they are silent.
 */
export async function connect(settings: ClientSettings): Promise<Cluster> {
  const cluster = new KafkaCluster(settings)
  try {
    await cluster.bootstrap()
  } catch (error) {
    await cluster.close()
    throw error
  }
  return cluster
}

interface CachedTopic {
  readonly metadata: TopicMetadata
  readonly askedAt: number
}

class KafkaCluster implements Cluster {
  readonly clientId: string
  readonly settings: ClientSettings
  clusterId: string | null = null
  #controller = -1
  #nodes = new Map<number, Node>()
  #versions: ApiVersions = new Map()
  readonly #bootstrap: readonly Address[]
  /** By address and lane, so that the first connection is also the one to that node. */
  readonly #connections = new Map<string, BrokerConnection>()
  readonly #topics = new Map<string, CachedTopic>()
  readonly #coordinators = new Map<string, number>()
  readonly #asked = new Map<string, Promise<ClusterMetadata>>()
  /** What was asked for before is stale. */
  #staleBefore = 0
  #closed = false

  constructor(settings: ClientSettings) {
    this.settings = settings
    this.clientId = settings.clientId
    this.#bootstrap = settings.bootstrapServers.map(parseAddress)
  }

  async bootstrap(): Promise<void> {
    await firstOf(this.#bootstrap, this.settings, (address) => this.#introduce(address))
    for (const [key, connection] of this.#connections) if (!connection.isOpen) this.#drop(key, connection)
  }

  async #introduce(address: Address): Promise<void> {
    const connection = this.#connection(address, METADATA)
    const timeoutMs = this.settings.connectTimeoutMs
    const versions = connection.send({ ...apiVersions, timeoutMs })
    const metadata = connection.send({ ...metadataRequest([]), timeoutMs })
    metadata.catch(() => {})
    this.#versions = await versions
    this.#checkVersions(address)
    this.#learn(await metadata)
    if (this.#nodes.size === 0)
      throw kafkaError(
        CODES.LEADER_NOT_AVAILABLE,
        `Asking the broker at ${addressText(address)}`,
        'it knows no broker yet',
      )
  }

  #checkVersions(address: Address): void {
    const known = this.#versions.get(METADATA)
    if (known === undefined || known.max < METADATA_VERSION)
      throw new ConnectError(
        `The broker at ${addressText(address)} is too old: Kafka 2.4 or newer is needed (it knows Metadata up to version ${known?.max})`,
      )
  }

  async topic(name: string, options: Refresh = {}): Promise<TopicMetadata> {
    const found = (await this.topics([name], options)).get(name)
    if (found !== undefined) return found
    throw kafkaError(CODES.UNKNOWN_TOPIC_OR_PARTITION, `Looking up topic ${name}`, 'there is no such topic')
  }

  async topics(names: readonly string[] | 'all', options: Refresh = {}): Promise<ReadonlyMap<string, TopicMetadata>> {
    if (names === 'all') {
      const { topics } = await this.#ask(null)
      return new Map(topics.filter(({ error }) => error === 0).map((topic) => [topic.name, topic]))
    }
    const oldest = Math.max(this.#staleBefore, Date.now() - this.settings.metadataMaxAgeMs)
    const missing = options.refresh
      ? [...new Set(names)]
      : [...new Set(names)].filter((name) => (this.#topics.get(name)?.askedAt ?? -1) < oldest)
    if (missing.length > 0) await this.#ask(missing)
    const found = new Map<string, TopicMetadata>()
    for (const name of names) {
      const cached = this.#topics.get(name)
      if (cached !== undefined) found.set(name, cached.metadata)
    }
    return found
  }

  leader(topic: string, partition: number): number {
    const found = this.#topics.get(topic)?.metadata.partitions[partition]
    return found === undefined || !this.#nodes.has(found.leader) ? -1 : found.leader
  }

  partitionCount(topic: string): number | undefined {
    return this.#topics.get(topic)?.metadata.partitions.length
  }

  async send<T>(node: number, request: WireRequest<T>): Promise<T> {
    const address = this.#nodes.get(node) ?? (await this.#lookUp(node, request.apiName))
    return this.#connection(address, request.apiKey).send(request)
  }

  async sendAlone<T>(node: number, request: WireRequest<T>): Promise<T> {
    const address = this.#nodes.get(node) ?? (await this.#lookUp(node, request.apiName))
    const connection = new BrokerConnection(address, this.settings, () => {})
    try {
      return await connection.send(request)
    } finally {
      connection.close()
    }
  }

  async coordinator(kind: 'group' | 'transaction', key: string, options: Refresh = {}): Promise<number> {
    const cached = this.#coordinators.get(`${kind}:${key}`)
    if (cached !== undefined && !options.refresh) return cached
    const deadline = Date.now() + COORDINATOR_WAIT_MS
    for (let wait = 10; ; wait = Math.min(wait * 2, 200)) {
      const { error, message, node } = await this.send(await this.anyNode(), findCoordinatorRequest(kind, key))
      if (error === 0) {
        this.#nodes.set(node.id, node)
        this.#coordinators.set(`${kind}:${key}`, node.id)
        return node.id
      }
      if (!isRetriable(error) || Date.now() + wait > deadline)
        failOn(error, `Finding the coordinator of ${kind === 'group' ? 'group' : 'transactional id'} ${key}`, message)
      await pause(wait)
    }
  }

  async #lookUp(node: number, apiName: string): Promise<Address> {
    await this.#ask([])
    const address = this.#nodes.get(node)
    if (address === undefined)
      throw kafkaError(CODES.NETWORK_EXCEPTION, `Sending ${apiName} to node ${node}`, 'there is no such node')
    return address
  }

  nodes(): readonly number[] {
    return [...this.#nodes.keys()]
  }

  async anyNode(): Promise<number> {
    const open = this.#openNode()
    if (open !== undefined) return open
    await this.#ask([])
    return this.#openNode() ?? this.#controller
  }

  #openNode(): number | undefined {
    for (const node of this.#nodes.values()) if (this.#connections.get(connectionKey(node, 0))?.isOpen) return node.id
    return undefined
  }

  async controller(): Promise<number> {
    if (this.#controller < 0 || !this.#nodes.has(this.#controller)) await this.#ask([])
    return this.#controller
  }

  maxVersion(apiKey: number): number | undefined {
    return this.#versions.get(apiKey)?.max
  }

  forget(node?: number): void {
    this.#staleBefore = Date.now() + 1
    for (const [key, id] of this.#coordinators) if (node === undefined || id === node) this.#coordinators.delete(key)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const connection of this.#connections.values()) connection.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #connection(address: Address, apiKey: number): BrokerConnection {
    const key = connectionKey(address, apiKey)
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    if (this.#closed) throw new ConnectError('The Kafka client is closed')
    const made = new BrokerConnection(address, this.settings, () => this.forget())
    this.#connections.set(key, made)
    return made
  }

  /** Calls for the same topics at the same time share one request. */
  #ask(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const key = topics === null ? 'all' : JSON.stringify(topics)
    const asked = this.#asked.get(key)
    if (asked !== undefined) return asked
    const asking = this.#askAnyone(topics).finally(() => this.#asked.delete(key))
    this.#asked.set(key, asking)
    return asking
  }

  async #askAnyone(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const askedAt = Date.now()
    const reasons = new Map<string, ConnectError>()
    const addresses = new Map([...this.#nodes.values(), ...this.#bootstrap].map((to) => [addressText(to), to]))
    const open = (to: Address) => (this.#connections.get(connectionKey(to, 0))?.isOpen ? 0 : 1)
    for (const [at, address] of [...addresses].sort(([, a], [, b]) => open(a) - open(b))) {
      try {
        const metadata = await this.#connection(address, METADATA).send(metadataRequest(topics))
        this.#learn(metadata)
        this.#keep(metadata, askedAt)
        return metadata
      } catch (error) {
        reasons.set(at, asConnectError(error))
      }
    }
    throw unreachable(reasons, this.settings)
  }

  #learn(metadata: ClusterMetadata): void {
    this.clusterId = metadata.clusterId
    this.#controller = metadata.controller
    this.#nodes = new Map(metadata.nodes.map((node) => [node.id, node]))
    if (!this.#nodes.has(this.#controller)) this.#controller = metadata.nodes[0]?.id ?? -1
    const current = new Set(metadata.nodes.map(addressText))
    for (const [key, connection] of this.#connections) {
      if (!current.has(addressText(connection.address)) && connection.isIdle) this.#drop(key, connection)
    }
  }

  #drop(key: string, connection: BrokerConnection): void {
    connection.close()
    this.#connections.delete(key)
  }

  #keep(metadata: ClusterMetadata, askedAt: number): void {
    for (const topic of metadata.topics) {
      if (topic.error === 0 || topic.error === CODES.LEADER_NOT_AVAILABLE)
        this.#topics.set(topic.name, { metadata: topic, askedAt })
      else this.#topics.delete(topic.name)
    }
    const refused = metadata.topics.find(({ error }) => error !== 0 && !isRetriable(error))
    if (refused !== undefined) failOn(refused.error, `Looking up topic ${refused.name}`)
  }
}

function connectionKey(address: Address, apiKey: number): string {
  return `${addressText(address)}/${apiKey === FETCH ? 'fetch' : ''}`
}
