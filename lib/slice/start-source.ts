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
import type { AlteredOffset, SourceOffsetsState, SourceOffsetsStore } from '../state/source-offsets.ts'
import { requireNoWorkers, watchWorkers } from '../takeover/workers-now.ts'
import type { TaskEvent } from '../worker/events.ts'
import { isExactlyOnce, transactionalId } from '../worker/guarantee.ts'
import { inFlight } from '../worker/in-flight.ts'
import { offsetsStore } from '../worker/offsets-store.ts'
import type { Runtime } from '../worker/runtime.ts'
import { forgetSourceLetters, sourceQueue } from './redrive.ts'
import { follow, type ResumedDelivery, readCommitted, readOn, resumeSource } from './resume-source.ts'
import { type TaskRun, taskRun } from './task-run.ts'

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
  readonly producerSettings: ProducerSettings
  readonly plugins: PluginSource
  readonly log: PluginLog
  readonly budget: Budget
}

export async function startSource(start: SourceStart): Promise<TaskRun> {
  const { opened, raw, event, lease, early } = start
  // Who was passed the lease finds no view of the predecessor's last offsets: it has read them ahead, or reads them after `init`.
  const clean = lease.clean && ranHere(start) && (early !== null || !event.heir)
  const store = await offsetsStore(opened.env.worker, opened.state.offsets, raw, start.log)
  const delivery = await newDelivery(start)
  return await orClose(delivery, async () => {
    const offsets = await resumeSource(store, event, clean, delivery, early)
    return await openTask(start, store, offsets, delivery)
  })
}

/**
 * What an heir begins after its predecessor's drain, before the lease is had. Null where something would have to be
 * written first.
 */
export async function beginSource(start: BeginSource): Promise<TaskRun | null> {
  const { opened, raw, early } = start
  if (early === null || !ranHere(start)) return null
  const [store, delivery] = await Promise.all([
    offsetsStore(opened.env.worker, opened.state.offsets, raw, start.log),
    newDelivery(start),
  ])
  return await orClose(delivery, async () => {
    const offsets = await readOn(early, delivery)
    if (delivery.overlaid(offsets).length === 0) return await openTask(start, store, offsets, delivery)
    await delivery.producer.close()
    return null
  })
}

async function orClose<T>({ producer }: Delivery, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await producer.close()
    throw error
  }
}

async function openTask(
  start: BeginSource,
  store: SourceOffsetsStore,
  offsets: SourceOffsetsState,
  delivery: Delivery,
): Promise<TaskRun> {
  const { opened, connector, raw, event } = start
  const { env, state, admin } = opened
  const { connector: name, task, generation } = event
  const usedTopics = new Set<string>()
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
  return taskRun(run, {
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
  })
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

export type BeginSource = Omit<SourceStart, 'lease'>

export type WarmSource = Pick<SourceStart, 'opened' | 'connector' | 'raw' | 'event' | 'cluster' | 'log'>

/** A JVM worker that had the task since may have left a transaction open. */
function ranHere({ view, event, opened }: BeginSource): boolean {
  const shown = view.taskStatuses.find((status) => status.task === event.task)
  return shown === undefined || shown.workerId === opened.env.workerId
}

interface Resumed extends ResumedDelivery {
  /** What `confirm` would write; after `init`. */
  overlaid(offsets: SourceOffsetsState): readonly AlteredOffset[]
}

type Delivery = SourceDeps['delivery'] & Resumed

async function newDelivery(start: BeginSource): Promise<Delivery> {
  const { opened, connector, raw } = start
  return isExactlyOnce(opened.env.worker, connector, raw) ? exactlyOnce(start) : await atLeastOnce(start)
}

function exactlyOnce({ opened, event, cluster, producerSettings }: BeginSource): Delivery {
  const id = transactionalId(opened.env.worker, event.connector, event.task)
  const producer = createTransactionalProducer(cluster, producerSettings, id)
  let done: Promise<void> | undefined
  const { admin, env } = opened
  const init = () => {
    done ??= requireNoWorkers(admin, env.worker.settings['group.id']).then(() => producer.init())
    return done
  }
  const overlaid: Delivery['overlaid'] = (offsets) => offsets.overlaid(producer.producerId)
  const confirm: Delivery['confirm'] = async (offsets) => {
    if (offsets.overlaid(null).length === 0) return
    await init()
    const written = overlaid(offsets)
    if (written.length === 0) return
    await producer.prepare([offsets.topic])
    producer.begin()
    appendOffsets(producer, offsets, written)
    await producer.commit()
  }
  return { kind: 'exactly-once', producer, init, overlaid, confirm }
}

async function atLeastOnce({ cluster, producerSettings }: BeginSource): Promise<Delivery> {
  const producer = await createProducer(cluster, producerSettings)
  const overlaid: Delivery['overlaid'] = (offsets) => offsets.overlaid(null)
  const confirm: Delivery['confirm'] = async (offsets) => {
    const written = overlaid(offsets)
    if (written.length === 0) return
    await producer.prepare([offsets.topic])
    appendOffsets(producer, offsets, written)
    await producer.flush()
  }
  return { kind: 'at-least-once', producer, init: async () => {}, overlaid, confirm }
}

function appendOffsets(producer: Producer, offsets: SourceOffsetsState, overlaid: readonly AlteredOffset[]): void {
  for (const { partition, offset } of overlaid) {
    const { key, value, kafkaPartition } = offsets.encode(partition, offset)
    producer.append(offsets.topic, kafkaPartition, key, value, null, [])
  }
}
