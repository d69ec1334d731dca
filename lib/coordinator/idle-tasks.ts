/**
 * Whether something has come for idle tasks. Many are looked at together, without a slice: one request to each leader
 * tells the ends of all sinks' partitions, and a source connector's `look` is made to be cheap.
 */
import { type Budget, budget } from '../connect/budget.ts'
import type { Connector, SourceConnector } from '../connect/plugin.ts'
import { type ConfigOf, parse, type RawConfig, type Settings } from '../connect/settings.ts'
import { clientSettings } from '../kafka/client-settings.ts'
import { untilEnded } from '../pipeline/waiting.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Lease } from '../state/leases.ts'
import { ASSIGNMENT, parseAssignment, sinkGroup } from '../worker/assignment.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import type { Worker } from '../worker/settings.ts'
import type { CoordinatorDeps } from './deps.ts'
import { readToEnd, type WatchedSink } from './sink-partitions.ts'

interface WatchedSource {
  readonly kind: 'source'
  readonly task: number
  /** When it is first to be looked at, epoch ms. */
  readonly from: number
  readonly mark: string
  readonly config: ConfigOf<Settings>
  readonly raw: RawConfig
  readonly look: NonNullable<SourceConnector['look']>
}

export type Watched = WatchedSource | (WatchedSink & Pick<WatchedSource, 'task' | 'from'> & { readonly kind: 'sink' })

/** The longest that the looks may take, in ms, all together. */
const LOOKS_MS = 2_000
const AT_ONCE = 32

/** The idle tasks of a connector that can be looked at; the others' slices start at their time. */
export function watchedTasks(
  deps: CoordinatorDeps,
  view: ConnectorView,
  settings: ConnectorSettings,
  connector: Connector,
  leases: readonly Lease[],
): Watched[] {
  return leases.flatMap((lease): Watched[] => {
    const { task, state, end } = lease
    const config = view.tasks[task]
    if (state !== 'sealed' || end?.kind !== 'at' || end.idle === null || config === undefined) return []
    const from = end.at
    if (connector.kind === 'sink') {
      const group = sinkGroup(view.name, settings.consumerOverrides)
      const isolation = isolationOf(deps.worker, settings)
      return [{ kind: 'sink', task, from, group, isolation, assignment: parseAssignment(config[ASSIGNMENT] ?? '') }]
    }
    const { mark } = end.idle
    const { look } = connector
    if (mark === null || look === undefined) return []
    return [{ kind: 'source', task, from, mark, config: parse(connector.settings, config), raw: config, look }]
  })
}

const isolations = new WeakMap<ConnectorSettings, WatchedSink['isolation']>()

/** Of the sink's consumers; once for its settings, as they take a consumer's settings as a whole. */
function isolationOf({ raw }: Worker, settings: ConnectorSettings): WatchedSink['isolation'] {
  const isolation =
    isolations.get(settings) ?? clientSettings(raw, 'consumer', settings.consumerOverrides).consumer.isolationLevel
  isolations.set(settings, isolation)
  return isolation
}

/**
 * Those that have nothing to do. What can't be told counts as something, for the slice will show what is wrong; what
 * isn't told in time is for the next look.
 */
export async function nothingNew(deps: CoordinatorDeps, watched: readonly Watched[]): Promise<ReadonlySet<Watched>> {
  const now = deps.clock()
  const due = watched.filter(({ from }) => from <= now)
  const sinks = due.filter((one) => one.kind === 'sink')
  const sources = due.filter((one) => one.kind === 'source')
  using time = budget(LOOKS_MS)
  const [idleSinks, idleSources] = await Promise.all([
    sinks.length === 0 ? [] : untilEnded(readToEnd(await deps.cluster(), sinks), time),
    unchanged(sources, time),
  ])
  return new Set<Watched>([...(idleSinks ?? sinks), ...idleSources])
}

async function unchanged(sources: readonly WatchedSource[], time: Budget): Promise<WatchedSource[]> {
  const waiting = [...sources]
  const found: WatchedSource[] = []
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      if (time.signal.aborted || !(await hasChanged(next, time))) found.push(next)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, sources.length) }, lane))
  return found
}

async function hasChanged({ look, config, raw, mark }: WatchedSource, time: Budget): Promise<boolean> {
  try {
    return (await untilEnded(look(config, mark, time, raw), time)) ?? true
  } catch {
    return true
  }
}
