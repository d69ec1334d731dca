/**
 * What GET /connectors answers: names; or, where anything is to be expanded (KIP-465), a map by name. It is kept from one
 * request to the next: the views are what the topics hold, so what has come there since tells what has to be read again.
 */
import { connectorInfo, isLive, type LiveView, liveViews } from './connector-info.ts'
import { statusInfo } from './connector-status.ts'
import type { Deps } from './deps.ts'

interface Kept {
  /** Of the config topic, and of the status topic's partitions, where statuses are shown: up to which it is so. */
  readonly positions: readonly number[]
  /** Epoch ms. */
  readonly at: number
  /** By name, in the table's order: JSON; empty where names are all. */
  readonly entries: Map<string, string>
  readonly text: string
}

/** More changes than that are no less to read than everything. */
const FEW = 100
/** The topics keep a deletion for a day. */
const KEPT_MS = 3_600_000

/** Answers JSON. Unknown words in `expand` give empty entries. */
export function connectorList(deps: Deps): (expand: readonly string[]) => Promise<string> {
  const last = new Map<string, Kept>()
  return async (expand) => {
    const show = { names: expand.length === 0, status: expand.includes('status'), info: expand.includes('info') }
    const kind = JSON.stringify(show)
    const [position, statuses] = await Promise.all([deps.configs.catchUp(), show.status ? deps.statuses.catchUp() : []])
    const positions = [position, ...statuses]
    const kept = last.get(kind)
    if (kept !== undefined && String(kept.positions) === String(positions)) return kept.text
    const entries = (await changed(deps, show, kept, positions)) ?? (await entriesOf(deps, show, await liveViews(deps)))
    const text = show.names ? JSON.stringify([...entries.keys()]) : asObject(entries)
    last.set(kind, { positions, at: deps.clock(), entries, text })
    return text
  }
}

interface Show {
  readonly names: boolean
  readonly status: boolean
  readonly info: boolean
}

async function entriesOf(deps: Deps, show: Show, views: readonly LiveView[]): Promise<Map<string, string>> {
  const entries = views.map(async (view) => {
    if (show.names) return [view.name, ''] as const
    const status = show.status ? { status: await statusInfo(deps, view) } : {}
    const info = show.info ? { info: await connectorInfo(deps, view) } : {}
    return [view.name, JSON.stringify({ ...status, ...info })] as const
  })
  return new Map(await Promise.all(entries))
}

/** The entries with what has come since; null where all has to be read, as where a connector is new. */
async function changed(
  deps: Deps,
  show: Show,
  kept: Kept | undefined,
  positions: readonly number[],
): Promise<Map<string, string> | null> {
  if (kept === undefined || deps.clock() - kept.at > KEPT_MS) return null
  const [from = 0, ...statusesFrom] = kept.positions
  const [to = 0, ...statusesTo] = positions
  const records = positions.reduce((sum, position, i) => sum + position - (kept.positions[i] ?? 0), 0)
  if (records < 0 || records > FEW) return null
  const [configs, statuses] = await Promise.all([
    deps.configs.changed(from, to),
    show.status ? deps.statuses.changed(statusesFrom, statusesTo) : [],
  ])
  const names = [...new Set([...configs, ...statuses])]
  const views = (await deps.configs.viewsOf(names)).filter(isLive)
  if (views.some(({ name }) => !kept.entries.has(name))) return null
  const now = await entriesOf(deps, show, views)
  const entries = new Map(kept.entries)
  for (const name of names) {
    const entry = now.get(name)
    if (entry === undefined) entries.delete(name)
    else entries.set(name, entry)
  }
  return entries
}

function asObject(entries: ReadonlyMap<string, string>): string {
  return `{${[...entries].map(([name, entry]) => `${JSON.stringify(name)}:${entry}`).join(',')}}`
}
