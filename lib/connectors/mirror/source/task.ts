/** The task that copies partitions. */
import type { Budget } from '../../../connect/budget.ts'
import type { Polled, SourceContext, SourceTask } from '../../../connect/plugin.ts'
import { ConnectRecord, type Header, NO_HEADERS, type Position, type SourceOrigin } from '../../../connect/record.ts'
import { BYTES, OPTIONAL_BYTES } from '../../../connect/schema.ts'
import type { TopicPartition } from '../../../kafka/admin.ts'
import type { OffsetReset } from '../../../kafka/client-settings.ts'
import { type Cluster, connect } from '../../../kafka/cluster.ts'
import { type Consumer, createConsumer, type Fetched, OffsetOutOfRange } from '../../../kafka/consumer.ts'
import { readHeaders } from '../../../kafka/record-batch-decoder.ts'
import { bounded } from '../bounded.ts'
import { consumerOf } from '../clients.ts'
import { replicationPolicy } from '../replication-policy.ts'
import { OffsetSyncWriter } from './offset-sync-writer.ts'
import { assignedPartitions, beginnings, markOf, nameOf, sourcePartition, storedPosition } from './positions.ts'
import type { SourceConfig } from './settings.ts'
import { startsIn } from './starts.ts'

/** How soon partitions that had nothing more are worth another look, in ms. */
const IDLE_MS = 20
/** How long it waits for partitions to tell whether they have more, in ms. */
const PATIENCE_MS = 10_000

/** Connects to the source cluster, and to that of the offset syncs; what a restart reads on from is in `context`. */
export async function startTask(config: SourceConfig, context: SourceContext, budget: Budget): Promise<SourceTask> {
  const { raw, log } = context
  const policy = replicationPolicy(config, raw)
  const { client, consumer: settings } = consumerOf(raw, 'source', 'replication-consumer')
  const start = async () => {
    const cluster = await connect(client)
    let syncs: OffsetSyncWriter | null = null
    try {
      if (config['emit.offset-syncs.enabled']) syncs = await OffsetSyncWriter.open(config, raw, policy, log)
      const copies = copiesOf(config, context, (topic) => policy.remoteTopic(topic))
      const from = await startPositions(cluster, copies, context, settings.autoOffsetReset)
      const consumer = createConsumer(cluster, settings)
      consumer.assign(from)
      return new MirrorSourceTask(cluster, consumer, copies, syncs, settings.autoOffsetReset, config, log)
    } catch (error) {
      await syncs?.close()
      await cluster.close()
      throw error
    }
  }
  const what = 'Connecting to the source cluster'
  return bounded(start(), what, config['admin.timeout.ms'], budget, (task) => task.stop())
}

/** A partition of the source cluster, and its copy. */
interface Copy extends TopicPartition {
  readonly remote: string
  readonly source: Position
}

function copiesOf(config: SourceConfig, { raw }: SourceContext, remoteTopic: (topic: string) => string): Copy[] {
  return assignedPartitions(raw).map((one) => ({
    ...one,
    remote: remoteTopic(one.topic),
    source: sourcePartition(config['source.cluster.alias'], one),
  }))
}

async function startPositions(
  cluster: Cluster,
  copies: readonly Copy[],
  context: SourceContext,
  reset: OffsetReset,
): Promise<Map<string, Map<number, number>>> {
  const starts = startsIn(context.raw)
  const stored = copies.map((copy) => storedPosition(context, copy.source) ?? starts.get(nameOf(copy)))
  const found = await beginnings(
    cluster,
    copies.filter((_, i) => stored[i] === undefined),
    reset,
  )
  const positions = new Map<string, Map<number, number>>()
  for (const [i, copy] of copies.entries()) {
    const partitions = positions.get(copy.topic) ?? new Map<number, number>()
    positions.set(copy.topic, partitions.set(copy.partition, stored[i] ?? found.get(nameOf(copy)) ?? 0))
  }
  return positions
}

class MirrorSourceTask implements SourceTask {
  readonly #cluster: Cluster
  readonly #consumer: Consumer
  readonly #copies: ReadonlyMap<string, Copy>
  readonly #syncs: OffsetSyncWriter | null
  readonly #reset: OffsetReset
  readonly #pollMs: number
  readonly #log: SourceContext['log']
  /** What was fetched beyond a poll's limit, from `#at` on. */
  #rest: readonly ConnectRecord[] = []
  #at = 0
  #stopped = false

