/** The redrive stage: letters of the queue become records again, which pass the transforms that are before them. */
import type { Budget } from '../connect/budget.ts'
import { DataError } from '../connect/errors.ts'
import { ConnectRecord, type Header, type Origin } from '../connect/record.ts'
import type { Fetched } from '../kafka/consumer.ts'
import { readHeaders } from '../kafka/record-batch-decoder.ts'
import type { Chain } from './chain.ts'
import type { Tallies } from './counters.ts'
import type { ErrorPolicy, Stage } from './errors.ts'
import { QUEUE_PARTITION } from './redrive-queue.ts'
import { type Redriven, recordOf, redrivePartition, stepsPassed, takeRedrive } from './redriven.ts'
import { transform } from './transform.ts'

/** A letter as it is in the queue. */
interface Queued {
  readonly redriven: Redriven
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Epoch ms. */
  readonly timestamp: number | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
  readonly origin: Origin
}

/** A letter that is a record again. */
export interface Redrawn {
  readonly record: ConnectRecord
  readonly redriven: Redriven
}

export class RedriveStage {
  readonly #chain: Chain
  readonly #errors: ErrorPolicy
  readonly #kind: Origin['kind']

  constructor(chain: Chain, errors: ErrorPolicy, kind: Origin['kind']) {
    this.#chain = chain
    this.#errors = errors
    this.#kind = kind
  }

  /** The queue's records, each with an origin of its own. */
  read(fetched: readonly Fetched[]): readonly Queued[] {
    const queued: Queued[] = []
    for (const batch of fetched) {
      const { topic, buffer, timestampType } = batch
      const partition = redrivePartition(topic)
      batch.forEach((offset, time, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
        const taken = takeRedrive(readHeaders(buffer, headersStart, headerCount))
        if (taken === null) throw new DataError(`Offset ${offset} of topic ${topic} is no redriven dead letter`)
        const sink = { kind: 'sink', topic, partition: QUEUE_PARTITION, offset, timestampType } as const
        const source = { kind: 'source', partition, offset: { offset: offset + 1 } } as const
        queued.push({
          redriven: taken.redriven,
          key: keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd),
          value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
          timestamp: time < 0 ? null : time,
          headers: taken.rest,
          origin: this.#kind === 'sink' ? sink : source,
        })
      })
    }
    return queued
  }

  /** The letters as records; those that can't be read go the way of the error policy. */
  async records(queued: readonly Queued[], tallies: Tallies, budget: Budget): Promise<readonly Redrawn[]> {
    await this.#prepare(queued, budget)
    return queued.flatMap((one) => {
      const record = this.#record(one, tallies)
      if (record === null) return []
      return [{ record, redriven: one.redriven }]
    })
  }

  /** The records after the transforms that are before them, in order. */
  async transform(records: readonly Redrawn[], tallies: Tallies, budget: Budget): Promise<readonly ConnectRecord[]> {
    const { transforms } = this.#chain
    const made: ConnectRecord[] = []
    const passed = ({ redriven }: Redrawn) => stepsPassed(redriven, this.#kind, transforms)
    for (const [steps, some] of Map.groupBy(records, passed)) {
      const batch = some.map(({ record }) => record)
      made.push(...(await transform(batch, transforms.slice(steps), this.#errors, tallies, budget)))
    }
    const order = new Map(records.map(({ record }, at) => [record.origin, at]))
    const place = ({ origin }: ConnectRecord) => order.get(origin) ?? 0
    return made.sort((a, b) => place(a) - place(b))
  }

  #record(queued: Queued, tallies: Tallies): ConnectRecord | null {
    const { redriven, origin } = queued
    const { key, value, header } = this.#chain
    let stage: Stage = 'VALUE_CONVERTER'
    try {
      if (redriven.form === 'record') return recordOf(queued.value?.toString() ?? 'null', origin)
      const { topic } = redriven
      stage = 'HEADER_CONVERTER'
      const headers = queued.headers.map(
        (one): Header => ({ key: one.key, ...header.plugin.toConnectHeader(topic, one.key, one.value) }),
      )
      stage = 'KEY_CONVERTER'
      const k = key.plugin.toConnect(topic, queued.key, headers)
      stage = 'VALUE_CONVERTER'
      const v = value.plugin.toConnect(topic, queued.value, headers)
      const { timestamp } = queued
      const partition = Number(redriven.partition)
      return new ConnectRecord(topic, partition, k.schema, k.value, v.schema, v.value, timestamp, headers, origin)
    } catch (error) {
      const plugin = stage === 'KEY_CONVERTER' ? key : stage === 'VALUE_CONVERTER' ? value : header
      this.#errors.reject({ stage, class: plugin.class, origin, record: null, error }, tallies)
      return null
    }
  }

  async #prepare(queued: readonly Queued[], budget: Budget): Promise<void> {
    const { key, value } = this.#chain
    if (key.plugin.prepare === undefined && value.plugin.prepare === undefined) return
    const bytes = queued.filter(({ redriven }) => redriven.form === 'bytes')
    for (const [topic, letters] of Map.groupBy(bytes, ({ redriven }) => redriven.topic)) {
      const keys = async () =>
        key.plugin.prepare?.(
          topic,
          letters.map((one) => one.key),
          budget,
        )
      const values = async () =>
        value.plugin.prepare?.(
          topic,
          letters.map((one) => one.value),
          budget,
        )
      await this.#errors.lookUp('KEY_CONVERTER', key.class, keys, budget)
      await this.#errors.lookUp('VALUE_CONVERTER', value.class, values, budget)
    }
  }
}
