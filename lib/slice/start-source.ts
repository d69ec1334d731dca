/** Resumes a source task from its committed offsets. */
import type { Budget } from '../connect/budget.ts'
import type { PluginLog, SourceConnector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { createProducer, type Producer } from '../kafka/producer.ts'
import type { ProducerSettings } from '../kafka/producer-settings.ts'
import { createTransactionalProducer } from '../kafka/transactional-producer.ts'
import type { PluginSource } from '../pipeline/chain.ts'
import { openSource, type SourceDeps } from '../pipeline/source.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Lease } from '../state/leases.ts'
import type { AlteredOffset, SourceOffsetsState } from '../state/source-offsets.ts'
import { requireNoWorkers, watchWorkers } from '../takeover/workers-now.ts'
import type { TaskEvent } from '../worker/events.ts'
import { isExactlyOnce, transactionalId } from '../worker/guarantee.ts'
import { inFlight } from '../worker/in-flight.ts'
import { offsetsStore } from '../worker/offsets-store.ts'
import type { Runtime } from '../worker/runtime.ts'
import { forgetSourceLetters, sourceQueue } from './redrive.ts'
import { follow, type ResumedDelivery, readCommitted, readOn, resumeAt, resumeSource } from './resume-source.ts'
import type { TaskRun } from './task-run.ts'

export interface SourceStart {
  readonly opened: Runtime
  readonly view: ConnectorView
  readonly connector: SourceConnector
  readonly raw: RawConfig
  readonly taskConfig: RawConfig
  readonly event: TaskEvent
  readonly lease: Lease
  readonly cluster: Cluster
  /** What was read while waiting for the lease; null where nothing was. */
  readonly early: SourceOffsetsState | null
  /** What has gone on from there since the predecessor's drain; null where nothing has. */
  readonly ahead: ResumedAhead | null
  readonly producerSettings: ProducerSettings
  readonly plugins: PluginSource
  readonly log: PluginLog
  readonly budget: Budget
}

export async function startSource(start: SourceStart): Promise<TaskRun> {
  const { opened, connector, raw, event, lease } = start
  const { env, state, admin } = opened
  const { connector: name, task } = event
  const usedTopics = new Set<string>()
  const { generation } = lease
  // Who was passed the lease finds no view of the predecessor's last offsets: it has read them ahead, or reads them after `init`.
  const clean = lease.clean && ranHere(start) && (start.early !== null || !event.heir)
  const store = await offsetsStore(env.worker, state.offsets, raw, start.log)
  const ahead = clean ? start.ahead : null
  const delivery = ahead?.delivery ?? (await newDelivery(start))
  try {
    const offsets =
      ahead === null
        ? await resumeSource(store, event, clean, delivery, start.early)
        : await resumeAt(ahead.offsets, delivery)
    const redrive = await sourceQueue(start, offsets)
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
      redrive,
      offsets,
      usedTopics,
      log: start.log,
      scrub: (text) => opened.secrets.scrub(text),
      inFlight: inFlight(),
      idleAfterMs: env.worker.settings['penstock.idle.after.ms'],
    }
    const run = await openSource(deps, start.budget)
    return {
      run: (budget) => run.run(budget),
      drain: (budget) => run.drain(budget),
      stop: async () => {
        await run.stop()
        await delivery.producer.close()
        await redrive?.close()
      },
      sealOffsets: async () => {
        await store.seal(name, task, generation, offsets)
        await forgetSourceLetters(start, redrive, offsets)
      },
      // Read back, for what the task knows of its own records is not where they are. A topic of its own is copied at each end.
      viewOffsets:
        store === state.offsets
          ? async () => store.seal(name, task, generation, await readCommitted(store, event))
          : null,
      usedTopics: env.worker.settings['topic.tracking.enable'] ? usedTopics : null,
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

/**
 * What an heir reads, and connects to, before it owns; resolves when the wait is over. Null where that fails, which the
 * start then shows.
 */
export async function warmSource(start: WarmSource, waiting: Budget): Promise<SourceOffsetsState | null> {
  const { opened, connector, raw, event, cluster, log } = start
  const { worker } = opened.env
  try {
    const store = await offsetsStore(worker, opened.state.offsets, raw, log)
    const fences = isExactlyOnce(worker, connector, raw)
    if (fences) void watchWorkers(opened.admin, worker.settings['group.id'], waiting)
    const [early] = await Promise.all([
      follow(store, event, waiting),
      fences ? cluster.coordinator('transaction', transactionalId(worker, event.connector, event.task)) : null,
      opened.state.statuses.warm(),
    ])
    return early
  } catch (error) {
    log.debug('could not read ahead', { error: (error as Error).message })
    return null
  }
}

/** After the predecessor's drain, before the lease is had; null where it fails, or nothing was read early. */
export async function resumeSourceAhead(
  start: WarmSource,
  read: Promise<SourceOffsetsState | null>,
): Promise<ResumedAhead | null> {
  try {
    const [early, delivery] = await Promise.all([read, newDelivery(start)])
    return early === null ? null : { offsets: await readOn(early, delivery), delivery }
  } catch (error) {
    start.log.debug('could not resume ahead', { error: (error as Error).message })
    return null
  }
}

export type WarmSource = Pick<
  SourceStart,
  'opened' | 'connector' | 'raw' | 'event' | 'cluster' | 'producerSettings' | 'log'
>

export interface ResumedAhead {
  readonly offsets: SourceOffsetsState
  readonly delivery: Delivery
}

/** A JVM worker that had the task since may have left a transaction open. */
function ranHere({ view, event, opened }: SourceStart): boolean {
  const shown = view.taskStatuses.find((status) => status.task === event.task)
  return shown === undefined || shown.workerId === opened.env.workerId
}

type Delivery = SourceDeps['delivery'] & ResumedDelivery

async function newDelivery(start: WarmSource): Promise<Delivery> {
  const { opened, connector, raw } = start
  return isExactlyOnce(opened.env.worker, connector, raw) ? exactlyOnce(start) : await atLeastOnce(start)
}

function exactlyOnce({ opened, event, cluster, producerSettings }: WarmSource): Delivery {
  const id = transactionalId(opened.env.worker, event.connector, event.task)
  const producer = createTransactionalProducer(cluster, producerSettings, id)
  let done: Promise<void> | undefined
  const { admin, env } = opened
  const init = () => {
    done ??= requireNoWorkers(admin, env.worker.settings['group.id']).then(() => producer.init())
    return done
  }
  const confirm: Delivery['confirm'] = async (offsets) => {
    if (offsets.overlaid(null).length === 0) return
    await init()
    const overlaid = offsets.overlaid(producer.producerId)
    if (overlaid.length === 0) return
    await producer.prepare([offsets.topic])
    producer.begin()
    appendOffsets(producer, offsets, overlaid)
    await producer.commit()
  }
  return { kind: 'exactly-once', producer, init, confirm }
}

async function atLeastOnce({ cluster, producerSettings }: WarmSource): Promise<Delivery> {
  const producer = await createProducer(cluster, producerSettings)
  const confirm: Delivery['confirm'] = async (offsets) => {
    const overlaid = offsets.overlaid(null)
    if (overlaid.length === 0) return
    await producer.prepare([offsets.topic])
    appendOffsets(producer, offsets, overlaid)
    await producer.flush()
  }
  return { kind: 'at-least-once', producer, init: async () => {}, confirm }
}

function appendOffsets(producer: Producer, offsets: SourceOffsetsState, overlaid: readonly AlteredOffset[]): void {
  for (const { partition, offset } of overlaid) {
    const { key, value, kafkaPartition } = offsets.encode(partition, offset)
    producer.append(offsets.topic, kafkaPartition, key, value, null, [])
  }
}
