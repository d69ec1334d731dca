/** Opens a task for a slice: what can be loaded before the lease is had, and what only its owner may do. */
import type { PluginLog } from '../connect/plugin.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { buildChain, type PluginSource } from '../pipeline/chain.ts'
import { find } from '../registry.ts'
import { sinkGroup } from '../worker/assignment.ts'
import { cluster } from '../worker/clusters.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import type { Environment } from '../worker/environment.ts'
import type { TaskEvent } from '../worker/events.ts'
import { type Runtime, runtime } from '../worker/runtime.ts'
import { shutdown } from './shutdown.ts'
import type { SliceDeps } from './slice.ts'
import { startSink } from './start-sink.ts'
import { startSource } from './start-source.ts'
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

export async function sliceDeps(event: TaskEvent): Promise<{ readonly deps: SliceDeps; readonly env: Environment }> {
  const opened = await runtime()
  const { env, state, events } = opened
  const { connector, task, epoch } = event
  const log = opened.log.child({ connector, task, epoch })
  const deps: SliceDeps = {
    state,
    events,
    workerId: env.workerId,
    log,
    open: (asked) => prepare(opened, asked, log),
    pace: (prepared) => pace(env, prepared),
    shutdown: shutdown(),
  }
  return { deps, env }
}

function pace({ worker, local }: Environment, { settings }: Prepared): SlicePace {
  const { sliceMs, idleMaxMs } = settings
  return {
    sliceMs,
    idleMaxMs,
    heirLeadMs: Math.min(local ? HEIR_LEAD_LOCAL_MS : HEIR_LEAD_MS, sliceMs / 2),
    lookMs: local ? LOOK_LOCAL_MS : LOOK_MS,
    progressMs: worker.settings['penstock.progress.ms'],
  }
}

/** Null: the generation is over. Rejects for a connector whose plugin is gone: the coordinator shows it as failed. */
async function prepare(opened: Runtime, event: TaskEvent, log: PluginLog): Promise<Prepared | null> {
  const { env, state } = opened
  const view = await state.configs.view(event.connector)
  const taskConfig = view?.tasks[event.task]
  if (view?.config == null || taskConfig === undefined || view.generation !== event.generation) return null
  if (view.configPosition > event.generation || view.targetState !== 'STARTED') return null
  const { worker } = env
  const settings = connectorSettings(view.config, worker)
  const connector = await find('connector', settings.class)
  const raw = view.config
  const shared = { opened, view, settings, taskConfig, event, log, plugins: PLUGINS }
  // Loads the code of converters and transforms; their errors are for the start, which can show them.
  await buildChain(settings, PLUGINS).catch(() => {})
  switch (connector.kind) {
    case 'source': {
      const { client, producer } = clientSettings(worker.raw, 'producer', settings.producerOverrides)
      const connected = await cluster(client)
      const start: Prepared['start'] = (lease, budget) =>
        startSource({ ...shared, connector, lease, budget, raw, cluster: connected, producerSettings: producer })
      return { view, settings, connector, start }
    }
    case 'sink': {
      const { client, consumer } = clientSettings(worker.raw, 'consumer', settings.consumerOverrides)
      const limitsPolls = 'max.poll.records' in settings.consumerOverrides || 'consumer.max.poll.records' in worker.raw
      const connected = await cluster(client)
      const sink = { group: sinkGroup(event.connector, settings.consumerOverrides), limitsPolls }
      const start: Prepared['start'] = (lease, budget) =>
        startSink({ ...shared, ...sink, connector, lease, budget, raw, cluster: connected, consumerSettings: consumer })
      return { view, settings, connector, start }
    }
    default:
      return connector satisfies never
  }
}
