/**
 * Fetches assigned partitions, without a group. One request is in flight to each leader, and while there is more to be
 * had the next one is sent before what came is handed out: fetching and working overlap.
 *
 * A request that may have to wait for data is sent only while `poll` waits, and for no longer: else the next request on
 * the connection, of this consumer or another one, would wait behind it.
 */
import { ConnectError } from '../connect/errors.ts'
import { Arrivals } from './arrivals.ts'
import { type Assigned, Assignments, type ByPartition } from './assignments.ts'
import type { ConsumerSettings } from './client-settings.ts'
import type { Cluster } from './cluster.ts'
import { CODES, isRetriable, kafkaError } from './codes.ts'
import { fetchRequest, type PartitionFetched } from './fetch-request.ts'
import { type Fetched, FetchedBatches, type ReadOptions } from './fetched-batches.ts'
import { lookUpRange, OffsetOutOfRange } from './offset-out-of-range.ts'

export type { ByPartition } from './assignments.ts'
export type { Fetched } from './fetched-batches.ts'
export { OffsetOutOfRange, type OutOfRange } from './offset-out-of-range.ts'

export interface Consumer {
  /** Fetches these partitions from these offsets, and nothing else any more. */
  assign(positions: ByPartition<number>): void
  /** Goes on from another offset. */
  seek(topic: string, partition: number, offset: number): void
  /** Paused partitions aren't fetched; what was fetched of them is fetched again after `resume`. */
  pause(topic: string, partitions: Iterable<number>): void
  resume(topic: string, partitions: Iterable<number>): void
  /**
   * The next batches, in order within a partition; empty when nothing came within `maxWaitMs` or `signal` aborted. A
   * broker that is gone or moved is looked for again and again meanwhile. Rejects with `OffsetOutOfRange`, with
   * `CorruptRecords`, and with errors that no retry mends. One call at a time.
   */
  poll(maxWaitMs: number, signal?: AbortSignal): Promise<readonly Fetched[]>
  /** The next offset to be handed out: batches that are passed over count as handed out. */
  position(topic: string, partition: number): number
  /** Records between the position and the end that may be read, as of the last fetch; absent before the first. */
  lag(): ByPartition<number>
  /** A fetch in flight is left to itself: it changes nothing. */
  close(): Promise<void>
}

export interface ConsumerOptions {
  /** Hands out the ends of transactions too, as batches with `control` set. */
  readonly control?: boolean
  /** Bytes that are fetched ahead at most, and handed out at once: 4 MiB by default. A larger batch comes all the same. */
  readonly maxBytes?: number
}

export type FetchSettings = Pick<
  ConsumerSettings,
  | 'fetchMinBytes'
  | 'fetchMaxWaitMs'
  | 'fetchMaxBytes'
  | 'maxPartitionFetchBytes'
  | 'isolationLevel'
  | 'checkCrcs'
  | 'rack'
>

export function createConsumer(cluster: Cluster, settings: FetchSettings, options: ConsumerOptions = {}): Consumer {
  return new KafkaConsumer(cluster, settings, options)
}

const MAX_BYTES = 4 * 1024 * 1024
const OFFSET_OUT_OF_RANGE = CODES.OFFSET_OUT_OF_RANGE
const UNKNOWN_SERVER_ERROR = -1

class KafkaConsumer implements Consumer {
  readonly #cluster: Cluster
  readonly #settings: FetchSettings
  readonly #read: ReadOptions
  readonly #maxBytes: number
  readonly #assigned = new Assignments()
  readonly #arrived: Arrivals
  readonly #asked = new Set<number>()
  #failure: unknown = null
  #wake: (() => void) | null = null
  #closed = false
  #relocating = false
  #located = 0

