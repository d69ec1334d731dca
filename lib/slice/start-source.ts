/** Resumes a source task from its committed offsets. */
import type { Budget } from '../connect/budget.ts'
import type { PluginLog, SourceConnector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createProducer } from '../kafka/producer.ts'
import type { ProducerSettings } from '../kafka/producer-settings.ts'
import { createTransactionalProducer } from '../kafka/transactional-producer.ts'
import type { PluginSource } from '../pipeline/chain.ts'
import { openSource, type SourceDeps } from '../pipeline/source.ts'
import type { Lease } from '../state/leases.ts'
import type { TaskEvent } from '../worker/events.ts'
import { isExactlyOnce, transactionalId } from '../worker/guarantee.ts'
import type { Runtime } from '../worker/runtime.ts'
import type { TaskRun } from './task-run.ts'

export interface SourceStart {
  readonly opened: Runtime
  readonly connector: SourceConnector
  readonly raw: RawConfig
  readonly taskConfig: RawConfig
  readonly event: TaskEvent
  readonly lease: Lease
  readonly cluster: Cluster
  readonly producerSettings: ProducerSettings
  readonly plugins: PluginSource
  readonly log: PluginLog
  readonly budget: Budget
}

export async function startSource(start: SourceStart): Promise<TaskRun> {
  const { opened, connector, raw, event, lease } = start
  const { env, state, admin } = opened
  const { connector: name, task } = event
  const { generation, clean } = lease
  const delivery = isExactlyOnce(env.worker, connector, raw) ? exactlyOnce(start) : await atLeastOnce(start)
  try {
    // After an unclean end the predecessor's transaction is ended before its offsets are read; an heir saves time by it.
    if (!clean) await delivery.init()
    const resumed = state.offsets.resume(name, { task, generation, afterCleanEnd: clean })
    const [offsets] = await Promise.all([resumed, event.heir ? delivery.init() : null])
    const deps: SourceDeps = {
      connector: name,
      task,
      declaration: connector,
      config: raw,
      taskConfig: start.taskConfig,
      worker: env.worker,
      plugins: start.plugins,
      cluster: admin,
      delivery,
      offsets,
      log: start.log,
      idleAfterMs: env.worker.settings['penstock.idle.after.ms'],
    }
    const run = await openSource(deps, start.budget)
    return {
      run: (budget) => run.run(budget),
      drain: (budget) => run.drain(budget),
      stop: async () => {
        await run.stop()
        await delivery.producer.close()
      },
      sealOffsets: () => state.offsets.seal(name, task, generation, offsets),
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
    await delivery.producer.close()
    throw error
  }
}

type Delivery = SourceDeps['delivery'] & { init(): Promise<void> }

function exactlyOnce({ opened, event, cluster, producerSettings }: SourceStart): Delivery {
  const id = transactionalId(opened.env.worker, event.connector, event.task)
  const producer = createTransactionalProducer(cluster, producerSettings, id)
  let done: Promise<void> | undefined
  const init = () => {
    done ??= producer.init()
    return done
  }
  return { kind: 'exactly-once', producer, init }
}

async function atLeastOnce({ cluster, producerSettings }: SourceStart): Promise<Delivery> {
  return { kind: 'at-least-once', producer: await createProducer(cluster, producerSettings), init: async () => {} }
}
