/**
 * A source connector's offsets: the offsets topic is the truth, the table has what was known at each task's last seal.
 * Resuming is view plus tail, always (docs/architecture.md, "A slice").
 */
import { pause } from '../connect/budget.ts'
import type { SourceOffsets } from '../connect/plugin.ts'
import type { Position } from '../connect/record.ts'
import { quote } from '../java/json-text.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { partitionOfKey } from '../kafka/partitioner.ts'
import { KnownOffsets } from './known-offsets.ts'
import { readTopic, topicEnds } from './log.ts'
import { LogWriter } from './log-writer.ts'
import { encodeOffsetValue } from './offset-records.ts'
import { OffsetTail, offsetBatch } from './offset-tail.ts'
import { mergeViews, type OffsetsView, packView, unpackView } from './offsets-view.ts'
import type { Key, Table } from './table.ts'

export interface Resume {
  /** The task that resumes; without one, all that is known of the connector. */
  readonly task?: number
  readonly generation?: number
  /** The predecessor sealed: `Lease.clean`. */
  readonly afterCleanEnd: boolean
}

/** A record for the offsets topic, as the task's own producer writes it. */
export interface EncodedOffset {
  readonly key: Uint8Array
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  readonly kafkaPartition: number
}

/** Updated by `put` as the task commits; all reads are from memory. */
export interface SourceOffsetsState extends SourceOffsets {
  /** The offsets topic. */
  readonly topic: string
  /** The record for `topic`. `DataError` for values that Connect doesn't allow in offsets. */
  encode(partition: Position, offset: Position | null): EncodedOffset
  /** Committed by this task: what `get` answers from now on, and what the view will hold. */
  put(partition: Position, offset: Position | null): void
  /** What others wrote since, up to the topic's end: an heir's last look, once it owns. */
  catchUp(): Promise<void>
}

export interface AlteredOffset {
  readonly partition: Position
  /** Null: reset. */
  readonly offset: Position | null
}

export interface SourceOffsetsStore {
  /**
   * Reads the view and the topic's tail; the whole topic where there is no view. Of the tail a transactional record
   * counts once its transaction's commit marker is there; an open transaction neither blocks nor counts.
   * Exactly-once: run InitProducerId before, or call `catchUp` after it, for it ends the predecessor's transaction.
   */
  resume(connector: string, options: Resume): Promise<SourceOffsetsState>
  /** Writes the task's view, after its last commit; to be called just before the lease is sealed. */
  seal(connector: string, task: number, generation: number, state: SourceOffsetsState): Promise<void>
  /** Changes offsets of a connector without running tasks (KIP-875); durable in the topic when it resolves. */
  alter(connector: string, offsets: readonly AlteredOffset[]): Promise<void>
  /** Forgets the views; the topic is kept. */
  forget(connector: string): Promise<void>
  close(): Promise<void>
}

export function createSourceOffsets(cluster: Cluster, table: Table, topic: string): SourceOffsetsStore {
  return new TopicOffsets(cluster, table, topic)
}

/** How long a commit marker may take to follow the commit, in ms; usually some. */
const MARKER_MS = 3_000
const ALTER_DELIVERY_MS = 15_000

class TopicOffsets implements SourceOffsetsStore {
  readonly #cluster: Cluster
  readonly #table: Table
  readonly #topic: string
  readonly #writer: LogWriter

  constructor(cluster: Cluster, table: Table, topic: string) {
    this.#cluster = cluster
    this.#table = table
    this.#topic = topic
    this.#writer = new LogWriter(cluster, topic, ALTER_DELIVERY_MS)
  }