  constructor(cluster: Cluster, settings: FetchSettings, options: ConsumerOptions) {
    this.#cluster = cluster
    this.#settings = settings
    this.#maxBytes = options.maxBytes ?? MAX_BYTES
    this.#arrived = new Arrivals(this.#maxBytes)
    this.#read = {
      committedOnly: settings.isolationLevel === 'read_committed',
      control: options.control ?? false,
      checkCrcs: settings.checkCrcs,
    }
  }

  assign(positions: ByPartition<number>): void {
    this.#assigned.assign(positions)
    this.#arrived.clear()
    this.#failure = null
    this.#located = 0
  }

  seek(topic: string, partition: number, offset: number): void {
    const known = this.#assigned.find(topic, partition)
    this.#arrived.drop(known)
    this.#assigned.begin(topic, partition, offset, known.paused)
  }

  pause(topic: string, partitions: Iterable<number>): void {
    for (const partition of partitions) {
      const assigned = this.#assigned.find(topic, partition)
      assigned.paused = true
      this.#arrived.drop(assigned)
      assigned.fetchFrom = assigned.position
    }
  }

  resume(topic: string, partitions: Iterable<number>): void {
    for (const partition of partitions) this.#assigned.find(topic, partition).paused = false
    this.#wake?.()
  }

  async poll(maxWaitMs: number, signal?: AbortSignal): Promise<readonly Fetched[]> {
    const deadline = Date.now() + maxWaitMs
    for (;;) {
      if (this.#closed || signal?.aborted) return []
      if (this.#isStale()) await this.#wait(deadline - Date.now(), signal)
      const waitUntil = this.#ask(deadline)
      const hadArrived = !this.#arrived.isEmpty
      if (hadArrived) await this.#arrived.loadCodecs()
      const fetched = this.#arrived.take()
      if (fetched.length > 0) {
        this.#ask(null)
        return fetched
      }
      if (this.#failure !== null) {
        const failure = this.#failure
        this.#failure = null
        throw failure
      }
      const now = Date.now()
      if (now >= deadline) return []
      // What had arrived was passed over: there may be more behind it.
      if (!hadArrived) await this.#wait(Math.min(waitUntil, deadline) - now, signal)
    }
  }

  position(topic: string, partition: number): number {
    return this.#assigned.find(topic, partition).position
  }

  lag(): ByPartition<number> {
    return this.#assigned.lag()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#assigned.clear()
    this.#arrived.clear()
    this.#wake?.()
  }

  /** Whether the leaders are being looked for, before the first fetch and then now and again. */
  #isStale(): boolean {
    const now = Date.now()
    if (now - this.#located < this.#cluster.settings.metadataMaxAgeMs) return false
    this.#located = now
    void this.#relocate(false)
    return true
  }

  async #relocate(refresh: boolean): Promise<void> {
    if (this.#relocating) return
    this.#relocating = true
    try {
      await this.#cluster.topics(this.#assigned.topics(), { refresh })
    } catch (error) {
      if (!(error instanceof ConnectError) || error.kind !== 'retriable') this.#failure = error
    } finally {
      this.#relocating = false
      this.#wake?.()
    }
  }

  /**
   * Asks every node that isn't asked and of which nothing is left; those without more data only where the answer may
   * wait `until` then. Answers when, in epoch ms, to look again.
   */
  #ask(until: number | null): number {
    if (this.#closed) return Number.POSITIVE_INFINITY
    const now = Date.now()
    const busy = new Set([...this.#asked, ...this.#arrived.nodes()])
    let lookAt = Number.POSITIVE_INFINITY
    const nodes = new Map<number, Assigned[]>()
    const known = new Set<number>()
    for (const assigned of this.#assigned.values()) {
      if (assigned.paused) continue
      if (assigned.blockedUntil > now) {
        lookAt = Math.min(lookAt, assigned.blockedUntil)
        continue
      }
      const node = this.#nodeOf(assigned, now)
      if (node < 0) {
        lookAt = Math.min(lookAt, this.#block(assigned))
        continue
      }
      known.add(node)
      if (busy.has(node)) continue
      const others = nodes.get(node)
      if (others === undefined) nodes.set(node, [assigned])
      else others.push(assigned)
    }
    const share = Math.max(1, Math.floor(this.#maxBytes / Math.max(1, known.size)))
    const waitMs = Math.max(0, Math.min(this.#settings.fetchMaxWaitMs, (until ?? now) - now))
    for (const [node, partitions] of nodes) {
      const hasMore = partitions.some(({ fetchFrom, end }) => end === null || fetchFrom < end)
      if (until !== null || hasMore) void this.#fetch(node, partitions, share, waitMs)
    }
    return lookAt
  }

  #nodeOf(assigned: Assigned, now: number): number {
    if (assigned.replica >= 0 && now < assigned.replicaUntil) return assigned.replica
    return this.#cluster.leader(assigned.topic, assigned.partition)
  }

  /** Something is wrong with the partition's place: a short wait, and fresh metadata meanwhile. */
  #block(assigned: Assigned): number {
    assigned.replica = -1
    assigned.blockedUntil = Date.now() + this.#cluster.settings.retryBackoffMs
    void this.#relocate(true)
    return assigned.blockedUntil
  }

  async #fetch(node: number, partitions: readonly Assigned[], share: number, maxWaitMs: number): Promise<void> {
    this.#asked.add(node)
    const { fetchMinBytes, fetchMaxBytes, maxPartitionFetchBytes, rack } = this.#settings
    const from = partitions.map(({ topic, partition, fetchFrom }) => ({ topic, partition, offset: fetchFrom }))
    const request = fetchRequest(from, {
      minBytes: fetchMinBytes,
      maxWaitMs,
      maxBytes: Math.min(fetchMaxBytes, share),
      maxPartitionBytes: maxPartitionFetchBytes,
      committedOnly: this.#read.committedOnly,
      rack,
      timeoutMs: this.#cluster.settings.requestTimeoutMs + maxWaitMs,
    })
    try {
      const answers = await this.#cluster.send(node, request)
      const byKey = new Map(partitions.map((assigned) => [`${assigned.topic}\n${assigned.partition}`, assigned]))
      for (const answer of answers) {
        const assigned = byKey.get(`${answer.topic}\n${answer.partition}`)
        if (assigned !== undefined && !assigned.paused && this.#assigned.isCurrent(assigned))
          this.#keep(assigned, node, answer)
      }
    } catch (error) {
      if (!(error instanceof ConnectError) || error.kind !== 'retriable') this.#failure = error
      for (const assigned of partitions) this.#block(assigned)
    } finally {
      this.#asked.delete(node)
      this.#wake?.()
    }
  }

  #keep(assigned: Assigned, node: number, answer: PartitionFetched): void {
    if (answer.error !== 0) {
      this.#refused(assigned, answer.error)
      return
    }
    assigned.end = this.#read.committedOnly ? answer.lastStableOffset : answer.highWatermark
    if (answer.preferredReplica >= 0) {
      assigned.replica = answer.preferredReplica
      assigned.replicaUntil = Date.now() + this.#cluster.settings.metadataMaxAgeMs
    }
    if (answer.records.length === 0) return
    const batches = new FetchedBatches(answer, this.#read)
    const next = batches.lastOffset()
    // The first batch is cut: the partition goes first, where a batch comes whole.
    if (next === null) this.#assigned.putFirst(assigned)
    else {
      this.#assigned.putLast(assigned)
      assigned.fetchFrom = Math.max(assigned.fetchFrom, next)
      this.#arrived.add({ assigned, node, batches })
    }
  }

  #refused(assigned: Assigned, code: number): void {
    if (code === OFFSET_OUT_OF_RANGE && assigned.replica < 0) {
      assigned.blockedUntil = Number.POSITIVE_INFINITY
      void this.#reportOutOfRange(assigned)
      return
    }
    this.#block(assigned)
    if (isRetriable(code) || code === OFFSET_OUT_OF_RANGE || code === UNKNOWN_SERVER_ERROR) return
    const { topic, partition, fetchFrom } = assigned
    this.#failure = kafkaError(code, `Fetching topic ${topic}, partition ${partition} from offset ${fetchFrom}`)
  }

  async #reportOutOfRange(assigned: Assigned): Promise<void> {
    try {
      const found = await lookUpRange(this.#cluster, assigned, this.#settings.isolationLevel)
      if (!this.#assigned.isCurrent(assigned) || found === null) return
      const others = this.#failure instanceof OffsetOutOfRange ? this.#failure.partitions : []
      this.#failure = new OffsetOutOfRange([...others, found])
    } catch (error) {
      assigned.blockedUntil = 0
      if (!(error instanceof ConnectError) || error.kind !== 'retriable') this.#failure = error
    }
    this.#wake?.()
  }

  /** Until something arrives, at most so long. */
  #wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, Math.min(ms, 2_147_483_647)))
      signal?.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }
}
