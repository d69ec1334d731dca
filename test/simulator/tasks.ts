/**
 * Tasks of a simulated world. They stand for the pipeline: what they read they send, and an offset is committed after
 * what is before it, every few batches and at the drain. Where they go on is decided by the runtime's own code.
 */
import { type Budget, pause } from '../../lib/connect/budget.ts'
import { commit } from '../../lib/kafka/groups.ts'
import { resumeSink } from '../../lib/slice/resume-sink.ts'
import { readCommitted, readOn, resumeSource } from '../../lib/slice/resume-source.ts'
import type { TaskRun } from '../../lib/slice/task-run.ts'
import { type Lease, NO_PROGRESS, type RunProgress } from '../../lib/state/lease.ts'
import { NO_MEASURES } from '../../lib/state/measures.ts'
import type { State } from '../../lib/state/open.ts'
import type { SourceOffsetsState } from '../../lib/state/source-offsets.ts'
import type { Assignment } from '../../lib/worker/assignment.ts'
import type { TaskEvent } from '../../lib/worker/events.ts'
import { simulatedCluster } from './cluster.ts'
import type { Producer, SimulatedKafka } from './kafka.ts'
import type { Ledger } from './ledger.ts'

const BATCH = 500
const PAUSE_MS = 250
const COMMIT_EVERY = 3
const IDLE_AFTER_MS = 600

export interface SourceOptions {
  readonly ledger: Ledger
  readonly state: State
  readonly event: TaskEvent
  /** What an heir has read while it waited. */
  readonly early: SourceOffsetsState | null
  readonly delivery: SimulatedDelivery
  readonly topic: string
  readonly offsetsTopic: string
  /** Of the source, that this task reads. */
  readonly partitions: readonly number[]
  /** How many rows a partition of the source has by now. */
  readonly rows: (partition: number) => number
  /** The newest offset of each partition that is committed. */
  readonly committed: (partitions: readonly number[]) => ReadonlyMap<number, number>
}

/** How a source task's records and offsets get into Kafka. */
export type SimulatedDelivery = ReturnType<typeof simulatedDelivery>

/** Without a `transactionalId`: at least once. */
export function simulatedDelivery(kafka: SimulatedKafka, transactionalId: string | null) {
  let producer: Promise<Producer> | null = null
  let producerId: number | null = null
  const init = async () => {
    if (transactionalId !== null) producer ??= kafka.init(transactionalId)
    producerId = (await producer)?.producerId ?? null
  }
  const overlaid = (offsets: SourceOffsetsState) => offsets.overlaid(producerId)
  const send = async (topic: string, partition: number, records: readonly (readonly [string, string | null])[]) => {
    if (transactionalId === null)
      return kafka.request(() => {
        for (const [key, value] of records) kafka.append(topic, partition, key, value)
      })
    await init()
    const owned = (await producer) as Producer
    return kafka.produce(owned, topic, partition, records)
  }
  const end = async () => {
    if (producer !== null) await kafka.commit(await producer)
  }
  const confirm = async (offsets: SourceOffsetsState) => {
    if (offsets.overlaid(null).length === 0) return
    await init()
    for (const { partition, offset } of overlaid(offsets)) {
      const { key, value, kafkaPartition } = offsets.encode(partition, offset)
      await send(offsets.topic, kafkaPartition, [[String(Buffer.from(key)), value && String(Buffer.from(value))]])
    }
    await end()
  }
  return { init, overlaid, confirm, send, end }
}

export async function startSource(options: SourceOptions & { readonly lease: Lease }): Promise<TaskRun> {
  const { state, event, lease, delivery, early } = options
  return sourceRun(options, await resumeSource(state.offsets, event, lease.clean, delivery, early), lease.clean)
}

/** By an heir, before the lease is its own. */
export async function beginSource(options: SourceOptions): Promise<TaskRun | null> {
  const { delivery, early } = options
  if (early === null) return null
  const offsets = await readOn(early, delivery)
  return delivery.overlaid(offsets).length > 0 ? null : sourceRun(options, offsets, true)
}

function sourceRun(options: SourceOptions, offsets: SourceOffsetsState, clean: boolean): TaskRun {
  const { state, event, delivery } = options
  const { send, end } = delivery
  const positions = new Map(options.partitions.map((p) => [p, Number(offsets.get({ p })?.['n'] ?? 0)]))
  return new Run(options.ledger, event, {
    positions,
    goesOn() {
      if (clean) options.ledger.goesOn(event, positions, options.committed(options.partitions))
    },
    available: async (partition) => options.rows(partition),
    async put(partition, from, to) {
      const key = String(partition)
      const records = Array.from({ length: to - from }, (_, i) => [key, `${partition}:${from + i}`] as const)
      await send(options.topic, partition, records)
    },
    async commit(positions) {
      for (const [p, n] of positions) {
        const { key, value, kafkaPartition } = offsets.encode({ p }, { n })
        await send(options.offsetsTopic, kafkaPartition, [
          [String(Buffer.from(key)), value && String(Buffer.from(value))],
        ])
      }
      await end()
      for (const [p, n] of positions) offsets.put({ p }, { n })
    },
    seal: () => state.offsets.seal(event.connector, event.task, event.generation, offsets),
    async view() {
      const read = await readCommitted(state.offsets, event)
      await state.offsets.seal(event.connector, event.task, event.generation, read)
    },
  })
}

