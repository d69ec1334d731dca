/** Opens a task for a slice: what can be loaded before the lease is had, and what only its owner may do. */
import type { Connector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { type Logger, printLine } from '../observe/log.ts'
import { buildChain, type PluginSource } from '../pipeline/chain.ts'
import { find } from '../registry.ts'
import { lookAtGroups } from '../takeover/groups.ts'
import { sinkGroup } from '../worker/assignment.ts'
import { cluster } from '../worker/clusters.ts'
import { type ConnectorSettings, connectorSettings } from '../worker/connector-settings.ts'
import type { Environment } from '../worker/environment.ts'
import type { TaskEvent } from '../worker/events.ts'
import { inFlight, within } from '../worker/in-flight.ts'
import { overrideFailure } from '../worker/override-policy.ts'
import { type Runtime, runtime } from '../worker/runtime.ts'
import { Begun } from './begun.ts'
import { currentTask } from './current-task.ts'
import { realTask } from './real-task.ts'
import { shutdown } from './shutdown.ts'
import type { SliceDeps } from './slice.ts'
import { beginSink, startSink, warmSink } from './start-sink.ts'
import { beginSource, startSource, warmSource } from './start-source.ts'
import type { Prepared } from './task-run.ts'
import type { SlicePace } from './work.ts'

/** How long before its planned end a busy slice asks for its heir, in ms: the event, a cold start, connections. */
const HEIR_LEAD_MS = 4_000
const HEIR_LEAD_LOCAL_MS = 2_000
/** How often a running slice looks at its lease, in ms. */
const LOOK_MS = 1_000
const LOOK_LOCAL_MS = 250

const PLUGINS: PluginSource = {
  converter: (name) => find('converter', name),
  headerConverter: (name) => find('header_converter', name),
  transform: (name) => find('transformation', name),
  predicate: (name) => find('predicate', name),
}

const NOTHING_AHEAD = { warm() {}, begin() {}, async giveUp() {} }

export async function sliceDeps(
  event: TaskEvent,
  used: SliceDeps['used'],
): Promise<{ readonly deps: SliceDeps; readonly env: Environment }> {
  const opened = await runtime()
  const { env, state, events } = opened
  const { connector, task, epoch } = event
  const log = opened.log.child({ connector, task, epoch })
  const deps: SliceDeps = {
    state,
    events,
    workerId: env.workerId,
    log,
    printMetrics: env.worker.settings['penstock.metrics.emf'] ? printLine : undefined,
    open: (asked) => prepare(opened, asked, log),
    scrub: (text) => opened.secrets.scrub(text),
    pace: (prepared) => pace(env, prepared),
    look: () => lookAtGroups({ state, worker: env.worker, cluster: async () => opened.admin, clock: Date.now, log }),
    used,
    shutdown: shutdown(),
  }
  return { deps, env }
}

/** Of the clients that the connector gets: dead letters of a sink have a producer and an admin client. */
function overridesOf({ kind }: Connector, settings: ConnectorSettings): RawConfig {
  const { producerOverrides, consumerOverrides, adminOverrides, errors } = settings
  if (kind === 'source') return producerOverrides
  if (errors.deadLetters === null || !errors.tolerate) return consumerOverrides
  return { ...consumerOverrides, ...producerOverrides, ...adminOverrides }
}

/** Values that were looked up hold for so long: the next slice looks them up anew. */
function until(ttlMs: number, settings: ConnectorSettings): ConnectorSettings {
  return { ...settings, sliceMs: Math.min(settings.sliceMs, ttlMs) }
}

function pace({ worker, local }: Environment, { settings }: Prepared): SlicePace {
  const { sliceMs, idleMaxMs, stallRestartMs } = settings
  return {
    sliceMs,
    idleMaxMs,
    heirLeadMs: Math.min(local ? HEIR_LEAD_LOCAL_MS : HEIR_LEAD_MS, sliceMs / 2),
    lookMs: local ? LOOK_LOCAL_MS : LOOK_MS,
    progressMs: worker.settings['penstock.progress.ms'],
    stallMs: stallRestartMs,
  }
}

/** Null: the generation is over. Rejects for a connector whose plugin is gone: the coordinator shows it as failed. */
async function prepare(opened: Runtime, event: TaskEvent, log: Logger): Promise<Prepared | null> {
  const { env, state } = opened
  const [seen] = await Promise.all([state.configs.view(event.connector), opened.levels.refresh()])
  const current = currentTask(seen, event)
  if (current === null) return null
  const { view } = current
  const { worker } = env
  const real = await realTask(worker, current.config, current.taskConfig, opened.secrets)
  const { config: raw, taskConfig } = real
  const settings = until(real.ttlMs, connectorSettings(raw, worker))
  const connector = await find('connector', settings.class)
  opened.levels.apply(log, [`penstock.task.${event.connector}`, connector.class])
  const failure = real.failure ?? overrideFailure(worker, settings.name, overridesOf(connector, settings))
  if (failure !== null) return { view, settings, connector, ...NOTHING_AHEAD, start: () => Promise.reject(failure) }
  const shared = { opened, view, settings, taskConfig, event, log, plugins: PLUGINS }
  // Loads the code of converters and transforms; their errors are for the start, which can show them.
  await buildChain(settings, PLUGINS, log).catch(() => {})
  const begun = new Begun(log)
  const giveUp = () => begun.giveUp()
  switch (connector.kind) {
    case 'source': {
      const { client, producer } = clientSettings(worker.raw, 'producer', settings.producerOverrides)
      const connected = await cluster(client)
      const source = { ...shared, connector, raw, cluster: connected, producerSettings: within(inFlight(), producer) }
      let early: ReturnType<typeof warmSource> = Promise.resolve(null)
      return {
        ...{ view, settings, connector, giveUp },
        warm(waiting) {
          early = warmSource(source, waiting)
        },
        begin: (time) => begun.begin(time, async () => beginSource({ ...source, budget: time, early: await early })),
        start: async (lease, budget) =>
          (await begun.take(lease, budget)) ?? (await startSource({ ...source, lease, budget, early: await early })),
      }
    }
    case 'sink': {
      const { client, consumer } = clientSettings(worker.raw, 'consumer', settings.consumerOverrides)
      const limitsPolls = 'max.poll.records' in settings.consumerOverrides || 'consumer.max.poll.records' in worker.raw
      const connected = await cluster(client)
      const group = sinkGroup(event.connector, settings.consumerOverrides)
      const sink = { ...shared, group, limitsPolls, connector, raw, cluster: connected, consumerSettings: consumer }
      return {
        ...{ view, settings, connector, giveUp },
        warm() {
          void warmSink(sink)
        },
        begin: (time) => begun.begin(time, () => beginSink({ ...sink, budget: time })),
        start: async (lease, budget) =>
          (await begun.take(lease, budget)) ?? (await startSink({ ...sink, lease, budget })),
      }
    }
    default:
      return connector satisfies never
  }
}
