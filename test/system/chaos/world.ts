/**
 * Everything a chaos run stands on: a broker, a DynamoDB Local behind a proxy, a `penstock up` for each guarantee (it is
 * the worker's), their connectors, and the files that are written to.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { type Dynamo, startDynamo } from '../../dynamodb.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { type Answer, Penstock } from '../penstock.ts'
import type { Read } from '../topic.ts'
import type { Dice } from './dice.ts'
import { Lines } from './lines.ts'
import { type Config, type Files, filesIn, type Guarantee, KEY_SCRIPT, type Load, loads } from './load.ts'
import { startTableProxy, type TableProxy } from './table-proxy.ts'

const PARTITIONS = 3
/** Of the invocations. */
const DOUBLED = 0.1
/** How long a change by REST may be refused while things are broken. */
const CHANGE_MS = 180_000

export interface WorldOptions {
  readonly dice: Dice
  readonly sliceMs: number
  /** Told as it happens. */
  readonly tell: (line: string) => void
}

export interface Connector extends Load {
  readonly penstock: Penstock
  /** As it was last written. */
  config: Config
}

export class World {
  readonly dice: Dice
  readonly sliceMs: number
  readonly tell: (line: string) => void
  readonly files: Files
  readonly broker: KafkaBroker
  readonly dynamo: Dynamo
  readonly table: TableProxy
  readonly clouds: Readonly<Record<Guarantee, Penstock>>
  readonly connectors: readonly Connector[]
  readonly lines: Readonly<Record<'lines' | 'plain-lines', Lines>>
  readonly #folder: string
  #kept = false
  readonly #turns = new Map<string, Promise<unknown>>()

  private constructor(options: WorldOptions, parts: Parts) {
    const { dice, sliceMs, tell } = options
    this.dice = dice
    this.sliceMs = sliceMs
    this.tell = tell
    this.#folder = parts.folder
    this.files = parts.files
    this.broker = parts.broker
    this.dynamo = parts.dynamo
    this.table = parts.table
    this.clouds = parts.clouds
    this.lines = { lines: new Lines(parts.files.lines), 'plain-lines': new Lines(parts.files.plainLines) }
    this.connectors = loads(parts.files).map((load) => ({ ...load, penstock: parts.clouds[load.guarantee] }))
  }

  static async start(options: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'penstock-chaos-'))
    const files = filesIn(folder)
    await writeFile(files.keyScript, KEY_SCRIPT)
    const [broker, dynamo] = await Promise.all([startKafka({ own: true }), startDynamo()])
    const table = await startTableProxy(dynamo.endpoint)
    await createTopics(broker.bootstrap, [...new Set(loads(files).map(({ topic }) => topic))])
    const cloud = (group: string, support: string) =>
      Penstock.start({
        bootstrap: broker.bootstrap,
        group,
        settings: { 'penstock.slice.ms': String(options.sliceMs), 'exactly.once.source.support': support },
        flags: ['--dynamodb', table.address, '--doubled-invocations', String(DOUBLED)],
      })
    const [exactly, atLeast] = await Promise.all([cloud('exactly', 'enabled'), cloud('plain', 'disabled')])
    const clouds = { 'exactly-once': exactly, 'at-least-once': atLeast }
    const world = new World(options, { folder, files, broker, dynamo, table, clouds })
    for (const lines of Object.values(world.lines)) await lines.start()
    for (const { penstock, name, config } of world.connectors) await penstock.create(name, config)
    return world
  }

  /** One after the other for what can't be broken twice at once. */
  async inTurn<T>(what: string, run: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(what) ?? Promise.resolve()).then(run)
    this.#turns.set(
      what,
      turn.catch(() => {}),
    )
    return await turn
  }

  /** Until it is done, however often the API fails meanwhile. `done`: statuses that mean so, too, at a second try. */
  async change(connector: Connector, method: string, path: string, body?: unknown, done?: number): Promise<void> {
    let answer: Answer | null = null
    for (const end = Date.now() + CHANGE_MS; Date.now() < end; await sleep(200)) {
      const again: boolean = answer !== null
      answer = await connector.penstock.request(method, path, body)
      if ((answer.status >= 200 && answer.status < 300) || (again && answer.status === done)) return
    }
    throw new Error(`${method} ${path} was never done: ${answer?.status} ${JSON.stringify(answer?.body)}`)
  }

  /** What a run that broke leaves to look at: the topics' records, files, tables and logs. */
  async keep(topics: ReadonlyMap<string, readonly Read[]>): Promise<void> {
    this.#kept = true
    for (const [topic, records] of topics) {
      const lines = records.map((record) => `${JSON.stringify(record)}\n`)
      await writeFile(join(this.#folder, `${topic}.jsonl`), lines.join(''))
    }
    this.tell(`kept: ${this.#folders.join(' ')}`)
  }

  get #folders(): readonly string[] {
    return [this.#folder, ...Object.values(this.clouds).map(({ folder }) => folder)]
  }

  /** Ends all and removes its files. Answers the processes that are left. */
  async stop(): Promise<readonly number[]> {
    for (const lines of Object.values(this.lines)) await lines.stop()
    const ends = await Promise.all(Object.values(this.clouds).map((penstock) => penstock.stop()))
    await Promise.all([this.table.stop(), this.dynamo.stop(), this.broker.stop()])
    if (!this.#kept) for (const folder of this.#folders) await rm(folder, { recursive: true, force: true })
    return ends.flatMap(({ left }) => left)
  }
}

interface Parts {
  readonly folder: string
  readonly files: Files
  readonly broker: KafkaBroker
  readonly dynamo: Dynamo
  readonly table: TableProxy
  readonly clouds: Readonly<Record<Guarantee, Penstock>>
}

async function createTopics(bootstrap: string, topics: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS })) })
  await admin.disconnect()
}
