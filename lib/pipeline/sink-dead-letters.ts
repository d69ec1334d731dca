/** A sink's dead letters: the records as they were consumed, byte by byte, produced before their offsets are committed. */
import type { Budget } from '../connect/budget.ts'
import type { PluginLog } from '../connect/plugin.ts'
import type { SinkOrigin } from '../connect/record.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Fetched } from '../kafka/consumer.ts'
import { createProducer, type Producer, type RecordHeader } from '../kafka/producer.ts'
import { readHeaders } from '../kafka/record-batch-decoder.ts'
import { cluster } from '../worker/clusters.ts'
import type { ConnectorSettings, DeadLetters as DeadLetterSettings } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'
import type { Tallies } from './counters.ts'
import {
  contextHeaders,
  type DeadLetters,
  ensureDeadLetterTopic,
  type LetterOwner,
  unwritable,
} from './dead-letters.ts'
import type { Failed } from './errors.ts'
import type { Meter } from './meter.ts'
import { countHeaders, takeRedrive } from './redriven.ts'
import { within } from './waiting.ts'

interface Letter {
  readonly origin: SinkOrigin
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Epoch ms; null where the record has none. */
  readonly timestamp: number | null
  readonly headers: readonly RecordHeader[]
}

interface Deps extends LetterOwner {
  readonly settings: DeadLetterSettings
  /** Of the dead letters alone; opened with the first of them. */
  readonly producer: () => Promise<Producer>
  readonly meter: Meter
}

/**
 * Null where no dead letters are written: without a topic, and where a failure ends the task. With the connector's
 * overrides of producer and admin client, as Connect does.
 */
export async function openSinkDeadLetters(
  settings: ConnectorSettings,
  worker: Worker,
  owner: LetterOwner,
  meter: Meter,
  log: PluginLog,
): Promise<SinkDeadLetters | null> {
  const { deadLetters, tolerate } = settings.errors
  if (deadLetters === null || !tolerate) return null
  const admin = await cluster(clientSettings(worker.raw, 'admin', settings.adminOverrides).client)
  await ensureDeadLetterTopic(admin, deadLetters, '', log)
  const producer = async () => {
    const { client, producer } = clientSettings(worker.raw, 'producer', settings.producerOverrides)
    const connected: Cluster = await cluster(client)
    return await createProducer(connected, producer)
  }
  return new SinkDeadLetters({ ...owner, settings: deadLetters, producer, meter })
}

export class SinkDeadLetters implements DeadLetters {
  readonly #deps: Deps
  readonly #fetched = new WeakMap<Tallies, FetchedRecords>()
  #waiting: Letter[] = []
  #producer: Producer | null = null

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** A batch was read: its bytes are kept while it is under way. */
  read(tallies: Tallies, fetched: readonly Fetched[]): void {
    this.#fetched.set(tallies, new FetchedRecords(fetched))
  }

  take(failed: Failed, tallies: Tallies): void {
    const origin = failed.origin as SinkOrigin
    const found = this.#fetched.get(tallies)?.find(origin)
    if (found === undefined) throw new RangeError('A record is not of the batch that it came in')
    const again = takeRedrive(found.headers)
    const headers = again?.rest ?? found.headers
    const read = { topic: origin.topic, partition: String(origin.partition), offset: String(origin.offset) }
    const context = this.#deps.settings.contextHeaders
      ? contextHeaders(failed, again?.redriven ?? read, this.#deps, headers)
      : []
    const counted = again === null ? [] : countHeaders(again.redriven)
    this.#waiting.push({ ...found, origin, headers: [...headers, ...context, ...counted] })
  }

  /** Hands the letters to the producer whose records have ended; the others wait. Waits for room. */
  async send(hasEnded: (origin: SinkOrigin) => boolean): Promise<void> {
    if (this.#waiting.length === 0) return
    const { ended = [], open = [] } = Object.groupBy(this.#waiting, ({ origin }) =>
      hasEnded(origin) ? 'ended' : 'open',
    )
    this.#waiting = open
    if (ended.length === 0) return
    const { settings, meter } = this.#deps
    const { topic } = settings
    try {
      this.#producer ??= await this.#deps.producer()
      await this.#producer.prepare([topic])
      for (const { key, value, timestamp, headers } of ended) {
        meter.count('deadLetters')
        this.#producer.append(topic, null, key, value, timestamp, headers)
      }
      await this.#producer.room()
    } catch (error) {
      meter.count('deadLetterFailures')
      throw unwritable(topic, error)
    }
  }

  /** What was sent is durable. */
  async flush(budget: Budget): Promise<void> {
    if (this.#producer === null) return
    const flushed = this.#producer.flush().catch((error: unknown) => {
      this.#deps.meter.count('deadLetterFailures')
      throw unwritable(this.#deps.settings.topic, error)
    })
    await within(flushed, budget, 'Waiting for the dead letters to be acknowledged')
  }

  async close(): Promise<void> {
    await this.#producer?.close()
  }
}

/** The records of a batch by their offsets; looked through once a record of it is asked for. */
class FetchedRecords {
  readonly #fetched: readonly Fetched[]
  readonly #records = new Map<Fetched, ReadonlyMap<number, Omit<Letter, 'origin'>>>()

  constructor(fetched: readonly Fetched[]) {
    this.#fetched = fetched
  }

  find({ topic, partition, offset }: SinkOrigin): Omit<Letter, 'origin'> | undefined {
    const batch = this.#fetched.find(
      (one) =>
        one.partition === partition && one.topic === topic && offset >= one.baseOffset && offset < one.nextOffset,
    )
    if (batch === undefined) return undefined
    const records = this.#records.get(batch) ?? recordsOf(batch)
    this.#records.set(batch, records)
    return records.get(offset)
  }
}

function recordsOf(batch: Fetched): ReadonlyMap<number, Omit<Letter, 'origin'>> {
  const { buffer } = batch
  const records = new Map<number, Omit<Letter, 'origin'>>()
  batch.forEach((offset, time, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
    records.set(offset, {
      key: keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
      timestamp: time < 0 ? null : time,
      headers: headerCount === 0 ? [] : readHeaders(buffer, headersStart, headerCount),
    })
  })
  return records
}