  async resume(connector: string, options: Resume): Promise<SourceOffsetsState> {
    const [views, ends] = await Promise.all([this.#views(connector, options), this.#ends()])
    const usable = views.filter(
      ({ topic, positions }) =>
        topic === this.#topic && positions.every((position, partition) => position <= (ends[partition] ?? 0)),
    )
    const state = new ConnectorOffsets(this.#cluster, connector, this.#topic, mergeViews(usable, ends.length))
    await state.readTo(ends)
    if (options.afterCleanEnd && usable.length === 0) await state.settle(MARKER_MS)
    return state
  }

  async seal(connector: string, task: number, generation: number, state: SourceOffsetsState): Promise<void> {
    if (!(state instanceof ConnectorOffsets)) throw new TypeError("The state is not one of this store's")
    const packed = packView(await state.view(generation))
    if (packed !== null) await this.#table.put(key(connector, task), { view: packed, generation })
  }

  async alter(connector: string, offsets: readonly AlteredOffset[]): Promise<void> {
    const state = await this.resume(connector, { afterCleanEnd: false })
    const records = offsets.map(({ partition, offset }) => {
      const encoded = state.encode(partition, offset)
      return { key: Buffer.from(encoded.key).toString(), value: encodeOffsetValue(offset) }
    })
    if (records.length > 0) await this.#writer.append(records)
  }

  async forget(connector: string): Promise<void> {
    const items = await this.#table.query(pk(connector))
    await Promise.all(items.map(({ sk }) => this.#table.delete({ pk: pk(connector), sk: String(sk) })))
  }

  close(): Promise<void> {
    return this.#writer.close()
  }

  /** The task's own of the same generation is enough; else those of all tasks. */
  async #views(connector: string, { task, generation }: Resume): Promise<OffsetsView[]> {
    if (task !== undefined && generation !== undefined) {
      const item = await this.#table.get(key(connector, task))
      const view = unpackView(item?.['view'])
      if (view !== null && view.generation === generation) return [view]
    }
    const items = await this.#table.query(pk(connector))
    return items.flatMap((item) => unpackView(item['view']) ?? [])
  }

  #ends(): Promise<number[]> {
    return topicEnds(this.#cluster, this.#topic, 'read_uncommitted')
  }
}

class ConnectorOffsets implements SourceOffsetsState {
  readonly topic: string
  readonly #cluster: Cluster
  readonly #known: KnownOffsets
  readonly #tail: OffsetTail
  readonly #prefix: Buffer

  constructor(cluster: Cluster, connector: string, topic: string, view: Pick<OffsetsView, 'positions' | 'entries'>) {
    this.topic = topic
    this.#cluster = cluster
    this.#prefix = Buffer.from(`[${quote(connector)},`)
    this.#known = new KnownOffsets(connector)
    this.#tail = new OffsetTail(view.positions, (entry) => this.#known.apply(entry))
    for (const entry of view.entries) this.#known.apply(entry)
  }

  get(partition: Position): Position | undefined {
    return this.#known.get(partition)
  }

  all(): { readonly partition: Position; readonly offset: Position }[] {
    return this.#known.all()
  }

  encode(partition: Position, offset: Position | null): EncodedOffset {
    const key = Buffer.from(this.#known.keyOf(partition))
    const value = encodeOffsetValue(offset)
    return { key, value: value === null ? null : Buffer.from(value), kafkaPartition: this.#kafkaPartition(key) }
  }

  put(partition: Position, offset: Position | null): void {
    const kafkaPartition = this.#kafkaPartition(this.#known.keyOf(partition))
    this.#known.put(partition, offset, kafkaPartition, Date.now())
  }

  async catchUp(): Promise<void> {
    await this.readTo(await this.#ends())
  }

  async readTo(ends: readonly number[]): Promise<void> {
    const options = { isolation: 'read_uncommitted', control: true } as const
    await readTopic(this.#cluster, this.topic, this.#tail.next, ends, options, (fetched) =>
      this.#tail.visit(offsetBatch(fetched, this.#prefix)),
    )
    for (const [partition, end] of ends.entries())
      this.#tail.next[partition] = Math.max(end, this.#tail.next[partition] ?? 0)
  }

  /** Waits for the ends of the transactions that are open now: a commit is answered before its markers are written. */
  async settle(ms: number): Promise<void> {
    const until = Date.now() + ms
    const open = new Set(this.#tail.undecided())
    while (open.size > 0 && Date.now() < until) {
      await pause(20)
      await this.catchUp()
      const still = new Set(this.#tail.undecided())
      for (const id of open) if (!still.has(id)) open.delete(id)
    }
  }

  async view(generation: number): Promise<OffsetsView> {
    if (this.#known.hasOwn) this.#known.place(await this.#ends())
    const positions = this.#tail.decided()
    return { topic: this.topic, generation, positions, entries: this.#known.entries(positions) }
  }

  #ends(): Promise<number[]> {
    return topicEnds(this.#cluster, this.topic, 'read_uncommitted')
  }

  #kafkaPartition(key: Uint8Array | string): number {
    return partitionOfKey(key, this.#tail.next.length)
  }
}

function pk(connector: string): string {
  return `offsets#${connector}`
}

function key(connector: string, task: number): Key {
  return { pk: pk(connector), sk: String(task).padStart(6, '0') }
}
