/** The queues of the topics that a producer may append to, and which of them a record goes to. */
import { ConnectError, DataError } from '../connect/errors.ts'
import type { Payload } from '../connect/plugin.ts'
import { PartitionQueue, type QueueContext } from './partition-queue.ts'
import { anotherPartition, partitionOfKey } from './partitioner.ts'

export interface TopicQueuesDeps {
  readonly context: QueueContext
  /** Bytes after which records without key and partition go to another partition. */
  readonly batchSize: number
  readonly hasLeader: (topic: string, partition: number) => boolean
}

export class TopicQueues {
  readonly #deps: TopicQueuesDeps
  readonly #topics = new Map<string, PreparedTopic>()

  constructor(deps: TopicQueuesDeps) {
    this.#deps = deps
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  prepare(topic: string, partitions: number): void {
    const known = this.#topics.get(topic)
    if (known !== undefined) known.partitions = partitions
    else this.#topics.set(topic, new PreparedTopic(topic, partitions, this.#deps))
  }

  /** Throws for a topic that wasn't prepared. */
  topic(topic: string): PreparedTopic {
    const known = this.#topics.get(topic)
    if (known === undefined) throw new ConnectError(`Topic ${topic} was not prepared for producing`)
    return known
  }

  find(topic: string, partition: number): PartitionQueue | undefined {
    return this.#topics.get(topic)?.queues[partition]
  }

  *all(): Generator<PartitionQueue> {
    for (const { queues } of this.#topics.values()) for (const queue of queues) if (queue !== undefined) yield queue
  }
}

export class PreparedTopic {
  partitions: number
  /** By partition; with gaps. */
  readonly queues: (PartitionQueue | undefined)[] = []
  readonly #name: string
  readonly #deps: TopicQueuesDeps
  /** Where records without key or partition go, and the bytes that have gone to the topic since. */
  #sticky = -1
  #stickyBytes = 0

  constructor(name: string, partitions: number, deps: TopicQueuesDeps) {
    this.#name = name
    this.partitions = partitions
    this.#deps = deps
  }

  /** For a record that says no partition. */
  partitionFor(key: Payload): number {
    return key === null ? this.#stickyPartition() : partitionOfKey(key, this.partitions)
  }

  /** `DataError` for a partition that isn't there. */
  queue(partition: number): PartitionQueue {
    return this.queues[partition] ?? this.#newQueue(partition)
  }

  grew(bytes: number): void {
    this.#stickyBytes += bytes
  }

  #stickyPartition(): number {
    const { batchSize, hasLeader } = this.#deps
    if (this.partitions > 1 && (this.#sticky < 0 || this.#stickyBytes >= batchSize)) {
      this.#sticky = anotherPartition(this.#sticky, this.partitions, (n) => hasLeader(this.#name, n))
      this.#stickyBytes = 0
    }
    return Math.max(0, this.#sticky)
  }

  #newQueue(partition: number): PartitionQueue {
    if (!Number.isInteger(partition) || partition < 0 || partition >= this.partitions)
      throw new DataError(
        `Partition ${partition} of a record for topic ${this.#name} is not in the range [0...${this.partitions})`,
      )
    const queue = new PartitionQueue(this.#name, partition, this.#deps.context)
    this.queues[partition] = queue
    return queue
  }
}
