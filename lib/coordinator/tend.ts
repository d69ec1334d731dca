/** What source connectors look after beside their tasks (`SourceConnector.tend`): now and then, and beside passes. */
import { budget } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import type { SourceConnector } from '../connect/plugin.ts'
import { parse, type RawConfig } from '../connect/settings.ts'
import { find } from '../registry.ts'
import type { ConnectorView } from '../state/configs.ts'
import { realConfig, requireFiles } from '../worker/real-config.ts'
import type { CoordinatorDeps } from './deps.ts'
import type { Sight } from './observe.ts'
import { wake } from './wakes.ts'

/** The longest that it may take, in ms. */
const TEND_MS = 30_000

/** When a connector with this config was looked after last, epoch ms; kept by the instance alone, no harm if it is lost. */
const tended = new Map<string, { readonly configPosition: number; readonly at: number }>()

/** Begins to, where it is time. `reconfigure` makes a connector's tasks anew. */
export function tendBeside(
  deps: CoordinatorDeps,
  { seen, view, connector }: Sight,
  reconfigure: (name: string) => Promise<void>,
): void {
  if (view === null || connector?.kind !== 'source' || connector.tend === undefined) return
  const isCurrent = (view.generation ?? -1) > view.configPosition
  if (seen.standAside || view.targetState !== 'STARTED' || !isCurrent || view.config === null) return
  const known = tended.get(view.name)
  const last = known?.configPosition === view.configPosition ? known.at : 0
  const work = tend(deps, view, view.config, connector, last, reconfigure).catch((error: unknown) => {
    if (!(error instanceof ConnectError)) throw error
    deps.log.warn('what the connector looks after could not be seen to', {
      connector: view.name,
      error: error.message,
    })
  })
  deps.beside.add(work)
  void work.finally(() => deps.beside.delete(work)).catch(() => {})
}

async function tend(
  deps: CoordinatorDeps,
  { name, tasks, configPosition }: ConnectorView,
  written: RawConfig,
  connector: SourceConnector,
  last: number,
  reconfigure: (name: string) => Promise<void>,
): Promise<void> {
  const real = await realConfig(deps.worker, written)
  deps.secrets.add(real.values)
  const config = parse(connector.settings, real.config)
  const everyMs = connector.tendMs?.(config) ?? null
  if (everyMs === null) return
  const now = deps.clock()
  if (now < last + everyMs) return wake(deps, [{ connector: name, at: last + everyMs }])
  tended.set(name, { configPosition, at: now })
  await requireFiles(deps.worker, real, find)
  using time = budget(TEND_MS)
  const isOther = (await connector.tend?.(config, real.config, { tasks, budget: time, log: deps.log })) ?? false
  if (isOther) await reconfigure(name)
  await wake(deps, [{ connector: name, at: now + everyMs }])
}
