/**
 * Dead letters: what a record that failed looks like in its topic, and the topic itself. As Connect's
 * `DeadLetterQueueReporter` (KIP-298) writes them.
 */
import { ConfigError, ConnectError, trace } from '../connect/errors.ts'
import type { PluginLog } from '../connect/plugin.ts'
import { createTopics } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { RecordHeader } from '../kafka/producer.ts'
import type { DeadLetters as DeadLetterSettings } from '../worker/connector-settings.ts'
import type { Tallies } from './counters.ts'
import { executing, type Failed, text } from './errors.ts'

/** Gets the records that failed while failures are tolerated; they are durable before the offset of their origin is. */
export interface DeadLetters {
  /** `tallies`: of the batch that the record is of. */
  take(failed: Failed, tallies: Tallies): void
}

/** Of whom the letters tell. */
export interface LetterOwner {
  readonly connector: string
  readonly task: number
  /** The text without secrets. */
  readonly scrub: (text: string) => string
}

/** Where the record of a letter was read. */
export interface LetterOrigin {
  readonly topic: string
  readonly partition: string
  readonly offset: string
}

export const CONTEXT_PREFIX = '__connect.errors.'

/** The headers that tell the error, in Connect's order, but for those that the record has already. */
export function contextHeaders(
  failed: Failed,
  origin: LetterOrigin,
  { connector, task, scrub }: LetterOwner,
  before: readonly RecordHeader[],
): RecordHeader[] {
  const { error } = failed
  const context: Readonly<Record<string, string>> = {
    topic: origin.topic,
    partition: origin.partition,
    offset: origin.offset,
    'connector.name': connector,
    'task.id': String(task),
    stage: failed.stage,
    'class.name': executing(failed),
    'exception.class.name': error instanceof ConnectError ? error.javaClass : 'java.lang.RuntimeException',
    'exception.message': scrub(text(error)),
    'exception.stacktrace': scrub(`${trace(error)}\n`),
  }
  const known = new Set(before.map(({ key }) => key))
  return Object.entries(context)
    .map(([name, value]) => ({ key: CONTEXT_PREFIX + name, value }))
    .filter(({ key }) => !known.has(key))
}

/** Creates the topic where it is missing, with one partition. `prefix` is that of the settings' names. */
export async function ensureDeadLetterTopic(
  cluster: Cluster,
  { topic, replicationFactor }: DeadLetterSettings,
  prefix: '' | 'penstock.',
  log: PluginLog,
): Promise<void> {
  try {
    if ((await cluster.topics([topic])).has(topic)) return
    await createTopics(cluster, [{ name: topic, partitions: 1, replicationFactor }])
    log.info('the topic of the dead letters was created', { topic, replicationFactor })
  } catch (error) {
    const settings = `${prefix}errors.deadletterqueue.topic.name and ${prefix}errors.deadletterqueue.topic.replication.factor=${replicationFactor}`
    throw new ConnectError(
      `Could not initialize dead letter queue with topic=${topic}: ${text(error)}. Check ${settings}`,
      { kind: error instanceof ConnectError ? error.kind : 'fatal', cause: error },
    )
  }
}

/** Dead letters that can't be written end the task: else what they hold would be lost. */
export function unwritable(topic: string, error: unknown): ConnectError {
  const kind = error instanceof ConnectError && !(error instanceof ConfigError) ? error.kind : 'fatal'
  return new ConnectError(`Could not produce message to dead letter queue. topic=${topic}: ${text(error)}`, {
    kind: kind === 'data' ? 'fatal' : kind,
    cause: error,
  })
}
