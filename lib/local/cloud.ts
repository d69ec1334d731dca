/**
 * The local cloud: Kafka, DynamoDB Local, the Lambda service with the three functions, the event bus, the delay
 * queue, the schedule and the HTTP front end, all on loopback and all in one data folder.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RawConfig } from '../connect/settings.ts'
import { openAccess } from '../rest/access.ts'
import { listenersOf } from '../rest/listeners.ts'
import type { Worker } from '../worker/settings.ts'
import { chooseKafka } from './bootstrap-servers.ts'
import { bundleFunctions } from './bundle.ts'
import { type DataFolder, holdDataFolder } from './data-folder.ts'
import { type DelayQueue, startDelayQueue } from './delay-queue.ts'
import { startDynamoDb } from './dynamodb.ts'
import { type EventBus, startEventBus } from './event-bus.ts'
import { type FrontEnd, startFrontEnd } from './front-end.ts'
import type { Outcome } from './function-config.ts'
import { BUS, deployedName, functionConfigs, functionOf, QUEUE, tableOf } from './functions.ts'
import { type Guard, startGuard } from './guard.ts'
import { instanceInfos } from './instances-page.ts'
import { jars } from './jars.ts'
import { findJava } from './java.ts'
import { type Kafka, startKafka } from './kafka.ts'
import { type Lambda, startLambda } from './lambda.ts'
import { LocalError } from './local-error.ts'
import type { Part } from './part.ts'
import { LOOPBACK } from './ports.ts'
import { type Schedule, startSchedule } from './schedule.ts'
import { warmTable } from './warm-table.ts'
import { localWorker } from './worker-config.ts'

/** Slices that run when the cloud is stopped may seal within this; what doesn't is killed. */
const GRACE_MS = 5_000
const HEALTHY_MS = 120_000

export interface CloudOptions {
  /** Of the REST API on loopback; 0 for a free one; null: as the settings' `listeners` have it. */
  readonly port: number | null
  /** 0 for a free one; null where the flag isn't given. */
  readonly kafkaPort: number | null
  /** An existing Kafka, `host:port,...`; null to start one. */
  readonly bootstrap: string | null
  /** An existing DynamoDB Local, its URL; null to start one. */
  readonly dynamodb: string | null
  /** The share of asynchronous invocations that are delivered twice, 0 to 1. */
  readonly doubledInvocations: number
  readonly data: string
  readonly group: string | null
  /** The settings of the `--config` file. */
  readonly config: RawConfig
  readonly progress: (line: string) => void
  /** Ends the start where it aborts before the cloud stands. */
  readonly signal?: AbortSignal
}

export interface Cloud {
  /** Of the REST API. */
  readonly url: string
  readonly bootstrap: string
  readonly worker: Worker
  readonly data: string
  readonly lambda: Lambda
  /** Ends everything that was started. May be called again. */
  stop(): Promise<void>
}

/** What has started so far. */
interface Parts {
  readonly guard: Guard
  frontEnd?: FrontEnd
  kafka?: Kafka
  dynamodb?: Part
  lambda?: Lambda
  bus?: EventBus
  queue?: DelayQueue
  schedule?: Schedule
  closeTable?: () => void
}

