/** One Kafka broker in KRaft mode, its own controller, on loopback. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Guard } from './guard.ts'
import { startJvm } from './jvm.ts'
import { answersKafka, coordinatorReady } from './kafka-ready.ts'
import { LocalError } from './local-error.ts'
import type { Part } from './part.ts'
import { claimPort, freePort, LOOPBACK } from './ports.ts'

/** Fixed, so that a data folder can be formatted without asking a JVM for an id. */
const CLUSTER_ID = 'UGVuc3RvY2tMb2NhbENsZA'

export interface KafkaOptions {
  /** Where its data stays. */
  readonly data: string
  readonly logFile: string
  /** 0 for a free one. */
  readonly port: number
  /** The folder of its jars. */
  readonly libs: string
  readonly java: string
  readonly guard: Guard
}

export interface Kafka extends Part {
  readonly exited: Promise<void>
}

/** Starts the broker and waits until it answers; about 2 s. `LocalError` where the port is taken. */
export async function startKafka(options: KafkaOptions): Promise<Kafka> {
  const port = await claimPort(options.port)
  if (port === null) throw new LocalError(`Port ${options.port} is taken: Kafka can't listen there`)
  await mkdir(options.data, { recursive: true })
  const config = join(options.data, 'server.properties')
  const logs = join(options.data, 'data')
  await writeFile(config, properties(port, await freePort(), logs))
  const base = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true']
  const classes = ['-cp', join(options.libs, '*')]
  if (!existsSync(join(logs, 'meta.properties'))) {
    const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config]
    await promisify(execFile)(options.java, [...quick, ...classes, ...format])
  }
  const memory = ['-Xms128m', '-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']
  const jvm = startJvm(
    'Kafka',
    options.java,
    [...memory, ...base, ...classes, 'kafka.Kafka', config],
    options.logFile,
    options.guard,
  )
  try {
    await jvm.ready(() => answersKafka(LOOPBACK, port))
    await jvm.ready(() => coordinatorReady(LOOPBACK, port, 'transaction'))
    await jvm.ready(() => coordinatorReady(LOOPBACK, port, 'group'))
  } catch (error) {
    await jvm.stop()
    throw error
  }
  return { address: `${LOOPBACK}:${port}`, pid: jvm.pid, exited: jvm.exited, stop: () => jvm.stop() }
}

/**
 * Kafka's own defaults, but for one node. Few partitions of the internal topics: they are files, and made at once. Small
 * indexes: the first entry of one maps it, for which Linux fills as much of it as it reads ahead on the disk (50 ms for
 * 8 MB), in the middle of a request. And less for the log cleaner, or its buffer alone is half of the heap.
 */
function properties(port: number, controllerPort: number, logs: string): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${controllerPort}`,
    listeners: `PLAINTEXT://${LOOPBACK}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logs.replaceAll('\\', '/'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'log.index.size.max.bytes': 1 << 20,
    'log.cleaner.dedupe.buffer.size': 16 << 20,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
