/** Tells a source task where its records are in Kafka (`SourceTask.written`), once they are there for good. */
import type { SourceTask } from '../connect/plugin.ts'
import type { Origin, SourceOrigin } from '../connect/record.ts'
import type { Producer } from '../kafka/producer.ts'

interface Appended {
  /** Records that were appended to the partition before it. */
  readonly order: number
  readonly origin: SourceOrigin
}

type Told = Parameters<NonNullable<SourceTask['written']>>

export class WrittenRecords {
  readonly #task: Pick<SourceTask, 'written'>
  readonly #producer: Producer
  readonly #transactional: boolean
  /** By topic and partition, in order. */
  readonly #appended = new Map<string, Appended[][]>()
  /** Acknowledged, in the transaction that is open. */
  #held: Told[] = []

  /** `transactional`: what is acknowledged waits for `committed`. */
  constructor(task: Pick<SourceTask, 'written'>, producer: Producer, transactional: boolean) {
    this.#task = task
    this.#producer = producer
    this.#transactional = transactional
    producer.onWritten = (topic, partition, order, count, baseOffset) =>
      this.#acknowledged(topic, partition, order, count, baseOffset)
  }

  /** The record that was appended last. */
  appended(topic: string, partition: number, origin: Origin): void {
    if (origin.kind !== 'source') return
    let partitions = this.#appended.get(topic)
    if (partitions === undefined) {
      partitions = []
      this.#appended.set(topic, partitions)
    }
    partitions[partition] ??= []
    partitions[partition].push({ order: this.#producer.appendedTo(topic, partition) - 1, origin })
  }

  /** The transaction of all that is acknowledged is committed. */
  committed(): void {
    const held = this.#held
    this.#held = []
    for (const told of held) this.#task.written?.(...told)
  }

  /** Nobody sees what was acknowledged in the open transaction. */
  aborted(): void {
    this.#held = []
  }

  #acknowledged(topic: string, partition: number, order: number, count: number, baseOffset: number): void {
    const waiting = this.#appended.get(topic)?.[partition]
    if (waiting === undefined) return
    let passed = 0
    for (let next = waiting[0]; next !== undefined && next.order < order + count; next = waiting[passed]) {
      passed++
      // One from before the batch was dropped with its transaction.
      if (next.order < order || baseOffset < 0) continue
      const told: Told = [next.origin, topic, partition, baseOffset + next.order - order]
      if (this.#transactional) this.#held.push(told)
      else this.#task.written?.(...told)
    }
    waiting.splice(0, passed)
  }
}