  constructor(
    cluster: Cluster,
    consumer: Consumer,
    copies: readonly Copy[],
    syncs: OffsetSyncWriter | null,
    reset: OffsetReset,
    config: SourceConfig,
    log: SourceContext['log'],
  ) {
    this.#cluster = cluster
    this.#consumer = consumer
    this.#copies = new Map(copies.map((copy) => [nameOf(copy), copy]))
    this.#syncs = syncs
    this.#reset = reset
    this.#pollMs = config['consumer.poll.timeout.ms']
    this.#log = log
  }

  async poll(limit: number, budget: Budget): Promise<Polled> {
    if (this.#at === this.#rest.length) await this.#fetch(budget)
    const records = this.#rest.slice(this.#at, this.#at + limit)
    this.#at += records.length
    if (records.length > 0) return { records }
    return { records, idleMs: IDLE_MS, mark: this.#mark() }
  }

  written({ partition, offset }: SourceOrigin, _topic: string, _partition: number, downstreamOffset: number): void {
    this.#syncs?.written({
      topic: partition['topic'] as string,
      partition: partition['partition'] as number,
      upstreamOffset: offset['offset'] as number,
      downstreamOffset,
    })
  }

  async committed(): Promise<void> {
    this.#syncs?.committed()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.#consumer.close()
    await this.#syncs?.close()
    await this.#cluster.close()
  }

  /** Nothing came where there is nothing more: that nothing came in time says nothing. */
  async #fetch({ deadline, signal }: Budget): Promise<void> {
    const giveUpAt = Math.min(deadline, Date.now() + PATIENCE_MS)
    this.#at = 0
    do {
      const waitMs = Math.max(0, Math.min(this.#pollMs, deadline - Date.now()))
      this.#rest = (await this.#poll(waitMs, signal)).flatMap((batch) => this.#records(batch))
    } while (this.#rest.length === 0 && !this.#isCaughtUp && Date.now() < giveUpAt && !signal.aborted)
  }

  async #poll(waitMs: number, signal: AbortSignal): Promise<readonly Fetched[]> {
    try {
      return await this.#consumer.poll(waitMs, signal)
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error
      await this.#goTo(error)
      return []
    }
  }

  /** As far as the last fetches tell. */
  get #isCaughtUp(): boolean {
    const lag = this.#consumer.lag()
    return [...this.#copies.values()].every(({ topic, partition }) => lag.get(topic)?.get(partition) === 0)
  }

  /** As a consumer does: to where `auto.offset.reset` says. */
  async #goTo(error: OffsetOutOfRange): Promise<void> {
    const found = await beginnings(this.#cluster, error.partitions, this.#reset)
    this.#log.warn(`${error.message}; going on as auto.offset.reset says`, { offsets: Object.fromEntries(found) })
    for (const one of error.partitions) this.#consumer.seek(one.topic, one.partition, found.get(nameOf(one)) ?? 0)
  }

  #records(batch: Fetched): ConnectRecord[] {
    const copy = this.#copies.get(nameOf(batch)) as Copy
    const { buffer } = batch
    const records: ConnectRecord[] = []
    batch.forEach((offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
      const key = keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd)
      const value = valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd)
      const headers = headerCount === 0 ? NO_HEADERS : headersOf(buffer, headersStart, headerCount)
      const origin = { kind: 'source', partition: copy.source, offset: { offset } } as const
      records.push(
        new ConnectRecord(copy.remote, copy.partition, OPTIONAL_BYTES, key, BYTES, value, timestamp, headers, origin),
      )
    })
    return records
  }

  #mark(): string {
    const at = [...this.#copies.values()].map(({ topic, partition }) => {
      return { topic, partition, offset: this.#consumer.position(topic, partition) }
    })
    return markOf(at)
  }
}

function headersOf(buffer: Buffer, start: number, count: number): Header[] {
  return readHeaders(buffer, start, count).map(({ key, value }) => {
    return { key, schema: value === null ? OPTIONAL_BYTES : BYTES, value }
  })
}
