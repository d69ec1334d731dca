/**
 * Many connectors, mostly idle, on one `penstock up`: how long REST takes, what a pass of the coordinator costs, and what
 * is spent while nothing happens.
 *
 *   node bench/connectors.ts [--steps 50,100,200,500] [--idle 60]
 *
 * Of ten connectors four are FileStreamSource with two lines each, two FileStreamSink and four Datagen with a record in
 * 50 minutes. The scheduled pass is invoked as the schedule does it, five times; the control are the same five once more.
 */
import { appendFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { listOffsets } from '../lib/kafka/admin.ts'
import { clientSettings } from '../lib/kafka/client-settings.ts'
import { connect } from '../lib/kafka/cluster.ts'
import { Penstock, until } from '../test/system/penstock.ts'
import { memoryOf, ProcessMeter } from './processes.ts'

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '50,100,200,500' },
    idle: { type: 'string', default: '60' },
  },
})
const steps = values.steps.split(',').map(Number)
const idleMs = Number(values.idle) * 1000
const STRINGS = { 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' }
const READS = 30
const PASSES = 5
const SCHEDULED = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: {} }
const READY_MS = 300_000

await using penstock = await Penstock.start()
const local = (await penstock.local()) as Awaited<ReturnType<Penstock['local']>> & { readonly lambda: string }
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const lambda = new LambdaClient({ endpoint: local.lambda, region: 'us-east-1', credentials })
const cluster = await connect(clientSettings({ 'bootstrap.servers': local.bootstrap }, 'admin').client)
console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`)

const created: string[] = []
for (const step of steps) {
  const began = Date.now()
  const meter = new ProcessMeter(penstock.pid)
  const posts: number[] = []
  while (created.length < step) posts.push(await create(created.length))
  console.log(`\n${step} connectors`)
  console.log(`POST /connectors: ${spread(posts)}`)
  await until('all tasks to be RUNNING', READY_MS, allRunning)
  console.log(`all RUNNING ${((Date.now() - began) / 1000).toFixed(1)} s after the first POST`)
  const spent = [...meter.stop()].map(([part, { cpuSeconds }]) => [part, (cpuSeconds * 1000) / posts.length] as const)
  const all = spent.reduce((sum, [, ms]) => sum + ms, 0)
  console.log(`CPU for each, to its first slice's end: ${all.toFixed(0)} ms (${listed(spent, 0)})`)
  await reads('GET /connectors', '/connectors')
  await reads('GET with status and info', '/connectors?expand=status&expand=info')
  await sleep(10_000)
  await idle()
  await passes('scheduled pass, not counted')
  await passes('scheduled pass')
  await passes('control: again')
  await reaction()
}
const deletions: number[] = []
for (const name of created) deletions.push(await timed('DELETE', `/connectors/${name}`, undefined, 204))
console.log(`\nDELETE: ${spread(deletions)}`)
await cluster.close()

async function create(number: number): Promise<number> {
  const name = `c${String(number).padStart(4, '0')}`
  created.push(name)
  const config = await configOf(number, name)
  return timed('POST', '/connectors', { name, config }, 201)
}

async function configOf(number: number, name: string): Promise<Record<string, string>> {
  const file = join(penstock.folder, `${name}.txt`)
  switch (number % 5) {
    case 0:
    case 1:
      await writeFile(file, 'one\ntwo\n')
      return { 'connector.class': 'FileStreamSource', file, topic: 'lines', ...STRINGS }
    case 2:
      return { 'connector.class': 'FileStreamSink', file, topics: 'nothing', ...STRINGS }
    default:
      return {
        'connector.class': 'Datagen',
        'kafka.topic': 'users',
        quickstart: 'users',
        'penstock.datagen.rate': '0.000333',
      }
  }
}

async function allRunning(): Promise<boolean> {
  const { body } = await penstock.get('/connectors?expand=status')
  const all = Object.values(body as Record<string, { status: { tasks: { state: string }[] } }>)
  return all.every(({ status }) => status.tasks.length === 1 && status.tasks[0]?.state === 'RUNNING')
}

async function reads(what: string, path: string): Promise<void> {
  const times: number[] = []
  const meter = new ProcessMeter(penstock.pid)
  for (let i = 0; i < READS; i++) times.push(await timed('GET', path, undefined, 200))
  const spent = meter.stop()
  const cpu = ['penstock-rest', 'java-dynamodb'].map((part) => {
    return [part, ((spent.get(part)?.cpuSeconds ?? 0) * 1000) / READS] as const
  })
  console.log(`${what}: ${spread(times)}, CPU ms each: ${listed(cpu, 0)}`)
}

/** CPU of each part in cores, and memory, while nothing happens. */
async function idle(): Promise<void> {
  const meter = new ProcessMeter(penstock.pid)
  await sleep(idleMs)
  const parts = [...meter.stop()].map(([part, { cpuSeconds }]) => [part, (cpuSeconds * 1000) / idleMs] as const)
  const all = parts.reduce((sum, [, cores]) => sum + cores, 0)
  console.log(`idle for ${idleMs / 1000} s: ${all.toFixed(3)} cores (${listed(parts, 3)})`)
  const memory = [...memoryOf(penstock.pid)].map(([part, { count, mb }]) => `${count} ${part} ${mb.toFixed(0)} MB`)
  console.log(`memory (PSS): ${memory.join(', ')}`)
}

async function passes(what: string): Promise<void> {
  const times: number[] = []
  const meter = new ProcessMeter(penstock.pid)
  for (let i = 0; i < PASSES; i++) {
    const began = performance.now()
    const Payload = Buffer.from(JSON.stringify(SCHEDULED))
    const answer = await lambda.send(new InvokeCommand({ FunctionName: 'penstock-coordinator', Payload }))
    if (answer.FunctionError !== undefined) throw new Error(Buffer.from(answer.Payload ?? []).toString())
    times.push(performance.now() - began)
  }
  const { cpuSeconds = 0 } = meter.stop().get('penstock-coordinator') ?? {}
  console.log(`${what}: ${spread(times)}, CPU of the coordinator ${((cpuSeconds * 1000) / PASSES).toFixed(0)} ms each`)
}

/** From a line appended to a file, to its record in the topic. */
async function reaction(): Promise<void> {
  const times: number[] = []
  const end = async () => (await listOffsets(cluster, [{ topic: 'lines', partition: 0 }], 'latest'))[0]?.offset ?? 0
  for (let i = 0; i < READS / 3; i++) {
    const name = created[(i * 5) % created.length] as string
    // The marker of the transaction before comes after its records.
    await sleep(2_000 + Math.random() * 1000)
    const before = await end()
    const began = performance.now()
    await appendFile(join(penstock.folder, `${name}.txt`), 'more\n')
    await until(`the line of ${name}`, READY_MS, async () => (await end()) > before)
    times.push(performance.now() - began)
  }
  console.log(`a line appended to an idle file, until its record is there: ${spread(times)}`)
}

function listed(parts: readonly (readonly [part: string, amount: number])[], digits: number): string {
  return parts.map(([part, amount]) => `${part} ${amount.toFixed(digits)}`).join(', ')
}

async function timed(method: string, path: string, body: unknown, expected: number): Promise<number> {
  const began = performance.now()
  const answer = await penstock.request(method, path, body)
  if (answer.status !== expected) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return performance.now() - began
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0)
  return `p50 ${at(0.5)}, p99 ${at(0.99)} ms (${times.length})`
}
