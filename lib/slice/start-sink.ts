/** Starts a sink task where its group left off. */
import type { Budget } from '../connect/budget.ts'
import { pause } from '../connect/budget.ts'
import type { PluginLog, SinkConnector } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import type { ConsumerSettings } from '../kafka/client-settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createConsumer } from '../kafka/consumer.ts'
import { commit, committed } from '../kafka/groups.ts'
import type { PluginSource } from '../pipeline/chain.ts'
import { openSink } from '../pipeline/sink.ts'
import { startPositions } from '../pipeline/start-positions.ts'
import type { Lease } from '../state/leases.ts'
import { ASSIGNMENT, parseAssignment } from '../worker/assignment.ts'
import type { TaskEvent } from '../worker/events.ts'
import type { Runtime } from '../worker/runtime.ts'
import type { TaskRun } from './task-run.ts'

export interface SinkStart {
  readonly opened: Runtime
  readonly connector: SinkConnector
  readonly raw: RawConfig
  readonly taskConfig: RawConfig
  readonly event: TaskEvent
  readonly lease: Lease
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
  const assignment = parseAssignment(taskConfig[ASSIGNMENT] ?? '')
  const partitions = [...assignment].flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition })))
  const { group } = start
  const { autoOffsetReset: reset, isolationLevel: isolation } = consumerSettings
  if (!lease.clean && lease.slices > 0) await settle(connector, taskConfig, budget)
  const before = await committed(admin, group, partitions)
  const positions = await startPositions({ cluster: admin, assignment, committed: before, reset, isolation })
  // Else `auto.offset.reset=latest` and a first slice without records would lose what comes before the second.
  const known = new Set(before.map(({ topic, partition }) => `${topic}-${partition}`))
  const first = [...positions].flatMap(([topic, offsets]) =>
    [...offsets]
      .filter(([partition]) => !known.has(`${topic}-${partition}`))
      .map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1, metadata: '' })),
  )
  await commit(admin, group, first)
  const consumer = createConsumer(cluster, consumerSettings)
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
        commit: (offsets) => commit(admin, group, offsets),
        log: start.log,
        idleAfterMs: env.worker.settings['penstock.idle.after.ms'],
      },
      budget,
    )
    return {
      run: (time) => run.run(time),
      drain: (time) => run.drain(time),
      stop: async () => {
        await run.stop()
        await consumer.close()
      },
      sealOffsets: async () => {},
      get progress() {
        return run.progress
      },
      get firstRecords() {
        return run.firstRecords
      },
      get lastRecords() {
        return run.lastRecords
      },
    }
  } catch (error) {
    await consumer.close()
    throw error
  }
}

/** A write of a slice that was cut off may still land in the target: its time is waited out. */
async function settle(connector: SinkConnector, taskConfig: RawConfig, budget: Budget): Promise<void> {
  const ms = connector.requestTimeoutMs?.(parse(connector.settings, taskConfig)) ?? 0
  if (ms > 0) await pause(ms, budget)
}
