/** The partitions that a consumer fetches, in the order in which it asks for them. */
import { ConnectError } from '../connect/errors.ts'
import type { TopicPartition } from './leader-calls.ts'

/** By topic and partition. */
export type ByPartition<T> = ReadonlyMap<string, ReadonlyMap<number, T>>

/** A partition from one `assign` or `seek` on; a later one makes a new object, and answers for the old are dropped. */
export interface Assigned extends TopicPartition {
  /** Next to be handed out. */
  position: number
  /** Next to be fetched. */
  fetchFrom: number
  paused: boolean
  /** Epoch ms before which it isn't fetched; infinite while its position is out of range. */
  blockedUntil: number
  /** A follower that is nearer than the leader, and until when to fetch from it. */
  replica: number
  replicaUntil: number
  end: number | null
}

export class Assignments {
  /** The broker fills its answer in this order: those that got something go to the end. */
  #all = new Map<string, Assigned>()

  assign(positions: ByPartition<number>): void {
    this.#all = new Map()
    for (const [topic, partitions] of positions)
      for (const [partition, offset] of partitions) this.begin(topic, partition, offset, false)
  }

  begin(topic: string, partition: number, offset: number, paused: boolean): void {
    const fresh = {
      position: offset,
      fetchFrom: offset,
      paused,
      blockedUntil: 0,
      replica: -1,
      replicaUntil: 0,
      end: null,
    }
    this.#all.set(key({ topic, partition }), { topic, partition, ...fresh })
  }

  clear(): void {
    this.#all.clear()
  }

  values(): Iterable<Assigned> {
    return this.#all.values()
  }

  topics(): string[] {
    return [...new Set([...this.#all.values()].map(({ topic }) => topic))]
  }

  find(topic: string, partition: number): Assigned {
    const found = this.#all.get(key({ topic, partition }))
    if (found === undefined) throw new ConnectError(`Partition ${partition} of topic ${topic} is not assigned`)
    return found
  }

  isCurrent(assigned: Assigned): boolean {
    return this.#all.get(key(assigned)) === assigned
  }

  putFirst(assigned: Assigned): void {
    this.#all.delete(key(assigned))
    this.#all = new Map([[key(assigned), assigned], ...this.#all])
  }

  putLast(assigned: Assigned): void {
    this.#all.delete(key(assigned))
    this.#all.set(key(assigned), assigned)
  }

  /** Records between the position and the end; of those whose end is known. */
  lag(): ByPartition<number> {
    const lag = new Map<string, Map<number, number>>()
    for (const { topic, partition, position, end } of this.#all.values()) {
      if (end === null) continue
      const partitions = lag.get(topic) ?? new Map<number, number>()
      lag.set(topic, partitions.set(partition, Math.max(0, end - position)))
    }
    return lag
  }
}

function key({ topic, partition }: TopicPartition): string {
  return `${topic}\n${partition}`
}
