/**
 * The brokers of a simulated world: logs, transactions with fencing by epoch, and the offsets of groups. Requests that
 * were sent take effect though their sender dies; a commit is answered before its markers are written.
 */
import { RetriableError } from '../../lib/connect/errors.ts'
import { partitionOfKey } from '../../lib/kafka/partitioner.ts'
import type { EncodedRecord } from '../../lib/state/config-records.ts'
import type { LogRecord, TopicLog } from '../../lib/state/log.ts'
import type { OffsetBatch } from '../../lib/state/offset-tail.ts'
import type { OffsetsTopic } from '../../lib/state/offsets-topic.ts'
import type { Host, World } from './world.ts'

export interface Entry {
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
  /** Null outside of transactions. */
  readonly transaction: Transaction | null
  /** A transaction's marker. */
  readonly control: 'commit' | 'abort' | null
}

interface Transaction {
  readonly producerId: number
  state: 'open' | 'committed' | 'aborted'
  readonly partitions: Set<Entry[]>
}

export interface Producer {
  readonly id: string
  readonly producerId: number
  readonly epoch: number
}

interface KnownProducer {
  readonly producerId: number
  epoch: number
  open: Transaction | null
  /** Writes the markers of a transaction that is over. */
  finish: () => void
}

class Fenced extends Error {
  override readonly name = 'ProducerFenced'
}

export class SimulatedKafka {
  readonly world: World
  readonly topics = new Map<string, Entry[][]>()
  readonly groups = new Map<string, Map<string, number>>()
  /** Of the groups, by id; whose they are. */
  readonly members = new Map<string, { generation: number; readonly ids: Map<string, string> }>()
  /** Sees each record that is appended outside of transactions, and who has sent it to a log. */
  onAppend: (key: string, value: string | null, by: Host | undefined) => void = () => {}
  /** While true, no request is answered. */
  down = false
  /** Of the requests of a transaction, those that are long on their way: 0 to 1. */
  slow = 0
  readonly #producers = new Map<string, KnownProducer>()
  /** Those that wait for something to be appended. */
  readonly #fetches = new Map<Entry[] | undefined, Set<() => void>>()

  constructor(world: World) {
    this.world = world
  }

  partitions(topic: string): Entry[][] {
    return this.topics.get(topic) ?? []
  }

  create(topic: string, partitions: number): void {
    const found = this.partitions(topic)
    while (found.length < partitions) found.push([])
    this.topics.set(topic, found)
  }

