/** Opens the tasks of a standalone worker on the pipeline's spines. */
import type { Budget } from '../connect/budget.ts'
import { ConfigError } from '../connect/errors.ts'
import type { PluginLog, SinkConnector, SourceConnector } from '../connect/plugin.ts'
import type { RawConfig } from '../connect/settings.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { createConsumer } from '../kafka/consumer.ts'
import { commit, committed } from '../kafka/groups.ts'
import { createProducer } from '../kafka/producer.ts'
import type { PluginSource } from '../pipeline/chain.ts'
import { openSink } from '../pipeline/open-sink.ts'
import type { Run } from '../pipeline/run.ts'
import { openSource } from '../pipeline/source.ts'
import { startPositions } from '../pipeline/start-positions.ts'
import { find } from '../registry.ts'
import type { FileOffsets } from '../state/file-offsets.ts'
import { ASSIGNMENT, parseAssignment, sinkGroup } from '../worker/assignment.ts'
import { cluster } from '../worker/clusters.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import { keepsPositions } from '../worker/guarantee.ts'
import { inFlight, within } from '../worker/in-flight.ts'
import type { Worker } from '../worker/settings.ts'

export interface StandaloneTask extends Pick<Run, 'run' | 'drain' | 'progress'> {
  /** Nothing is in flight afterwards. */
  close(): Promise<void>
}

export interface TaskStart<C> {
  readonly worker: Worker
  readonly offsets: FileOffsets
  readonly connector: C
  readonly settings: ConnectorSettings
  readonly config: RawConfig
  readonly taskConfig: RawConfig
  readonly task: number
  readonly log: PluginLog
}

const PLUGINS: PluginSource = {
  converter: (name) => find('converter', name),
  headerConverter: (name) => find('header_converter', name),
  transform: (name) => find('transformation', name),
  predicate: (name) => find('predicate', name),
}

/** At-least-once: a file can't be part of a transaction. */
export async function openSourceTask(start: TaskStart<SourceConnector>, budget: Budget): Promise<StandaloneTask> {
  const { worker, offsets, settings, connector, ...same } = start
  const { client, producer: producerSettings } = clientSettings(worker.raw, 'producer', settings.producerOverrides)
  const producer = await createProducer(await cluster(client), within(inFlight(), producerSettings))
  const admin = await cluster(clientSettings(worker.raw, 'admin', settings.adminOverrides).client)
  const known = offsets.of(settings.name)
  const stored = {
    get: known.get.bind(known),
    all: known.all.bind(known),
    save: (entries: Parameters<FileOffsets['save']>[1]) => offsets.save(settings.name, entries),
  }
  const common = {
    ...same,
    connector: settings.name,
    declaration: connector,
    worker,
    plugins: PLUGINS,
    inFlight: inFlight(),
  }
  const delivery = { kind: 'at-least-once', producer } as const
  const idleAfterMs = worker.settings['penstock.idle.after.ms']
  try {
    const run = await openSource({ ...common, cluster: admin, delivery, offsets: stored, idleAfterMs }, budget)
    return closing(run, () => producer.close())
  } catch (error) {
    await producer.close()
    throw error
  }
}

export async function openSinkTask(start: TaskStart<SinkConnector>, budget: Budget): Promise<StandaloneTask> {
  const { worker, settings, connector, offsets: _file, ...same } = start
  const overrides = settings.consumerOverrides
  if (keepsPositions(connector, start.config))
    throw new ConfigError(
      'penstock.sink.exactly.once needs leases, by which an older task is shut out: a standalone worker has none. Run the connector with penstock up, or leave the setting out',
    )
  const { client, consumer: consumerSettings } = clientSettings(worker.raw, 'consumer', overrides)
  const { autoOffsetReset: reset, isolationLevel: isolation } = consumerSettings
  const connected = await cluster(client)
  const group = sinkGroup(settings.name, overrides)
  const assignment = parseAssignment(start.taskConfig[ASSIGNMENT] ?? '')
  const before = await committed(connected, group)
  const positions = await startPositions({ cluster: connected, assignment, committed: before, reset, isolation })
  const consumer = createConsumer(connected, consumerSettings, { maxBytes: inFlight().fetched })
  const asked = 'max.poll.records' in overrides || 'consumer.max.poll.records' in worker.raw
  const common = {
    ...same,
    connector: settings.name,
    declaration: connector,
    worker,
    plugins: PLUGINS,
    inFlight: inFlight(),
  }
  const reading = { cluster: connected, consumer, positions, reset, isolation }
  try {
    const run = await openSink(
      {
        ...common,
        ...reading,
        maxRecords: asked ? consumerSettings.maxPollRecords : null,
        commit: (offsets) => commit(connected, group, offsets),
        idleAfterMs: worker.settings['penstock.idle.after.ms'],
      },
      budget,
    )
    return closing(run, () => consumer.close())
  } catch (error) {
    await consumer.close()
    throw error
  }
}

function closing(run: Run, close: () => Promise<void>): StandaloneTask {
  return {
    run: (budget) => run.run(budget),
    drain: (budget) => run.drain(budget),
    get progress() {
      return run.progress
    },
    async close() {
      await run.stop()
      await close()
    },
  }
}