/** Starts it all and resolves when `GET /health` is 200. What had started is ended where something fails. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const data = await holdDataFolder(options.data)
  const parts: Parts = { guard: startGuard() }
  let stopping: Promise<void> | null = null
  const stop = () => {
    stopping ??= stopParts(parts).finally(() => data.release())
    return stopping
  }
  options.signal?.addEventListener('abort', () => void stop(), { once: true })
  try {
    return { ...(await startParts(options, data, parts, () => stopping !== null)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  options: CloudOptions,
  data: DataFolder,
  parts: Parts,
  isStopping: () => boolean,
): Promise<Omit<Cloud, 'stop'>> {
  const { progress } = options
  const { guard } = parts
  const group = options.group === null ? {} : { 'group.id': options.group }
  const listeners = options.port === null ? {} : { listeners: `http://${LOOPBACK}:${options.port}` }
  const flags = { ...group, ...listeners }
  // What is wrong is told before anything is started.
  const wanted = (await localWorker(options.config, flags)).worker
  const access = await openAccess(wanted)
  const { bootstrap: existing, kafkaPort } = options
  const choice = await chooseKafka({
    bootstrap: existing,
    kafkaPort,
    inFile: options.config['bootstrap.servers'] == null ? null : wanted.settings['bootstrap.servers'].join(','),
  })
  const logs = await data.folder('logs')
  const functions = join(data.path, 'functions')
  const frontEnd = await startFrontEnd(listenersOf(wanted), wanted.raw)
  parts.frontEnd = frontEnd
  const down: string[] = []
  let java: Promise<string> | undefined
  const javaCommand = () => (java ??= findJava())

  const bus = await startEventBus(BUS, (message) => parts.lambda?.invokeAsync(deployedName('coordinator'), message))
  parts.bus = bus
  const queue = await startDelayQueue(QUEUE, (Records) => toCoordinator({ Records }))
  parts.queue = queue
  const lambda = await startLambda({
    logs,
    compileCache: await data.folder('compile-cache'),
    inFlight: join(data.path, 'in-flight'),
    cwd: process.cwd(),
    guard,
    onFailure: (record) => bus.put('lambda', 'Lambda Function Invocation Result - Failure', record),
    graceMs: GRACE_MS,
    doubled: options.doubledInvocations,
  })
  parts.lambda = lambda
  const [bootstrap, dynamodb] = await Promise.all([startBroker(), startTable(), bundle()])

  const { worker, written } = await localWorker(options.config, { ...flags, 'bootstrap.servers': bootstrap })
  const endpoints = {
    dynamodb,
    lambda: lambda.address,
    bus: bus.address,
    queue: queue.address,
    queueUrl: queue.url,
    logs,
  }
  const workerId = `${frontEnd.host}:${frontEnd.port}`
  for (const config of functionConfigs(functions, { worker, written }, { ...endpoints, workerId }))
    lambda.create(config)
  const table = await openTable()
  frontEnd.open({
    rest: (event) => lambda.invoke(deployedName('rest'), event),
    down: () => down,
    access,
    pages: {
      '/penstock/instances': () => instanceInfos(lambda.instances(), functionOf, table.leases),
      '/penstock/local': async () => ({
        bootstrap,
        dynamodb,
        table: tableOf(worker),
        lambda: lambda.address,
        data: data.path,
        pids: { cloud: process.pid, guard: guard.pid, kafka: parts.kafka?.pid, dynamodb: parts.dynamodb?.pid },
      }),
    },
  })
  parts.schedule = startSchedule(toCoordinator)
  lambda.reportCutOff()
  await healthy(() => lambda.invoke(deployedName('rest'), HEALTH), isStopping)
  await toCoordinator({ source: 'penstock', 'detail-type': 'custody.wanted', detail: {} })
  if (parts.dynamodb !== undefined) void warmTable(table.opened)
  return { url: frontEnd.address, bootstrap, worker, data: data.path, lambda }

  async function startBroker(): Promise<string> {
    if ('bootstrap' in choice) return choice.bootstrap
    const [libs, command] = await Promise.all([jars('kafka', progress), javaCommand()])
    const logFile = join(logs, 'kafka.log')
    const kafka = await startKafka({
      data: join(data.path, 'kafka'),
      logFile,
      port: choice.port,
      libs,
      java: command,
      guard,
    })
    parts.kafka = kafka
    void kafka.exited.then(() => ended('Kafka', logFile))
    progress(`Kafka 4.3.1 on ${kafka.address}`)
    return kafka.address
  }

  async function startTable(): Promise<string> {
    if (options.dynamodb !== null) return options.dynamodb
    const [libs, command] = await Promise.all([jars('dynamodb', progress), javaCommand()])
    const logFile = join(logs, 'dynamodb.log')
    const dynamodb = await startDynamoDb({
      data: join(data.path, 'dynamodb'),
      logFile,
      port: 0,
      libs,
      java: command,
      guard,
    })
    parts.dynamodb = dynamodb
    void dynamodb.exited.then(() => ended('DynamoDB Local', logFile))
    progress(`DynamoDB Local on ${new URL(dynamodb.address).host}`)
    return dynamodb.address
  }

  async function bundle(): Promise<void> {
    const began = Date.now()
    const built = await bundleFunctions(functions)
    if (built.length > 0) progress(`bundled ${built.join(', ')} in ${Date.now() - began} ms`)
  }

  async function openTable() {
    const [{ createLeases }, { openTable }] = await Promise.all([
      import('../state/leases.ts'),
      import('../state/table.ts'),
    ])
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    const opened = openTable(tableOf(worker), { endpoint: dynamodb, region: 'us-east-1', credentials })
    parts.closeTable = () => opened.close()
    return { opened, leases: createLeases(opened) }
  }

  async function toCoordinator(event: unknown): Promise<boolean> {
    const outcome = await parts.lambda?.invoke(deployedName('coordinator'), event)
    return outcome?.functionError === null
  }

  function ended(name: string, logFile: string): void {
    if (isStopping()) return
    down.push(name)
    progress(`${name} ended by itself; its log: ${logFile}`)
  }
}

/** `GET /health`, past the front end's certificates and logins. */
const HEALTH = {
  version: '2.0',
  rawPath: '/health',
  rawQueryString: '',
  headers: {},
  requestContext: { http: { method: 'GET' } },
  isBase64Encoded: false,
}

async function healthy(ask: () => Promise<Outcome>, isStopping: () => boolean): Promise<void> {
  const end = Date.now() + HEALTHY_MS
  for (let last = ''; ; await sleep(100)) {
    if (isStopping()) throw new LocalError('Stopped before it stood')
    const { functionError, payload } = await ask()
    last = payload.toString()
    if (functionError === null && (JSON.parse(last) as { statusCode?: number }).statusCode === 200) return
    if (Date.now() > end) throw new LocalError(`The REST API is not healthy after ${HEALTHY_MS / 1000} s: ${last}`)
  }
}

/** How long members may take to leave sinks' groups, in ms. What can't be had in this time comes with their session's end. */
const LEAVE_MS = 2_000

/** Where the Kafka is another's, whoever comes next finds the groups empty. */
async function membersLeave({ lambda, kafka }: Parts): Promise<void> {
  if (kafka !== undefined) return
  const event = { source: 'penstock', 'detail-type': 'cloud.stops', detail: {} }
  await lambda?.invoke(deployedName('coordinator'), event).catch(() => {})
}

/** Nothing new comes in; then slices seal, while Kafka and the table stand; then those end. */
async function stopParts(parts: Parts): Promise<void> {
  parts.schedule?.stop()
  parts.queue?.pause()
  parts.bus?.pause()
  await Promise.race([membersLeave(parts), sleep(LEAVE_MS, undefined, { ref: false })])
  await parts.lambda?.stop()
  parts.closeTable?.()
  const servers = [parts.frontEnd, parts.queue, parts.bus, parts.kafka, parts.dynamodb]
  await Promise.all(servers.map((part) => part?.stop()))
  await parts.guard.stop()
}
