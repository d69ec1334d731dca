/**
 * The topics that a source writes to: found, or created where they are missing. By the connector's
 * `topic.creation.*` (KIP-158), else with the broker's defaults where it would create them itself
 * (`auto.create.topics.enable`), as a Java producer brings about.
 */
import { ConfigError, ConnectError } from '../connect/errors.ts'
import { compile } from '../java/regular-expression.ts'
import { brokerConfigs, createTopics } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { CODES, KafkaError } from '../kafka/codes.ts'
import type { Producer } from '../kafka/producer.ts'
import type { TopicCreation, TopicGroup } from '../worker/topic-creation.ts'

export class Topics {
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #creation: TopicCreation | null
  readonly #used: Set<string>
  readonly #ready = new Set<string>()

  /** `used` gets the topics that records go to. */
  constructor(cluster: Cluster, producer: Producer, creation: TopicCreation | null, used: Set<string>) {
    this.#cluster = cluster
    this.#producer = producer
    this.#creation = creation
    this.#used = used
  }

  /** Whether `append` may be called for the topic; then it counts as used. */
  use(topic: string): boolean {
    const isReady = this.#ready.has(topic)
    if (isReady) this.#used.add(topic)
    return isReady
  }

  /** After it, `append` may be called for the topic. */
  async prepare(topic: string): Promise<void> {
    try {
      await this.#producer.prepare([topic])
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== CODES.UNKNOWN_TOPIC_OR_PARTITION) throw error
      await this.#create(topic)
      await this.#producer.prepare([topic])
    }
    this.#ready.add(topic)
  }

  async #create(topic: string): Promise<void> {
    const group = this.#creation?.groups.find((one) => matches(one, topic))
    if (group !== undefined) {
      const { partitions, replicationFactor, configs } = group
      await createTopics(this.#cluster, [{ name: topic, partitions, replicationFactor, configs }])
    } else {
      if (!(await this.#brokerCreates()))
        throw new ConfigError(
          `Topic ${topic} does not exist and the brokers do not create topics: create it, or set topic.creation.default.partitions and topic.creation.default.replication.factor`,
        )
      await createTopics(this.#cluster, [{ name: topic, partitions: -1, replicationFactor: -1 }])
    }
  }

  async #brokerCreates(): Promise<boolean> {
    const key = 'auto.create.topics.enable'
    try {
      const configs = await brokerConfigs(this.#cluster, await this.#cluster.anyNode(), [key])
      return configs.get(key)?.value !== 'false'
    } catch (error) {
      if (error instanceof ConnectError && error.kind === 'retriable') throw error
      // Not allowed to ask: whether it is allowed to create shows when it tries.
      return true
    }
  }
}

function matches({ include, exclude }: TopicGroup, topic: string): boolean {
  const one = (regex: string) => compile(regex).matches(topic)
  return include.some(one) && !exclude.some(one)
}
