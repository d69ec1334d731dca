/** Generates the records that are due. The record of an iteration depends on the seed, the task and the iteration alone. */
import type { Polled, SourceTask } from '../../connect/plugin.ts'
import { ConnectRecord, type Header, type Position } from '../../connect/record.ts'
import { OPTIONAL_STRING, primitive, type Schema } from '../../connect/schema.ts'
import type { Struct } from '../../connect/value.ts'
import type { AvroNode } from './avro.ts'
import { Draw } from './draw.ts'
import { generator, type Make } from './generator.ts'
import type { Pacing } from './pacing.ts'

/** The names are those of Confluent's task, so that offsets carry over both ways; `DUE` is ours. */
export const TASK_ID = 'task.id'
export const GENERATION = 'task.generation'
export const ITERATION = 'current.iteration'
export const SEED = 'random.seed'
export const DUE = 'penstock.due.ms'

const INT64 = primitive('int64')

export interface Start {
  readonly topic: string
  readonly task: number
  readonly schema: AvroNode
  /** Index of the key's field; -1: null keys. */
  readonly keyField: number
  readonly seed: number | bigint
  /** How often the task was started before. */
  readonly generation: number
  /** The next iteration, and the one that isn't generated any more. */
  readonly iteration: number
  readonly end: number
  readonly headers: boolean
  readonly pacing: Pacing
  /** Epoch ms. */
  readonly clock: () => number
}

export class DatagenTask implements SourceTask {
  readonly #start: Start
  readonly #make: Make
  readonly #draw: Draw
  readonly #partition: Position
  readonly #keySchema: Schema
  readonly #sharedHeaders: readonly [Header, Header]
  #next: number

  constructor(start: Start) {
    this.#start = start
    this.#make = generator(start.schema)
    this.#draw = new Draw(start.seed)
    this.#partition = { [TASK_ID]: start.task }
    this.#keySchema = start.schema.schema.fields[start.keyField]?.schema ?? OPTIONAL_STRING
    this.#sharedHeaders = [
      { key: GENERATION, schema: INT64, value: start.generation },
      { key: TASK_ID, schema: INT64, value: start.task },
    ]
    this.#next = start.iteration
  }

  async poll(limit: number): Promise<Polled> {
    const { pacing, end } = this.#start
    const now = this.#start.clock()
    const stop = Math.min(this.#next + limit, end)
    const records: ConnectRecord[] = []
    pacing.begin(now)
    while (this.#next < stop && pacing.due <= now) {
      const iteration = this.#next++
      pacing.advance(iteration)
      records.push(this.#record(iteration))
    }
    if (this.#next >= end) return { records, done: true }
    const idleMs = pacing.idleMs(now)
    return idleMs === undefined ? { records } : { records, idleMs, certain: true }
  }

  async stop(): Promise<void> {}

  #record(iteration: number): ConnectRecord {
    const { topic, schema, keyField, generation, headers, seed, pacing } = this.#start
    const value = this.#make(this.#draw.seek(iteration)) as Struct
    return new ConnectRecord(
      topic,
      null,
      this.#keySchema,
      value.values[keyField] ?? null,
      schema.schema,
      value,
      null,
      headers ? [...this.#sharedHeaders, { key: ITERATION, schema: INT64, value: iteration }] : [],
      {
        kind: 'source',
        partition: this.#partition,
        offset: {
          [GENERATION]: generation + 1,
          [ITERATION]: iteration + 1,
          [SEED]: seed,
          [DUE]: Math.round(pacing.due),
        },
      },
    )
  }
}
