/** A dead letter as a person reads it: its record by the connector's converters, where they can read it. */
import { type Budget, budget } from '../connect/budget.ts'
import type { PluginLog } from '../connect/plugin.ts'
import { ConnectRecord } from '../connect/record.ts'
import type { RawConfig } from '../connect/settings.ts'
import { recordToJson } from '../converters/record-text.ts'
import { type JsonNode, readWholeJson } from '../java/json-text.ts'
import { buildChain, type Chain, type PluginSource } from '../pipeline/chain.ts'
import { text } from '../pipeline/errors.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import { realConfig } from '../worker/real-config.ts'
import type { Worker } from '../worker/settings.ts'
import { bytesNode } from './edit.ts'
import type { DeadLetter } from './letter.ts'

export interface Decoded {
  /** `recordToJson`; null where it can't be read. */
  readonly record: JsonNode
  readonly why: string | null
}

export type Decode = (letter: DeadLetter) => Decoded

const LOOK_UP_MS = 5_000
const SILENT: PluginLog = { debug() {}, info() {}, warn() {}, error() {} }

/** The letters of a source, and edited ones, are records already. */
export async function decoder(
  worker: Worker,
  config: RawConfig,
  kind: 'source' | 'sink',
  plugins: PluginSource,
  letters: readonly DeadLetter[],
): Promise<Decode> {
  const asJson = (letter: DeadLetter): Decoded => ({
    record: readWholeJson(letter.value?.toString() ?? 'null'),
    why: null,
  })
  if (kind === 'source') return asJson
  try {
    const real = await realConfig(worker, config)
    const settings = connectorSettings(real.config, worker)
    const chain = await buildChain({ ...settings, transforms: [] }, plugins, SILENT)
    using time = budget(LOOK_UP_MS)
    await prepare(chain, letters, time)
    return (letter) => (letter.isEdited ? asJson(letter) : consumed(chain, letter))
  } catch (error) {
    const why = text(error)
    return (letter) => (letter.isEdited ? asJson(letter) : { record: null, why })
  }
}

async function prepare({ key, value }: Chain, letters: readonly DeadLetter[], time: Budget): Promise<void> {
  for (const [topic, some] of Map.groupBy(letters, ({ context, topic }) => context.topic ?? topic)) {
    const keys = some.map((letter) => letter.key)
    const values = some.map((letter) => letter.value)
    await key.plugin.prepare?.(topic, keys, time)
    await value.plugin.prepare?.(topic, values, time)
  }
}

function consumed({ key, value, header }: Chain, letter: DeadLetter): Decoded {
  const { context, timestamp } = letter
  const topic = context.topic ?? letter.topic
  try {
    const headers = letter.headers.map((one) => ({
      key: one.key,
      ...header.plugin.toConnectHeader(topic, one.key, one.value),
    }))
    const k = key.plugin.toConnect(topic, letter.key, headers)
    const v = value.plugin.toConnect(topic, letter.value, headers)
    const [partition, offset] = [Number(context.partition ?? -1), Number(context.offset ?? -1)]
    const origin = { kind: 'sink', topic, partition, offset, timestampType: 'CreateTime' } as const
    const record = new ConnectRecord(topic, partition, k.schema, k.value, v.schema, v.value, timestamp, headers, origin)
    return { record: recordToJson(record), why: null }
  } catch (error) {
    return { record: null, why: text(error) }
  }
}

/** Keys, values and headers as they are in the topic. */
export function rawNode({ key, value, headers }: DeadLetter): { readonly [name: string]: JsonNode } {
  return {
    key: bytesNode(key),
    value: bytesNode(value),
    headers: headers.map((header) => ({ key: header.key, value: bytesNode(header.value) })),
  }
}
