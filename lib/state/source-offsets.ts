/**
 * A source connector's offsets: the offsets topic is the truth, the table has what was known at each task's last seal.
 * Resuming is view plus tail, always (docs/architecture.md, "A slice").
 */
import { pause } from '../connect/budget.ts'
import type { PluginLog, SourceOffsets } from '../connect/plugin.ts'
import type { Position } from '../connect/record.ts'
import { quote } from '../java/json-text.ts'
import { partitionOfKey } from '../kafka/partitioner.ts'
import { KnownOffsets } from './known-offsets.ts'
import { encodeOffsetValue } from './offset-records.ts'
import { OffsetTail } from './offset-tail.ts'
import type { OffsetsTopic } from './offsets-topic.ts'
import { mergeViews, type OffsetsView, packView, unpackView } from './offsets-view.ts'
import { type FallbackStore, OwnOffsets } from './own-offsets.ts'
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
  /**
   * What is to be written once more, outside of what may be aborted: offsets behind whose record the topic holds one of
   * an aborted transaction, which a worker that reads uncommitted records takes for the newest. Null: a reset. Of the
   * transactions of the producer with this id, for others' partitions are others' to write; of all where there is none.
   */
  overlaid(producerId: number | null): readonly AlteredOffset[]
  /** What others wrote since, up to the topic's end: an heir's last look, once it owns. */
  catchUp(): Promise<void>
  /** No transaction with offsets of the connector is open, as far as was read. */
  readonly isDecided: boolean
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
  /**
   * Writes all offsets of a connector without running tasks once more, outside of transactions: for a worker that reads
   * uncommitted records. Answers how many.
   */
  confirm(connector: string): Promise<number>
  /** The same for what records of aborted transactions lie upon. */
  confirmOverlaid(connector: string): Promise<void>
  /** Forgets the views; the topic is kept. */
  forget(connector: string): Promise<void>
  /** For a connector with a topic of its own, before this one. `id` names the topic among those of all clusters. */
  withOwn(topic: OffsetsTopic, id: string, log: Pick<PluginLog, 'warn'>): SourceOffsetsStore
  close(): Promise<void>
}

export function createSourceOffsets(topic: OffsetsTopic, table: Table): SourceOffsetsStore {
  return new TopicOffsets(topic, table, topic.topic)
}

/** How long a commit marker may take to follow the commit, in ms; usually some. */
const MARKER_MS = 3_000

/** Ends the key of views of the worker's topic where the connector has its own. */
const BESIDE = '@worker'

class TopicOffsets implements FallbackStore {
  readonly #topic: OffsetsTopic
  readonly #table: Table
  /** Of the topic: views of another are not for it. */
  readonly #id: string
  readonly #suffix: string

  constructor(topic: OffsetsTopic, table: Table, id: string, suffix = '') {
    this.#topic = topic
    this.#table = table
    this.#id = id
    this.#suffix = suffix
  }

