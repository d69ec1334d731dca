/**
 * What converters and transforms cost a record, without Kafka: batches of 500 records through the pipeline's own consume,
 * transform and produce stages, to a producer that drops them.
 *
 *   node bench/data-layer.ts [--rounds 15] [--ms 40]
 *
 * Each case stands beside its floor: what any code would have to do with the same bytes, in batches as well. A case, its
 * floor and the floor again (the A/A control) take turns of `--ms` each within a round, another one first in each round;
 * the first three rounds aren't counted. What counts is CPU time, of all threads, as the machine may have other work.
 * Given are the least and the median of the rounds, and of the ratios within them the median. A ratio that differs from 1
 * by no more than its control's says nothing.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { budget } from '../lib/connect/budget.ts'
import type { RawConfig } from '../lib/connect/settings.ts'
import type { Cluster } from '../lib/kafka/cluster.ts'
import type { Fetched } from '../lib/kafka/consumer.ts'
import type { Producer } from '../lib/kafka/producer.ts'
import { buildChain } from '../lib/pipeline/chain.ts'
import { ConsumeStage } from '../lib/pipeline/consume.ts'
import { Counters, SingleTally } from '../lib/pipeline/counters.ts'
import { ErrorPolicy } from '../lib/pipeline/errors.ts'
import { ProduceStage } from '../lib/pipeline/produce.ts'
import { Topics } from '../lib/pipeline/topics.ts'
import { transform } from '../lib/pipeline/transform.ts'
import { find } from '../lib/registry.ts'
import { connectorSettings } from '../lib/worker/connector-settings.ts'
import { worker as parseWorker } from '../lib/worker/settings.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, ms: { type: 'string', default: '40' } },
})
const ROUNDS = Number(values.rounds)
const TURN_MS = Number(values.ms)
const WARM_UP = 3
const BATCH = 500

/** Handles one batch. */
type Step = () => void | Promise<void>
interface Floor {
  readonly title: string
  read(bytes: Buffer, start: number, end: number): unknown
  /** Answers the length. */
  write(value: unknown): number
}

interface Case {
  readonly title: string
  readonly floorTitle: string
  readonly run: Step
  readonly floor: Step
}

/** The lengths of what came out, so that nothing can be left out. */
let sunk = 0

const NO_LOG = { debug() {}, info() {}, warn() {}, error() {} }
const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const JSON_WITHOUT_SCHEMAS = {
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
}
const THREE_TRANSFORMS = {
  transforms: 'cast,mask,insert',
  'transforms.cast.type': 'org.apache.kafka.connect.transforms.Cast$Value',
  'transforms.cast.spec': 'quantity:string,price:int32',
  'transforms.mask.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
  'transforms.mask.fields': 'email,phone',
  'transforms.insert.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
  'transforms.insert.static.field': 'origin',
  'transforms.insert.static.value': 'shop',
}

const NAMES = 'Cast, MaskField, InsertField'

const lines = Array.from({ length: BATCH }, (_, i) =>
  `${i} `.padEnd(100, 'the quick brown fox jumps over the lazy dog, '),
)
const orders = Array.from({ length: BATCH }, (_, i) => order(i, `${100_000_000_000 + i}`))
const longs = Array.from({ length: BATCH }, (_, i) => order(i, `${9_007_199_254_740_993n + BigInt(i)}`))
const wholes = Array.from({ length: BATCH }, (_, i) => order(i, `${i}.0`))

const TEXT: Floor = {
  title: 'toString',
  read: (bytes, start, end) => bytes.toString('utf8', start, end),
  write: (value) => (value as string).length,
}
const VIEW: Floor = {
  title: 'a view of the bytes',
  read: (bytes, start, end) => bytes.subarray(start, end),
  write: (value) => (value as Buffer).length,
}
const PARSED: Floor = {
  title: 'toString, JSON.parse, JSON.stringify',
  read: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)),
  write: (value) => JSON.stringify(value).length,
}

