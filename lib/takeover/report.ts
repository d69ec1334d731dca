/** What Penstock would run of a Connect cluster, and whether anything stands in the way. */
import type { RawConfig } from '../connect/settings.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { connectWorkers } from '../kafka/groups.ts'
import { lookUp } from '../registry.ts'
import type { TargetState } from '../state/configs.ts'
import type { KnownOffsets } from '../state/known-offsets.ts'
import { ownOffsetsTopic } from '../worker/offsets-store.ts'
import type { Worker } from '../worker/settings.ts'
import { type ConnectorVerdict, verdictOn } from './connector-verdict.ts'
import { sinkGroupOf } from './groups.ts'
import { configProviders, connectorPlugins, type PluginUse, workerPlugins } from './plugin-uses.ts'
import { type ConnectTopics, readConnectTopics, readOffsets } from './read-topics.ts'
import { type SecretReference, secretReferences } from './secrets.ts'
import { type SinkProgress, sinkProgress } from './sink-lag.ts'
import { type Difference, workerDifferences } from './worker-differences.ts'

export interface TakeoverReport {
  readonly group: string
  readonly topics: Worker['topics']
  /** Alive now, by the URL of their REST API. */
  readonly workers: readonly string[]
  readonly connectors: readonly ConnectorReport[]
  readonly worker: {
    readonly plugins: readonly PluginUse[]
    readonly secrets: readonly SecretReference[]
    readonly differences: readonly Difference[]
  }
  /** To be mended before; those of single connectors too. */
  readonly problems: readonly string[]
  readonly verdict: 'ready' | 'blocked'
}

export interface ConnectorReport {
  readonly name: string
  readonly class: string
  /** Null: its plugin is missing, and its config doesn't tell. */
  readonly kind: 'source' | 'sink' | null
  readonly target: TargetState
  /** As last shown; null where there is no status. */
  readonly state: string | null
  readonly tasks: readonly { readonly id: number; readonly state: string | null; readonly worker_id: string | null }[]
  readonly guarantee: ConnectorVerdict['guarantee']
  readonly plugins: readonly PluginUse[]
  readonly secrets: readonly SecretReference[]
  readonly offsets:
    | { readonly source: readonly { readonly partition: unknown; readonly offset: unknown }[] }
    | { readonly sink: SinkProgress }
  readonly problems: readonly string[]
}

const AT_ONCE = 8

/** Reads only. `given`: the worker's settings as they were given, without defaults; `worker`: with them. */
export async function takeoverReport(cluster: Cluster, worker: Worker, given: RawConfig): Promise<TakeoverReport> {
  const group = worker.settings['group.id']
  const [topics, workers] = await Promise.all([readConnectTopics(cluster, worker), connectWorkers(cluster, group)])
  const connectors = await reports(cluster, worker, topics)
  const exactlyOnce = connectors.flatMap(({ name, guarantee }) => (guarantee === 'exactly-once' ? [name] : []))
  const { differences, problems: own } = workerDifferences(given, exactlyOnce)
  const missing = workerPlugins(given).filter(({ kind, found }) => !found && kind !== 'config_provider')
  const problems = [
    ...own,
    ...missing.map(missingPlugin),
    ...connectors.flatMap(({ name, problems: found }) => found.map((problem) => `${name}: ${problem}`)),
  ]
  return {
    group,
    topics: worker.topics,
    workers,
    connectors,
    worker: { plugins: workerPlugins(given), secrets: secretReferences(given), differences },
    problems,
    verdict: problems.length === 0 ? 'ready' : 'blocked',
  }
}

async function reports(cluster: Cluster, worker: Worker, topics: ConnectTopics): Promise<ConnectorReport[]> {
  const waiting = [...topics.connectors.keys()]
  const made = new Map<string, ConnectorReport>()
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      made.set(name, await connectorReport(cluster, worker, topics, name))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return [...topics.connectors.keys()].flatMap((name) => made.get(name) ?? [])
}

async function connectorReport(
  cluster: Cluster,
  worker: Worker,
  topics: ConnectTopics,
  name: string,
): Promise<ConnectorReport> {
  const connector = topics.connectors.get(name)
  const statuses = topics.statuses.get(name)
  const config = connector?.config ?? {}
  const plugins = connectorPlugins(config)
  const secrets = secretReferences(config)
  const { guarantee, problems } = await verdictOn(config, worker)
  const sinkGroup = sinkGroupOf(name, config)
  return {
    name,
    class: config['connector.class'] ?? '',
    kind: kindOf(config, sinkGroup),
    target: connector?.targetState ?? 'STARTED',
    state: statuses?.connector?.state ?? null,
    tasks: (connector?.tasks ?? []).map((_, id) => {
      const status = statuses?.tasks.get(id)
      return { id, state: status?.state ?? null, worker_id: status?.workerId ?? null }
    }),
    guarantee,
    plugins,
    secrets,
    offsets:
      sinkGroup === null
        ? { source: await sourceProgress(cluster, worker, { ...config, name }, topics.offsets.get(name)) }
        : { sink: await sinkProgress(cluster, sinkGroup) },
    problems: [
      ...plugins.filter(({ found }) => !found).map(missingPlugin),
      ...unknownProviders(secrets, worker.raw),
      ...problems,
    ],
  }
}

/** Those of a topic of the connector's own come before the worker's. One in another Kafka isn't looked at. */
async function sourceProgress(
  cluster: Cluster,
  worker: Worker,
  config: RawConfig,
  shared: KnownOffsets | undefined,
): Promise<ReturnType<KnownOffsets['all']>> {
  const own = ownOffsetsTopic(worker, config)
  const fallback = shared?.all() ?? []
  if (own === null || own.bootstrap !== null || !(await cluster.topics([own.topic])).has(own.topic)) return fallback
  const known = (await readOffsets(cluster, own.topic)).get(config['name'] ?? '')
  if (known === undefined) return fallback
  return [...known.all(), ...fallback.filter(({ partition }) => known.get(partition) === undefined)]
}

function kindOf(config: RawConfig, sinkGroup: string | null): ConnectorReport['kind'] {
  if (sinkGroup !== null) return 'sink'
  const [use] = connectorPlugins(config)
  if (use?.found !== true) return null
  return lookUp('connector', use.class).kind === 'sink' ? 'sink' : 'source'
}

function missingPlugin({ setting, class: name, nearest }: PluginUse): string {
  return `there is no plugin ${name} (${setting})${nearest === null ? '' : `; the nearest is ${nearest}`}`
}

/** References to a provider that the worker doesn't declare, or that Penstock doesn't have. */
function unknownProviders(secrets: readonly SecretReference[], worker: RawConfig): string[] {
  const declared = new Map(
    configProviders(worker).map((use) => [use.setting.slice('config.providers.'.length, -'.class'.length), use]),
  )
  return [...new Set(secrets.map(({ provider }) => provider))].flatMap((provider) => {
    const use = declared.get(provider)
    if (use === undefined) return []
    return use.found ? [] : [missingPlugin(use)]
  })
}