  /** Any request. Rejects, after a while, where the broker is down. */
  request<T>(effect: () => T): Promise<T> {
    const { world } = this
    if (!this.down) return world.request(this.#latency, effect)
    world.met('broker away')
    return world.request(
      () => world.between(200, 1_000),
      () => {
        throw new RetriableError('The broker does not answer')
      },
    )
  }

  readonly #latency = () => this.world.between(1, 8)

  append(topic: string, partition: number, key: string, value: string | null, by?: Host): number {
    this.onAppend(key, value, by)
    const log = this.partitions(topic)[partition]
    for (const answer of this.#fetches.get(log) ?? []) answer()
    this.#fetches.delete(log)
    return push(log, this.#entry(key, value, null))
  }

  /** A fetch waits at the broker until something is appended, or as long as it may. */
  #arrival(log: Entry[] | undefined): Promise<void> {
    const { world } = this
    const { host } = world
    return new Promise((resolve) => {
      const waiting = this.#fetches.get(log) ?? new Set()
      this.#fetches.set(log, waiting)
      const answer = () => world.after(ANSWER_MS, () => world.deliver(host, resolve))
      waiting.add(answer)
      setTimeout(() => {
        waiting.delete(answer)
        resolve()
      }, FETCH_MS)
    })
  }

  /** InitProducerId: fences who had the id before, and aborts what it left open. */
  init(id: string): Promise<Producer> {
    return this.request(() => {
      const producerId = this.#producers.size + 1
      const known = this.#producers.get(id) ?? { epoch: -1, producerId, open: null, finish: () => {} }
      this.#producers.set(id, known)
      known.epoch++
      this.#end(known, 'abort')
      known.finish()
      return { id, producerId: known.producerId, epoch: known.epoch }
    })
  }

  produce(by: Producer, topic: string, partition: number, records: readonly (readonly [string, string | null])[]) {
    return this.#transacting(() => {
      const known = this.#current(by)
      known.finish()
      known.open ??= { producerId: by.producerId, state: 'open', partitions: new Set() }
      const log = this.partitions(topic)[partition] ?? []
      known.open.partitions.add(log)
      for (const [key, value] of records) log.push(this.#entry(key, value, known.open))
    })
  }

  commit(by: Producer): Promise<void> {
    return this.#transacting(() => {
      this.#end(this.#current(by), 'commit')
    })
  }

  /** The records that a reader of committed ones gets, in their order, with their offsets. */
  committed(topic: string, partition: number, from = 0): { readonly offset: number; readonly entry: Entry }[] {
    const log = this.partitions(topic)[partition] ?? []
    const found: { readonly offset: number; readonly entry: Entry }[] = []
    for (let offset = from; offset < log.length; offset++) {
      const entry = log[offset] as Entry
      if (entry.transaction?.state === 'open') break
      if (entry.control === null && entry.transaction?.state !== 'aborted') found.push({ offset, entry })
    }
    return found
  }

  /** The last stable offset. */
  stableEnd(topic: string, partition: number): number {
    const log = this.partitions(topic)[partition] ?? []
    const open = log.findIndex(({ transaction }) => transaction?.state === 'open')
    return open < 0 ? log.length : open
  }

  /** A topic of texts, as the config and the status topic are. */
  log(topic: string): TopicLog {
    const partitions = () => this.partitions(topic)
    return {
      topic,
      ends: () => this.request(() => partitions().map((log) => log.length)),
      read: (from, to) =>
        this.request(() =>
          partitions().flatMap((log, partition) =>
            log.slice(from[partition] ?? 0, to[partition]).map(({ key, value, timestamp }, i): LogRecord => {
              return { partition, position: (from[partition] ?? 0) + i, timestamp, key, value }
            }),
          ),
        ),
      watch: async (key) => {
        const partition = partitionOfKey(key, partitions().length)
        let next = await this.request(() => partitions()[partition]?.length ?? 0)
        return {
          until: async (isIt, { signal }) => {
            while (!signal.aborted) {
              const fetched = await this.request(() => partitions()[partition]?.slice(next) ?? [])
              if (fetched.some((entry) => entry.key === key && isIt(entry.value))) return true
              next += fetched.length
              if (fetched.length === 0) await this.#arrival(partitions()[partition])
            }
            return false
          },
        }
      },
      append: (records) => {
        const { host } = this.world
        return this.request(() =>
          records.map(({ key, value }) => {
            const partition = partitionOfKey(key, partitions().length)
            return { partition, position: this.append(topic, partition, key, value, host) }
          }),
        )
      },
      open: async () => {},
      close: async () => {},
    }
  }

  offsetsTopic(topic: string): OffsetsTopic {
    const partitions = () => this.partitions(topic)
    return {
      topic,
      ends: () => this.request(() => partitions().map((log) => log.length)),
      read: async (from, to, prefix, visit) => {
        const batches = await this.request(() =>
          partitions().flatMap((log, partition) =>
            log.slice(from[partition] ?? 0, to[partition]).map((entry, i): OffsetBatch => {
              const position = (from[partition] ?? 0) + i
              const { key, value, timestamp, transaction, control } = entry
              const own = control === null && key.startsWith(prefix)
              const records = own ? [{ key, value, kafkaPartition: partition, position, timestamp }] : []
              const producerId = transaction?.producerId ?? null
              return { partition, nextOffset: position + 1, producerId, control, records }
            }),
          ),
        )
        for (const batch of batches) visit(batch)
      },
      append: (records: readonly EncodedRecord[]) =>
        this.request(() => {
          for (const { key, value } of records) this.append(topic, partitionOfKey(key, partitions().length), key, value)
        }),
      close: async () => {},
    }
  }

  /** Its sender may be dead, and another in its place, when it comes. */
  #transacting<T>(effect: () => T): Promise<T> {
    const { world } = this
    if (this.down || !world.chance(this.slow)) return this.request(effect)
    world.met('request late')
    return world.request(() => world.between(200, 4_000), effect)
  }

  #current(by: Producer): KnownProducer {
    const known = this.#producers.get(by.id)
    if (known?.epoch === by.epoch) return known
    this.world.met('zombie fenced')
    throw new Fenced(`${by.id} has a newer epoch`)
  }

  #end(producer: KnownProducer, how: 'commit' | 'abort'): void {
    const { open } = producer
    if (open === null) return
    producer.open = null
    producer.finish = () => {
      producer.finish = () => {}
      open.state = how === 'commit' ? 'committed' : 'aborted'
      for (const log of open.partitions) log.push({ ...this.#entry('', null, open), control: how })
    }
    const { finish } = producer
    if (how === 'abort') this.world.met('transaction aborted')
    if (this.world.chance(0.7)) finish()
    else {
      this.world.met('marker late')
      this.world.afterQuietly(this.world.between(1, 40), () => producer.finish === finish && finish())
    }
  }

  #entry(key: string, value: string | null, transaction: Transaction | null): Entry {
    return { key, value, timestamp: this.world.now, transaction, control: null }
  }
}

/** How long a fetch waits for something to come, in ms, and how late it is answered then, so that others come first. */
const FETCH_MS = 500
const ANSWER_MS = 5

function push(log: Entry[] | undefined, entry: Entry): number {
  if (log === undefined) throw new RetriableError('There is no such partition')
  return log.push(entry) - 1
}