using LIMIT = budget(2_000_000_000)

const BYTES = { 'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter' }
const cases: readonly Case[] = [
  await makeCase('String, 100 B', { 'value.converter': STRING }, lines, TEXT),
  await makeCase('ByteArray, 100 B', BYTES, lines, VIEW),
  await makeCase('JSON, 1 KB', JSON_WITHOUT_SCHEMAS, orders, PARSED),
  await makeCase(`JSON, 1 KB, ${NAMES}`, { ...JSON_WITHOUT_SCHEMAS, ...THREE_TRANSFORMS }, orders, PARSED),
  await makeCase('JSON, 1 KB, an integer past 2^53', JSON_WITHOUT_SCHEMAS, longs, PARSED),
  await makeCase('JSON, 1 KB, a Double like 1.0', JSON_WITHOUT_SCHEMAS, wholes, PARSED),
]

console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model}; ${ROUNDS} rounds of ${TURN_MS} ms`)
console.log(`The machine's load before: ${loadavg()[0]?.toFixed(1)}, of which this takes one`)
console.log(`Batches of ${BATCH}; a JSON record has ${Buffer.byteLength(orders[0] ?? '')} B; ns are per record\n`)
console.log('| case | ns: least, median | floor | its ns | ratio (quartiles) | A/A of the floor |')
console.log('|---|---|---|---|---|---|')
for (const one of cases) console.log(await row(one))
if (sunk === 0) throw new Error('nothing came out')

async function makeCase(
  title: string,
  config: RawConfig,
  records: readonly string[],
  { title: floorTitle, read, write }: Floor,
): Promise<Case> {
  const parts = records.map((record) => Buffer.from(record))
  const bytes = Buffer.concat(parts)
  const ends = parts.map(({ length }) => length)
  for (const [i, length] of ends.entries()) ends[i] = length + (ends[i - 1] ?? 0)
  const floor = () => {
    const batch: unknown[] = []
    for (let i = 0, start = 0; i < ends.length; i++) {
      const end = ends[i] as number
      batch.push(read(bytes, start, end))
      start = end
    }
    for (const value of batch) sunk += write(value)
  }
  return { title, floorTitle, run: await pipeline(config, fetched(bytes, ends)), floor }
}

/** The stages as a sink and a source have them, one after the other. */
async function pipeline(config: RawConfig, batch: Fetched): Promise<Step> {
  const raw = { name: 'bench', 'connector.class': 'none', 'key.converter': STRING, ...config }
  const settings = connectorSettings(raw, parseWorker({}))
  const chain = await buildChain(
    settings,
    {
      converter: (name) => find('converter', name),
      headerConverter: (name) => find('header_converter', name),
      transform: (name) => find('transformation', name),
      predicate: (name) => find('predicate', name),
    },
    NO_LOG,
  )
  const errors = new ErrorPolicy('bench-0', settings.errors, new Counters(NO_LOG), NO_LOG)
  const producer = dropping()
  const topics = new Topics({} as Cluster, producer, null, new Set())
  const [consume, produce] = [
    new ConsumeStage(chain, errors, new Set()),
    new ProduceStage(chain, producer, topics, errors),
  ]
  const tally = new SingleTally()
  return async () => {
    const read = consume.consume([batch], tally)
    const { transforms } = chain
    const kept = transforms.length === 0 ? read : await transform(read, transforms, errors, tally, LIMIT)
    const produced = await produce.produce(kept, tally, LIMIT)
    if (produced !== BATCH) throw new Error(`${produced} of ${BATCH} records came out`)
  }
}

