/** Starts a sink task where its group left off. */
import type { Budget } from '../connect/budget.ts'
import { pause } from '../connect/budget.ts'
import type { PluginLog, SinkConnector } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import type { ConsumerSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createConsumer } from '../kafka/consumer.ts'
import { committed } from '../kafka/groups.ts'
import type { PluginSource } from '../pipeline/chain.ts'
import type { KeptPositions } from '../pipeline/kept-positions.ts'
import { openSink } from '../pipeline/open-sink.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Lease } from '../state/leases.ts'
import { ASSIGNMENT, parseAssignment } from '../worker/assignment.ts'
import type { TaskEvent } from '../worker/events.ts'
import { keepsPositions } from '../worker/guarantee.ts'
import { RENEW_MS } from '../worker/idle.ts'
import { inFlight } from '../worker/in-flight.ts'
import type { Runtime } from '../worker/runtime.ts'
import { asCopies } from '../worker/sink-positions.ts'
import { groupCommits } from './group-commit.ts'
import { commitSink, sinkQueue, withQueue } from './redrive.ts'
import { partitionsOf, type ResumeSink, resumeKept, resumeSink } from './resume-sink.ts'
import { type TaskRun, taskRun } from './task-run.ts'

export interface SinkStart {
  readonly opened: Runtime
  readonly view: Pick<ConnectorView, 'members'>
  readonly connector: SinkConnector
  readonly raw: RawConfig
  readonly taskConfig: RawConfig
  readonly event: TaskEvent
  /** Null: begun before the lease is had, after a predecessor's drain. Nothing is written then. */
  readonly lease: Lease | null
  readonly cluster: Cluster
  readonly consumerSettings: ConsumerSettings
  /** The user has set `max.poll.records`. */
  readonly limitsPolls: boolean
  /** Stores the offsets. */
  readonly group: string
  readonly plugins: PluginSource
  readonly log: PluginLog
  readonly budget: Budget
}

export async function startSink(start: SinkStart): Promise<TaskRun> {
  const { opened, connector, raw, taskConfig, event, lease, cluster, consumerSettings, budget } = start
  const { env, admin } = opened
  const { connector: name, task } = event
  const usedTopics = new Set<string>()
  const assignment = parseAssignment(taskConfig[ASSIGNMENT] ?? '')
  const { group } = start
  const { autoOffsetReset: reset, isolationLevel: isolation } = consumerSettings
  // A predecessor with an heir has committed just now.
  const renew = lease !== null && Date.now() - (lease.progress.lastCommit ?? 0) > RENEW_MS / 2
  const commit = groupCommits({
    cluster: admin,
    group,
    connector: name,
    task,
    members: start.view.members,
    current: async () => (await opened.state.configs.view(name))?.members ?? null,
  })
  const from = { cluster: admin, group, assignment, reset, isolation, renew, commit: lease === null ? notYet : commit }
  const isKept = keepsPositions(connector, { ...raw, ...taskConfig })
  if (!isKept && lease?.clean === false && lease.slices > 0) await settle(connector, taskConfig, budget)
  const resumed = isKept ? null : await resumeSink(from)
  const redrive = await sinkQueue(start)
  const positions = resumed ?? withQueue(keptIn(start, from), redrive)
  const limits = inFlight()
  const consumer = createConsumer(cluster, consumerSettings, { maxBytes: limits.fetched })
  try {
    const run = await openSink(
      {
        connector: name,
        task,
        declaration: connector,
        config: raw,
        taskConfig,
        worker: env.worker,
        plugins: start.plugins,
        cluster: admin,
        consumer,
        positions,
        reset,
        isolation,
        maxRecords: start.limitsPolls ? consumerSettings.maxPollRecords : null,
        redrive,
        commit: (offsets) => commitSink(start, commit, redrive, isKept ? asCopies(offsets) : offsets),
        usedTopics,
        log: start.log,
        scrub: (text) => opened.secrets.scrub(text),
        inFlight: limits,
        idleAfterMs: env.worker.settings['penstock.idle.after.ms'],
      },
      budget,
    )
    return taskRun(run, {
      stop: async () => {
        await run.stop()
        await consumer.close()
        await redrive?.close()
      },
      sealOffsets: async () => {},
      viewOffsets: null,
      usedTopics: env.worker.settings['topic.tracking.enable'] ? usedTopics : null,
    })
  } catch (error) {
    await consumer.close()
    await redrive?.close()
    throw error
  }
}

/** What an heir connects to before it owns. What fails shows at the start. */
export async function warmSink({ opened, group, taskConfig, cluster, log }: WarmSink): Promise<void> {
  const assignment = parseAssignment(taskConfig[ASSIGNMENT] ?? '')
  try {
    await Promise.all([
      committed(opened.admin, group, partitionsOf(assignment)),
      cluster.topics([...assignment.keys()]),
      opened.state.statuses.warm(),
    ])
  } catch (error) {
    log.debug('could not connect ahead', { error: (error as Error).message })
  }
}

/**
 * After the predecessor's drain, before the lease is had. Null where the target keeps the positions: it shuts the
 * predecessor out with the first that is asked of it.
 */
export async function beginSink(start: Omit<SinkStart, 'lease'>): Promise<TaskRun | null> {
  const { connector, raw, taskConfig } = start
  return keepsPositions(connector, { ...raw, ...taskConfig }) ? null : await startSink({ ...start, lease: null })
}

/** Positions that the group didn't have are the owner's to choose. */
function notYet(): Promise<never> {
  return Promise.reject(new Error('The group lacks offsets, and the lease is not had yet'))
}

export type WarmSink = Pick<SinkStart, 'opened' | 'group' | 'taskConfig' | 'cluster' | 'log'>

/** An older slice is shut out by its generation and epoch: nothing of it is to be waited for. */
function keptIn({ group, event }: SinkStart, from: ResumeSink): KeptPositions {
  const { generation, epoch } = event
  return { writer: { group, generation, epoch }, assignment: from.assignment, resume: (held) => resumeKept(from, held) }
}

/** A write of a slice that was cut off may still land in the target: its time is waited out. */
async function settle(connector: SinkConnector, taskConfig: RawConfig, budget: Budget): Promise<void> {
  const ms = connector.requestTimeoutMs?.(parse(connector.settings, taskConfig)) ?? 0
  if (ms > 0) await pause(ms, budget)
}