export interface SinkOptions {
  readonly kafka: SimulatedKafka
  readonly ledger: Ledger
  readonly event: TaskEvent
  readonly group: string
  readonly assignment: Assignment
  readonly reset: 'earliest' | 'latest'
  /** False: by an heir, before the lease is its own. */
  readonly owned: boolean
}

export async function startSink({
  kafka,
  ledger,
  event,
  group,
  assignment,
  reset,
  owned,
}: SinkOptions): Promise<TaskRun> {
  const cluster = simulatedCluster(kafka)
  const started = await resumeSink({
    cluster,
    group,
    assignment,
    reset,
    isolation: 'read_committed',
    renew: false,
    commit: (offsets) => (owned ? commit(cluster, group, offsets) : Promise.reject(new Error('Not the owner yet'))),
  })
  const [[topic, positions] = ['', new Map<number, number>()]] = started
  return new Run(ledger, event, {
    positions: new Map(positions),
    goesOn() {
      const found = kafka.groups.get(group) ?? new Map<string, number>()
      ledger.goesOn(event, positions, new Map([...positions.keys()].map((p) => [p, found.get(`${topic}-${p}`) ?? -1])))
      ledger.sinkStarts(event.connector, positions)
    },
    available: (partition) => kafka.request(() => kafka.stableEnd(topic, partition)),
    put: (partition, from, to) =>
      kafka.request(() => {
        const records = kafka.committed(topic, partition, from).filter(({ offset }) => offset < to)
        ledger.wrote(event.connector, partition, records)
      }),
    commit: (committed) =>
      kafka.request(() => {
        const offsets = kafka.groups.get(group) ?? new Map<string, number>()
        kafka.groups.set(group, offsets)
        for (const [partition, position] of committed) offsets.set(`${topic}-${partition}`, position)
      }),
    seal: async () => {},
    view: null,
  })
}

interface Flow {
  readonly positions: Map<number, number>
  /** Checks where it goes on, as it begins to. */
  goesOn(): void
  /** The end of what can be read of a partition. */
  available(partition: number): Promise<number>
  /** Sends what is between the positions. */
  put(partition: number, from: number, to: number): Promise<void>
  commit(positions: ReadonlyMap<number, number>): Promise<void>
  seal(): Promise<void>
  readonly view: (() => Promise<void>) | null
}

class Run implements TaskRun {
  readonly usedTopics = null
  firstRecords: number | null = null
  lastRecords: number | null = null
  readonly #ledger: Ledger
  readonly #event: TaskEvent
  readonly #flow: Flow
  readonly #uncommitted = new Map<number, number>()
  #records = 0

  constructor(ledger: Ledger, event: TaskEvent, flow: Flow) {
    this.#ledger = ledger
    this.#event = event
    this.#flow = flow
  }

  async prefetch() {
    await Promise.allSettled([...this.#flow.positions.keys()].map((partition) => this.#flow.available(partition)))
  }

  async run(budget: Budget) {
    this.#ledger.starts(this.#event, () => this.#uncommitted.size > 0)
    this.#flow.goesOn()
    let since = Date.now()
    for (let batch = 0; !budget.signal.aborted; batch++) {
      const moved = await this.#batch()
      if (moved) since = Date.now()
      if (batch % COMMIT_EVERY === 0) await this.#commit()
      if (Date.now() - since > IDLE_AFTER_MS) return { kind: 'idle', idleMs: 500, certain: false, mark: null } as const
      await pause(PAUSE_MS, budget)
    }
    return { kind: 'budget' } as const
  }

  async drain() {
    await this.#commit()
  }

  async stop() {}

  get viewOffsets() {
    return this.#flow.view
  }

  async sealOffsets() {
    await this.#flow.seal()
  }

  get progress(): RunProgress {
    const { accounting, ...rest } = NO_PROGRESS
    const counted = { read: this.#records, written: this.#records, lastPoll: Date.now(), lastCommit: Date.now() }
    const measured = { firstPoll: null, measures: NO_MEASURES }
    return { ...rest, ...counted, ...measured, accounting: { ...accounting, passed: this.#records, range: null } }
  }

  async #batch(): Promise<boolean> {
    let moved = false
    for (const [partition, from] of this.#flow.positions) {
      const to = Math.min(from + BATCH, await this.#flow.available(partition))
      if (to <= from) continue
      this.#ledger.sends(this.#event)
      await this.#flow.put(partition, from, to)
      this.#flow.positions.set(partition, to)
      this.#uncommitted.set(partition, to)
      this.#records += to - from
      this.firstRecords ??= Date.now()
      this.lastRecords = Date.now()
      moved = true
    }
    return moved
  }

  async #commit(): Promise<void> {
    if (this.#uncommitted.size === 0) return
    const committed = new Map(this.#uncommitted)
    this.#ledger.sends(this.#event)
    await this.#flow.commit(committed)
    for (const [partition, position] of committed)
      if (this.#uncommitted.get(partition) === position) this.#uncommitted.delete(partition)
  }
}