function fetched(buffer: Buffer, ends: readonly number[]): Fetched {
  return {
    topic: 'orders',
    partition: 0,
    buffer,
    count: ends.length,
    baseOffset: 0,
    nextOffset: ends.length,
    highWatermark: ends.length,
    lastStableOffset: ends.length,
    timestampType: 'CreateTime',
    timestamp: 1_700_000_000_000,
    isTransactional: false,
    producerId: -1,
    producerEpoch: -1,
    control: null,
    forEach(visit) {
      for (let i = 0, start = 0; i < ends.length; i++) {
        const end = ends[i] as number
        visit(i, 1_700_000_000_000 + i, -1, -1, start, end, 0, 0)
        start = end
      }
    },
  }
}

/** Takes payloads as they are: a string's way to UTF-8 is the record batch's. */
function dropping(): Producer {
  let appended = 0
  return {
    async prepare() {},
    append(_topic, _partition, _key, value) {
      sunk += value?.length ?? 0
      appended++
      return 0
    },
    buffered: 0,
    hasRoom: true,
    async room() {},
    async flush() {},
    get acknowledged() {
      return appended
    },
    get appended() {
      return appended
    },
    appendedTo: () => appended,
    position: () => undefined,
    async close() {},
  }
}

/** 1024 B: an order with nested objects and an array. `id` is put in as it is. */
function order(i: number, id: string): string {
  const rest = {
    customer: `customer-${i % 97}`,
    email: `customer-${i % 97}@example.com`,
    phone: `+49 30 ${1_000_000 + i}`,
    quantity: 1 + (i % 9),
    price: (1999 + 100 * (i % 50)) / 100,
    paid: i % 3 === 0,
    coupon: null,
    placed: '2026-11-21T09:30:00.000Z',
    address: { street: `Long Street ${i}`, city: 'Berlin', zip: '10115', country: 'DE', location: [52.53, 13.38] },
    items: Array.from({ length: 5 }, (_, n) => ({
      sku: `SKU-${(i * 7 + n) % 1000}-${n}`,
      name: 'A thing of some use, in blue',
      amount: 1 + n,
      price: 3.5 + n + 0.25,
      tags: ['new', 'sale'],
    })),
  }
  const start = `{"id":${id},${JSON.stringify(rest).slice(1, -1)},"note":"`
  return `${start}${'Please ring twice, or leave it with the neighbours. '.repeat(9).slice(0, 1022 - start.length)}"}`
}

async function row({ title, floorTitle, run, floor }: Case): Promise<string> {
  const steps = [run, floor, floor]
  const rounds: number[][] = []
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const times: number[] = []
    for (let turn = 0; turn < steps.length; turn++) {
      const which = (turn + round + WARM_UP) % steps.length
      times[which] = await nsPerRecord(steps[which] as Step)
    }
    if (round >= 0) rounds.push(times)
  }
  const of = (pick: (times: readonly number[]) => number, at = 0.5) => quantile(rounds.map(pick), at)
  const ratio = ([a = 0, b = 0, c = 0]: readonly number[]) => (2 * a) / (b + c)
  const control = ([, b = 0, c = 0]: readonly number[]) => c / b
  const spread = (pick: typeof ratio) =>
    `${of(pick).toFixed(2)} (${of(pick, 0.25).toFixed(2)}-${of(pick, 0.75).toFixed(2)})`
  const [own, least] = [([a = 0]) => a, ([, b = 0, c = 0]) => (b + c) / 2] as const satisfies (typeof ratio)[]
  const ns = (pick: typeof ratio) => `${of(pick, 0).toFixed(0)}, ${of(pick).toFixed(0)}`
  return `| ${title} | ${ns(own)} | ${floorTitle} | ${ns(least)} | ${spread(ratio)} | ${spread(control)} |`
}

async function nsPerRecord(step: Step): Promise<number> {
  const { user, system } = process.cpuUsage()
  const until = performance.now() + TURN_MS
  let batches = 0
  do {
    await step()
    batches++
  } while (performance.now() < until)
  const spent = process.cpuUsage()
  return ((spent.user - user + spent.system - system) * 1000) / (batches * BATCH)
}

function quantile(numbers: readonly number[], at: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.round((sorted.length - 1) * at)] ?? 0
}
