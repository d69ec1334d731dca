/** The requests about topics and their configs. */
import type { WireRequest } from './cluster.ts'
import { WireReader, WireWriter } from './wire.ts'

export interface NewTopic {
  readonly name: string
  /** -1 for the broker's default. */
  readonly partitions: number
  /** -1 for the broker's default. */
  readonly replicationFactor: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicAnswer {
  readonly name: string
  readonly error: number
  readonly message: string | null
}

export function createTopicsRequest(
  topics: readonly NewTopic[],
  timeoutMs: number,
  validateOnly: boolean,
): WireRequest<readonly TopicAnswer[]> {
  return {
    apiKey: 19,
    apiVersion: 4,
    apiName: 'CreateTopics',
    encode: () =>
      new WireWriter()
        .array(topics, ({ name, partitions, replicationFactor, configs = {} }, w) =>
          w
            .string(name)
            .int32(partitions)
            .int16(replicationFactor)
            .array([], () => {})
            .array(Object.entries(configs), ([key, value]) => w.string(key).string(value)),
        )
        .int32(timeoutMs)
        .boolean(validateOnly)
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      return reader.array((r) => ({ name: r.string(), error: r.int16(), message: r.nullableString() }))
    },
  }
}

/** `counts`: how many partitions each topic is to have. */
export function createPartitionsRequest(
  counts: ReadonlyMap<string, number>,
  timeoutMs: number,
): WireRequest<readonly TopicAnswer[]> {
  return {
    apiKey: 37,
    apiVersion: 1,
    apiName: 'CreatePartitions',
    encode: () =>
      new WireWriter()
        .array([...counts], ([name, count], w) =>
          w
            .string(name)
            .int32(count)
            .array(null, () => {}),
        )
        .int32(timeoutMs)
        .boolean(false)
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      return reader.array((r) => ({ name: r.string(), error: r.int16(), message: r.nullableString() }))
    },
  }
}

export function deleteTopicsRequest(names: readonly string[], timeoutMs: number): WireRequest<readonly TopicAnswer[]> {
  return {
    apiKey: 20,
    apiVersion: 3,
    apiName: 'DeleteTopics',
    encode: () =>
      new WireWriter()
        .array(names, (name, w) => w.string(name))
        .int32(timeoutMs)
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      return reader.array((r) => ({ name: r.string(), error: r.int16(), message: null }))
    },
  }
}

/** The types of `org.apache.kafka.common.config.ConfigResource`. */
export const RESOURCE = { topic: 2, broker: 4 } as const

/** Where a config's value comes from, as `DescribeConfigsResponse.ConfigSource`. */
const SOURCES = ['unknown', 'topic', 'dynamicBroker', 'dynamicDefaultBroker', 'staticBroker', 'default'] as const

export interface ConfigEntry {
  /** Null for a sensitive one. */
  readonly value: string | null
  readonly source: (typeof SOURCES)[number] | 'other'
  readonly readOnly: boolean
  readonly sensitive: boolean
}

export interface ConfigAnswer {
  readonly name: string
  readonly error: number
  readonly message: string | null
  readonly entries: ReadonlyMap<string, ConfigEntry>
}

/** `keys` null for all of them. */
export function describeConfigsRequest(
  type: number,
  names: readonly string[],
  keys: readonly string[] | null,
): WireRequest<readonly ConfigAnswer[]> {
  return {
    apiKey: 32,
    apiVersion: 2,
    apiName: 'DescribeConfigs',
    encode: () =>
      new WireWriter()
        .array(names, (name, w) =>
          w
            .int8(type)
            .string(name)
            .array(keys, (key) => w.string(key)),
        )
        .boolean(false)
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      return reader.array((r) => {
        const [error, message] = [r.int16(), r.nullableString()]
        r.int8()
        const name = r.string()
        return { name, error, message, entries: new Map(r.array(configEntry)) }
      })
    },
  }
}

function configEntry(reader: WireReader): [string, ConfigEntry] {
  const name = reader.string()
  const value = reader.nullableString()
  const readOnly = reader.boolean()
  const source = SOURCES[reader.int8()] ?? 'other'
  const sensitive = reader.boolean()
  reader.array((r) => [r.string(), r.nullableString(), r.int8()])
  return [name, { value, source, readOnly, sensitive }]
}

/** Null removes a config, so that its default holds again (KIP-339). */
export type ConfigChanges = Readonly<Record<string, string | null>>

export function incrementalAlterConfigsRequest(
  type: number,
  changes: ReadonlyMap<string, ConfigChanges>,
): WireRequest<readonly TopicAnswer[]> {
  return {
    apiKey: 44,
    apiVersion: 0,
    apiName: 'IncrementalAlterConfigs',
    encode: () =>
      new WireWriter()
        .array([...changes], ([name, entries], w) =>
          w
            .int8(type)
            .string(name)
            .array(Object.entries(entries), ([key, value]) =>
              w
                .string(key)
                .int8(value === null ? 1 : 0)
                .string(value),
            ),
        )
        .boolean(false)
        .finish(),
    decode(body) {
      const reader = new WireReader(body, 4)
      return reader.array((r) => {
        const [error, message] = [r.int16(), r.nullableString()]
        r.int8()
        return { error, message, name: r.string() }
      })
    },
  }
}
