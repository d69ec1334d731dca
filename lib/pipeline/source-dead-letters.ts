/**
 * A source's dead letters: the records as the source gave them, as JSON, since no converter has made bytes of them. They
 * go out with their batch, by its producer: in the transaction of its offsets where delivery is exactly-once.
 */
import type { PluginLog } from '../connect/plugin.ts'
import type { ConnectRecord, Origin, Position, SourceOrigin } from '../connect/record.ts'
import { jsonText, recordToJson, typedToJson } from '../converters/record-text.ts'
import { type JsonNode, readWholeJson } from '../java/json-text.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { type Producer, type RecordHeader, RecordTooLarge } from '../kafka/producer.ts'
import type { ConnectorSettings, DeadLetters as DeadLetterSettings } from '../worker/connector-settings.ts'
import type { Tallies } from './counters.ts'
import {
  contextHeaders,
  type DeadLetters,
  ensureDeadLetterTopic,
  type LetterOrigin,
  type LetterOwner,
  unwritable,
} from './dead-letters.ts'
import type { Failed } from './errors.ts'
import type { Meter } from './meter.ts'
import { countHeaders, type Redriven } from './redriven.ts'

interface Letter {
  readonly place: LetterOrigin
  readonly record: ConnectRecord
  readonly headers: readonly RecordHeader[]
}

interface Deps extends LetterOwner {
  readonly settings: DeadLetterSettings
  readonly producer: Producer
  readonly meter: Meter
}

/** Null where no dead letters are written: without a topic, and where a failure ends the task. */
export async function openSourceDeadLetters(
  { errors }: Pick<ConnectorSettings, 'errors'>,
  cluster: Cluster,
  deps: Omit<Deps, 'settings'>,
  log: PluginLog,
): Promise<SourceDeadLetters | null> {
  const { deadLetters, tolerate } = errors
  if (deadLetters === null || !tolerate) return null
  await ensureDeadLetterTopic(cluster, deadLetters, 'penstock.', log)
  return new SourceDeadLetters({ ...deps, settings: deadLetters })
}

export class SourceDeadLetters implements DeadLetters {
  readonly #deps: Deps
  readonly #polled = new WeakMap<Tallies, readonly ConnectRecord[]>()
  readonly #redriven = new WeakMap<Origin, Redriven>()
  readonly #waiting = new Map<Tallies, Letter[]>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** A batch was polled: its records are kept as they came while it is under way. */
  polled(tallies: Tallies, records: readonly ConnectRecord[]): void {
    this.#polled.set(tallies, records)
  }

  take(failed: Failed, tallies: Tallies): void {
    const origin = failed.origin as SourceOrigin
    const polled = this.#polled.get(tallies)?.find((one) => one.origin === origin)
    const record = polled ?? failed.record
    if (record === null) throw new RangeError('A record of a source has failed without being one')
    const again = this.#redriven.get(origin)
    const read = {
      topic: record.topic,
      partition: positionText(origin.partition),
      offset: positionText(origin.offset),
    }
    const place = again ?? read
    const context = this.#deps.settings.contextHeaders ? contextHeaders(failed, place, this.#deps, []) : []
    const counted = again === undefined ? [] : countHeaders(again)
    const letters = this.#waiting.get(tallies)
    const letter = { place, record, headers: [...context, ...counted] }
    if (letters === undefined) this.#waiting.set(tallies, [letter])
    else letters.push(letter)
  }

  /** A record of the queue: its letter tells where it was read first. */
  redrawn(record: ConnectRecord, redriven: Redriven): void {
    this.#redriven.set(record.origin, redriven)
  }

  /** Appends the letters of a batch to the producer; after its records. */
  async append(tallies: Tallies): Promise<void> {
    const letters = this.#waiting.get(tallies)
    if (letters === undefined) return
    this.#waiting.delete(tallies)
    const { settings, producer, meter } = this.#deps
    try {
      await producer.prepare([settings.topic])
      for (const letter of letters) {
        meter.count('deadLetters')
        this.#append(letter)
      }
    } catch (error) {
      meter.count('deadLetterFailures')
      throw unwritable(settings.topic, error)
    }
  }

  /** Of a record that is too large for a letter, too, the letter tells where it is in the source. */
  #append({ place, record, headers }: Letter): void {
    const { settings, producer } = this.#deps
    const append = (value: string) =>
      producer.append(settings.topic, null, place.partition, value, record.timestamp, headers)
    try {
      append(letterText(record, place))
    } catch (error) {
      if (!(error instanceof RecordTooLarge)) throw error
      append(letterText(record.withKey(null, null).withValue(null, null).withHeaders([]), place, { omitted: true }))
    }
  }
}

/**
 * The record as `recordToJson` has it, with `sourcePartition` and `sourceOffset`; `omitted` where key, value and headers
 * had to be left out.
 */
function letterText(
  record: ConnectRecord,
  { partition, offset }: LetterOrigin,
  more: { readonly omitted?: boolean } = {},
): string {
  const members = recordToJson(record) as { readonly [key: string]: JsonNode }
  return jsonText({
    ...members,
    sourcePartition: readWholeJson(partition),
    sourceOffset: readWholeJson(offset),
    ...more,
  })
}

function positionText(position: Position): string {
  return jsonText((typedToJson(null, position) as { readonly payload: JsonNode }).payload)
}
