/**
 * Penstock against Kafka Connect's own worker: the same connector configs (FileStreamSource and FileStreamSink, String
 * converters, one task) posted to both, on one broker on this machine.
 *
 *   npm run bench -- [--only source|sink] [--rounds 3] [--scale 1] [--size 100] [--exactly-once disabled]
 *   npm run bench -- --only exactly-once [--rounds 3] [--scale 1] [--size 100]
 *
 * The second compares Penstock's source with itself, exactly-once and at-least-once.
 *
 * The two take turns, and the first to go changes with each round. The first round warms both up and isn't counted.
 * Last comes a control: each once more, twice in a row, which shows how far two measurements of the same thing differ.
 * What counts is what arrived: all records of the topic, read back; all lines of the sink's file.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTopics, deleteTopics, listOffsets } from '../lib/kafka/admin.ts'
import { clientSettings } from '../lib/kafka/client-settings.ts'
import { connect } from '../lib/kafka/cluster.ts'
import { startGuard } from '../lib/local/guard.ts'
import { jars } from '../lib/local/jars.ts'
import { findJava } from '../lib/local/java.ts'
import { startKafka } from '../lib/local/kafka.ts'
import { watchArrivals } from './arrivals.ts'
import { countLines, countRecords, fillFile, fillTopic } from './lines.ts'
import { type Round, report, row } from './report.ts'
import { type Measured, startJvm, startPenstock } from './workers.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    size: { type: 'string', default: '100' },
    'exactly-once': { type: 'string', default: 'enabled' },
  },
})
const rounds = Number(values.rounds)
const size = Number(values.size)
const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const STRINGS = { 'tasks.max': '1', 'key.converter': STRING, 'value.converter': STRING }
const QUIET_MS = 700

/** What has been started, or is about to be: all of it ends with this process, Ctrl-C included. */
const started = new AsyncDisposableStack()
let ending: Promise<never> | null = null
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => {
    ending ??= started.disposeAsync().then(
      () => process.exit(status),
      () => process.exit(status),
    )
  })

const folder = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
started.defer(() => rm(folder, { recursive: true, force: true }))
const guard = startGuard()
started.defer(() => guard.stop())
const kafka = await unlessEnding(
  startKafka({
    data: join(folder, 'kafka'),
    logFile: join(folder, 'kafka.log'),
    port: 0,
    libs: await jars('kafka', console.log),
    java: await findJava(),
    guard,
  }),
)
started.defer(() => kafka.stop())
const bootstrap = kafka.address
const worker = { 'bootstrap.servers': bootstrap }
const { client, producer } = clientSettings(worker, 'producer')
const { consumer } = clientSettings(worker, 'consumer')
if (producer === undefined || consumer === undefined) throw new Error('client settings are missing')
const cluster = await unlessEnding(connect(client))
started.defer(() => cluster.close())
const support = (value: string) => ({ 'exactly.once.source.support': value })
let number = 0
try {
  console.log(`Kafka 4.3.1, Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model}, lines of ${size} B`)
  if (values.only === 'exactly-once') {
    const once = await used(startPenstock(bootstrap, support('enabled'), 'exactly-once'))
    const off = await used(startPenstock(bootstrap, support('disabled'), 'off'))
    await sources('FileStreamSource, exactly-once and off', [once, off])
  } else {
    const settings = support(values['exactly-once'])
    const penstock = await used(startPenstock(bootstrap, settings))
    const jvm = await used(startJvm(bootstrap, settings))
    const two = [penstock, jvm] as const
    if (values.only !== 'sink') await sources(`FileStreamSource, exactly-once ${values['exactly-once']}`, two)
    if (values.only !== 'source') await sinks(two)
  }
} finally {
  await (ending ?? started.disposeAsync())
}

/** What is interrupted fails for what was taken from it: that isn't worth a word. */
async function unlessEnding<T>(step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    await ending
    throw error
  }
}

