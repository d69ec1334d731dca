/** A standalone worker: the tasks of its connectors in this process, and what REST says of them. */
import { type Budget, budget, type OwnedBudget, pause } from '../connect/budget.ts'
import { ConfigError, trace } from '../connect/errors.ts'
import type { Connector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import { partitionsOf } from '../coordinator/sink-partitions.ts'
import { taskConfigs } from '../coordinator/split.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { logger } from '../observe/log.ts'
import { Secrets } from '../observe/secrets.ts'
import { sinkAssignment } from '../pipeline/sink-assignment.ts'
import { find } from '../registry.ts'
import { listenersOf, requireAuth } from '../rest/listeners.ts'
import { type FileOffsets, openFileOffsets } from '../state/file-offsets.ts'
import { cluster } from '../worker/clusters.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import { realConfig, requireFiles, secretsOf } from '../worker/real-config.ts'
import { openWorker, type Worker } from '../worker/settings.ts'
import { serveStandalone } from './standalone-rest.ts'
import { openSinkTask, openSourceTask, type StandaloneTask } from './standalone-task.ts'

export interface Standalone {
  readonly url: string
  /** Drains every task. */
  stop(): Promise<void>
}

export interface TaskStatus {
  readonly id: number
  state: 'UNASSIGNED' | 'RUNNING' | 'FAILED'
  trace: string | null
}

export interface ConnectorStatus {
  readonly name: string
  readonly type: 'source' | 'sink'
  readonly config: RawConfig
  state: 'RUNNING' | 'FAILED'
  trace: string | null
  readonly tasks: TaskStatus[]
}

/** A timer can't wait longer; a task that has run for so long is drained and opened anew. */
const LONGEST_RUN_MS = 2_147_000_000
/** For the drain at the end: as `task.shutdown.graceful.timeout.ms` of a JVM worker. */
const DRAIN_MS = 5_000

/** The user's own files are the user's own business, unless the worker's file bounds them. */
const DEFAULTS: RawConfig = { 'penstock.files.allow': '*' }

/** Starts the connectors. `ConfigError` for settings that can't be; a task that fails later shows in its status. */
export async function startStandalone(file: RawConfig, configs: readonly RawConfig[]): Promise<Standalone> {
  const worker = await openWorker({ ...DEFAULTS, ...file })
  const { raw } = worker
  await requireAuth(worker, listenersOf(worker))
  const offsets = raw['offset.storage.file.filename']
  if (offsets === undefined || offsets === null || offsets === '')
    throw new ConfigError('Missing required configuration "offset.storage.file.filename" which has no default value.')
  const host: Host = {
    worker,
    offsets: await openFileOffsets(offsets),
    secrets: new Secrets(worker.secrets),
    stopping: budget(LONGEST_RUN_MS),
  }
  const statuses = new Map<string, ConnectorStatus>()
  const running: Promise<void>[] = []
  try {
    for (const config of configs) running.push(...(await startConnector(host, config, statuses)))
    const rest = await serveStandalone(worker, statuses)
    const stop = async () => {
      host.stopping.end('stopped')
      await Promise.all(running)
      await rest.close()
    }
    return { url: rest.url, stop }
  } catch (error) {
    host.stopping.end('stopped')
    await Promise.all(running)
    throw error
  }
}

interface Host {
  readonly worker: Worker
  readonly offsets: FileOffsets
  /** What no log or status may show. */
  readonly secrets: Secrets
  readonly stopping: OwnedBudget
}

/** Answers one promise for each task, which resolves when the task has ended. */
async function startConnector(
  host: Host,
  written: RawConfig,
  statuses: Map<string, ConnectorStatus>,
): Promise<Promise<void>[]> {
  const { worker, secrets } = host
  const real = await realConfig(worker, written)
  const { config } = real
  secrets.add(await secretsOf(worker, real, find))
  await requireFiles(worker, real, find)
  const settings = connectorSettings(config, worker)
  const { name, tasksMax } = settings
  if (statuses.has(name)) throw new ConfigError(`Two of the connectors are named ${name}`)
  const connector = await find('connector', settings.class)
  const status: ConnectorStatus = {
    name,
    type: connector.kind,
    config: written,
    state: 'RUNNING',
    trace: null,
    tasks: [],
  }
  statuses.set(name, status)
  const counts = connector.kind === 'sink' ? await partitionCounts(worker, settings) : new Map<string, number>()
  const assign = (task: number) => sinkAssignment(counts, tasksMax, task)
  const context = { tasks: [], log: logger({ connector: name }, { secrets }) }
  const tasks = await taskConfigs(connector, config, tasksMax, assign, context)
  return tasks.map((taskConfig, id) => {
    const task: TaskStatus = { id, state: 'UNASSIGNED', trace: null }
    status.tasks.push(task)
    return keepRunning(host, { connector, settings, config, taskConfig }, task)
  })
}

async function partitionCounts(worker: Worker, settings: ConnectorSettings): Promise<Map<string, number>> {
  const admin = await cluster(clientSettings(worker.raw, 'admin', settings.adminOverrides).client)
  return partitionsOf(admin, settings, { create: true })
}

interface Declared {
  readonly connector: Connector
  readonly settings: ConnectorSettings
  readonly config: RawConfig
  readonly taskConfig: RawConfig
}

/** Until the worker stops, or the task is done or fails. */
async function keepRunning(host: Host, declared: Declared, status: TaskStatus): Promise<void> {
  const { connector, settings } = declared
  const { secrets } = host
  const log = logger({ connector: settings.name, task: status.id }, { secrets })
  while (!host.stopping.signal.aborted && status.state !== 'FAILED') {
    let task: StandaloneTask | null = null
    try {
      const where = { worker: host.worker, offsets: host.offsets, task: status.id, log }
      using time = budget(LONGEST_RUN_MS, host.stopping)
      task =
        connector.kind === 'source'
          ? await openSourceTask({ ...where, ...declared, connector }, time)
          : await openSinkTask({ ...where, ...declared, connector }, time)
      status.state = 'RUNNING'
      const isDone = await untilDone(task, settings.idleMaxMs, time)
      using rest = budget(DRAIN_MS)
      await task.drain(rest)
      if (isDone) return
    } catch (error) {
      status.state = 'FAILED'
      status.trace = secrets.scrub(trace(error))
      log.error('the task failed', { trace: status.trace })
      using rest = budget(DRAIN_MS)
      await task?.drain(rest).catch(() => {})
    } finally {
      await task?.close().catch(() => {})
    }
  }
}

async function untilDone(task: StandaloneTask, idleMaxMs: number, time: Budget): Promise<boolean> {
  while (!time.signal.aborted) {
    const outcome = await task.run(time)
    if (outcome.kind === 'done') return true
    if (outcome.kind === 'budget') return false
    if (outcome.idleMs < Number.MAX_SAFE_INTEGER) await pause(Math.min(outcome.idleMs, idleMaxMs), time)
  }
  return false
}