  withOwn(topic: OffsetsTopic, id: string, log: Pick<PluginLog, 'warn'>): SourceOffsetsStore {
    const beside = new TopicOffsets(this.#topic, this.#table, this.#id, BESIDE)
    return new OwnOffsets(new TopicOffsets(topic, this.#table, id), beside, log)
  }

  async resume(connector: string, options: Resume): Promise<SourceOffsetsState> {
    const [views, ends] = await Promise.all([this.#views(connector, options), this.#topic.ends()])
    const usable = views.filter(({ positions }) =>
      positions.every((position, partition) => position <= (ends[partition] ?? 0)),
    )
    const state = new ConnectorOffsets(this.#topic, connector, mergeViews(usable, ends.length))
    await state.readTo(ends)
    if (options.afterCleanEnd && usable.length === 0) await state.settle(MARKER_MS)
    return state
  }

  async seal(connector: string, task: number, generation: number, state: SourceOffsetsState): Promise<void> {
    if (!(state instanceof ConnectorOffsets)) throw new TypeError("The state is not one of this store's")
    const packed = packView({ ...(await state.view(generation)), topic: this.#id })
    if (packed !== null) await this.#table.put(this.#key(connector, task), { view: packed, generation })
  }

  async alter(connector: string, offsets: readonly AlteredOffset[]): Promise<void> {
    await this.append(await this.resume(connector, { afterCleanEnd: false }), offsets)
  }

  async confirm(connector: string): Promise<number> {
    const state = await this.resume(connector, { afterCleanEnd: true })
    const resets = state.overlaid(null).filter(({ offset }) => offset === null)
    const offsets = [...state.all(), ...resets]
    await this.append(state, offsets)
    return offsets.length
  }

  async confirmOverlaid(connector: string): Promise<void> {
    const state = await this.resume(connector, { afterCleanEnd: false })
    await this.append(state, state.overlaid(null))
  }

  async append(state: SourceOffsetsState, offsets: readonly AlteredOffset[]): Promise<void> {
    const records = offsets.map(({ partition, offset }) => {
      const encoded = state.encode(partition, offset)
      return { key: Buffer.from(encoded.key).toString(), value: encodeOffsetValue(offset) }
    })
    if (records.length > 0) await this.#topic.append(records)
  }

  async forget(connector: string): Promise<void> {
    const items = await this.#table.query(pk(connector))
    await Promise.all(items.map(({ sk }) => this.#table.delete({ pk: pk(connector), sk: String(sk) })))
  }

  close(): Promise<void> {
    return this.#topic.close()
  }

  #key(connector: string, task: number): Key {
    return { pk: pk(connector), sk: `${String(task).padStart(6, '0')}${this.#suffix}` }
  }

  /** The task's own of the same generation is enough; else those of all tasks. */
  async #views(connector: string, { task, generation }: Resume): Promise<OffsetsView[]> {
    if (task !== undefined && generation !== undefined) {
      const item = await this.#table.get(this.#key(connector, task))
      const view = unpackView(item?.['view'])
      if (view?.generation === generation && view.topic === this.#id) return [view]
    }
    const items = await this.#table.query(pk(connector))
    return items.flatMap((item) => unpackView(item['view']) ?? []).filter(({ topic }) => topic === this.#id)
  }
}

class ConnectorOffsets implements SourceOffsetsState {
  readonly topic: string
  readonly #log: OffsetsTopic
  readonly #known: KnownOffsets
  readonly #tail: OffsetTail
  /** Of the connector's keys. */
  readonly #prefix: string

  constructor(log: OffsetsTopic, connector: string, view: Pick<OffsetsView, 'positions' | 'entries'>) {
    this.topic = log.topic
    this.#log = log
    this.#prefix = `[${quote(connector)},`
    this.#known = new KnownOffsets(connector)
    this.#tail = new OffsetTail(
      view.positions,
      (entry) => this.#known.apply(entry),
      (entry, producerId) => this.#known.aborted(entry, producerId),
    )
    for (const entry of view.entries) this.#known.apply(entry)
  }

  get(partition: Position): Position | undefined {
    return this.#known.get(partition)
  }

  all(): { readonly partition: Position; readonly offset: Position }[] {
    return this.#known.all()
  }

  overlaid(producerId: number | null): readonly AlteredOffset[] {
    return this.#known.overlaid(producerId)
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

  get isDecided(): boolean {
    return this.#tail.undecided().length === 0
  }

  async catchUp(): Promise<void> {
    await this.readTo(await this.#log.ends())
  }

  async readTo(ends: readonly number[]): Promise<void> {
    await this.#log.read(this.#tail.next, ends, this.#prefix, (batch) => this.#tail.visit(batch))
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
    if (this.#known.hasOwn) this.#known.place(await this.#log.ends())
    const positions = this.#tail.decided()
    return { topic: this.topic, generation, positions, entries: this.#known.entries(positions) }
  }

  #kafkaPartition(key: Uint8Array | string): number {
    return partitionOfKey(key, this.#tail.next.length)
  }
}

function pk(connector: string): string {
  return `offsets#${connector}`
}