/** Ends it also where this process is interrupted before it has started. */
async function used<T extends AsyncDisposable>(starting: Promise<T>): Promise<T> {
  started.defer(async () => {
    const one = await starting.catch(() => null)
    await one?.[Symbol.asyncDispose]()
  })
  return await starting
}

async function sources(title: string, two: readonly [Measured, Measured]): Promise<void> {
  for (const arm of two) await fillFile(file(arm.name), linesOf('source', arm), size)
  await compare(title, two, source)
}

async function sinks(two: readonly [Measured, Measured]): Promise<void> {
  for (const arm of two) {
    await newTopic(topicOf(arm))
    await fillTopic(cluster, producer, topicOf(arm), linesOf('sink', arm), size)
  }
  await compare('FileStreamSink', two, sink)
}

async function compare(
  title: string,
  two: readonly [Measured, Measured],
  measure: (arm: Measured) => Promise<Round>,
): Promise<void> {
  console.log(`\n${title}`)
  console.log(`The machine's load before: ${loadavg()[0]?.toFixed(1)}, of which this set-up is about one`)
  const counted: Round[] = []
  const control: Round[] = []
  for (let round = 0; round <= rounds; round++) {
    for (const arm of round % 2 === 0 ? two : two.toReversed()) {
      const measured = await measure(arm)
      console.log(row(round === 0 ? 'warm-up' : `round ${round}`, measured))
      if (round > 0) counted.push(measured)
    }
  }
  for (const arm of two) {
    for (const turn of ['A', 'A again']) {
      const measured = await measure(arm)
      console.log(row(turn, measured))
      control.push(measured)
    }
  }
  console.log(report([two[0].name, two[1].name], counted, control))
}

/** From a file to a topic of its own. */
async function source(arm: Measured): Promise<Round> {
  const lines = linesOf('source', arm)
  const name = `source-${++number}`
  await newTopic(name)
  const end = async () => (await listOffsets(cluster, [{ topic: name, partition: 0 }], 'latest'))[0]?.offset ?? 0
  const stop = arm.meter()
  const arriving = watchArrivals(end, lines, QUIET_MS)
  await arm.post(name, { 'connector.class': 'FileStreamSource', file: file(arm.name), topic: name, ...STRINGS })
  const arrival = await arriving
  const spent = stop()
  const records = await countRecords(cluster, consumer, name, await end())
  await arm.remove(name)
  await deleteTopics(cluster, [name])
  return { arm: arm.name, expected: lines, records, ...arrival, ...spent }
}

/** From a topic, full before, to a file of its own. */
async function sink(arm: Measured): Promise<Round> {
  const lines = linesOf('sink', arm)
  const name = `sink-${++number}`
  const to = file(name)
  const bytes = () =>
    stat(to).then(
      (found) => found.size,
      () => 0,
    )
  const stop = arm.meter()
  const arriving = watchArrivals(async () => (await bytes()) / (size + 1), lines, QUIET_MS)
  await arm.post(name, { 'connector.class': 'FileStreamSink', file: to, topics: topicOf(arm), ...STRINGS })
  const arrival = await arriving
  const spent = stop()
  const records = await countLines(to)
  await arm.remove(name)
  await rm(to)
  return { arm: arm.name, expected: lines, records, ...arrival, ...spent }
}

function linesOf(kind: 'source' | 'sink', arm: Measured): number {
  return Math.round((arm.lines[kind] * Number(values.scale) * 100) / size)
}

function topicOf(arm: Measured): string {
  return `sink-${arm.name.replaceAll(' ', '-')}`
}

function file(name: string): string {
  return join(folder, `${name}.txt`)
}

async function newTopic(name: string): Promise<void> {
  const configs = { 'file.delete.delay.ms': '1000' }
  await createTopics(cluster, [{ name, partitions: 1, replicationFactor: 1, configs }])
}
