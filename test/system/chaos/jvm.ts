/**
 * The same for Kafka Connect's own workers: two of them, with all settings at their defaults, run a FileStreamSource each.
 * One is killed with SIGKILL: how long until its connector writes again. First the group's leader, then the other one.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JvmWorker, startJvmWorker } from '../../jvm-worker.ts'
import { startKafka } from '../../kafka-broker.ts'
import { until } from '../penstock.ts'
import { readTopic } from '../topic.ts'
import { Lines } from './lines.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const CONNECTORS = ['one', 'two'] as const
const GROUP = 'chaos-jvm'
const BALANCED_MS = 400_000
const LONGEST_MS = 400_000

export interface JvmRecovery {
  /** Ms to the next record of the task that ran there, by its own timestamp. */
  readonly leaderMs: number
  readonly otherMs: number
}

export async function measureJvm(tell: (line: string) => void): Promise<JvmRecovery> {
  await using kafka = await startKafka({ own: true })
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'penstock-chaos-jvm-'))
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const { bootstrap } = kafka
  // Who joins a group first leads it.
  const leader = started.use(await startJvmWorker({ bootstrap, group: GROUP }))
  const second = started.use(await startJvmWorker({ bootstrap, group: GROUP }))
  for (const name of CONNECTORS) {
    const lines = new Lines(join(folder, `${name}.txt`))
    await lines.start()
    started.defer(() => lines.stop())
    const config = { 'connector.class': 'FileStreamSource', file: lines.file, topic: name }
    const body = { name, config: { ...config, 'value.converter': STRING } }
    const { status } = await leader.request('POST', '/connectors', body)
    if (status !== 201) throw new Error(`POST of ${name} to the JVM worker: ${status}`)
  }
  await balanced(second, [leader, second])
  tell('two JVM workers, a task each')
  const leaderMs = await killed(bootstrap, leader, second)
  tell(`the leader killed: its task wrote again after ${leaderMs} ms`)
  const third = started.use(await startJvmWorker({ bootstrap, group: GROUP }))
  await balanced(second, [second, third])
  tell('two JVM workers again, a task each')
  const otherMs = await killed(bootstrap, third, second)
  tell(`the other one killed: its task wrote again after ${otherMs} ms`)
  return { leaderMs, otherMs }
}

export function jvmReport({ leaderMs, otherMs }: JvmRecovery): string {
  return [
    '| two JVM workers, one killed with SIGKILL: to the next record of its task, ms | |',
    '|---|---|',
    `| the leader | ${leaderMs} |`,
    `| the other one | ${otherMs} |`,
  ].join('\n')
}

/** Each of the two runs one of the tasks, and each task writes. */
async function balanced(asked: JvmWorker, workers: readonly JvmWorker[]): Promise<void> {
  const wanted = workers.map(({ url }) => new URL(url).host).sort()
  await until('a task on each JVM worker', BALANCED_MS, async () => {
    const owners = await Promise.all(CONNECTORS.map((name) => ownerOf(asked, name)))
    return owners.sort().join() === wanted.join()
  })
  await sleep(10_000)
}

/** `host:port` of the worker whose task runs. */
async function ownerOf(asked: JvmWorker, name: string): Promise<string> {
  const { body } = await asked.request('GET', `/connectors/${name}/status`)
  const { tasks = [] } = body as { tasks?: readonly { state: string; worker_id: string }[] }
  return tasks[0]?.state === 'RUNNING' ? tasks[0].worker_id : 'none'
}

async function killed(bootstrap: string, victim: JvmWorker, survivor: JvmWorker): Promise<number> {
  const { host } = new URL(victim.url)
  const owners = await Promise.all(CONNECTORS.map((name) => ownerOf(survivor, name)))
  const name = CONNECTORS[owners.indexOf(host)]
  if (name === undefined) throw new Error(`No task runs on ${host}: ${owners.join()}`)
  process.kill(victim.pid, 'SIGKILL')
  const at = Date.now()
  await until(`${name} on the other JVM worker`, LONGEST_MS, async () => {
    return (await ownerOf(survivor, name)) === new URL(survivor.url).host
  })
  return until(`records of ${name}`, LONGEST_MS, async () => {
    const next = (await readTopic(bootstrap, name)).find(({ timestamp }) => timestamp > at)
    return next !== undefined && next.timestamp - at
  })
}
