/** Reconcile passes: observe, plan, act, and once more where an action changed what there is to see. */
import { ConnectError } from '../connect/errors.ts'
import type { Custody } from '../state/custody.ts'
import { TableGone } from '../state/table.ts'
import { lookAtGroups, recentCustody } from '../takeover/groups.ts'
import { act, isShown, showFailed } from './act.ts'
import type { CoordinatorDeps } from './deps.ts'
import { type Hints, look, observe, type Sight, survey, withPartitions } from './observe.ts'
import { type Action, type Observed, plan } from './plan.ts'
import { completeRelease } from './release.ts'
import { keepMembers } from './sink-members.ts'
import { tendBeside } from './tend.ts'
import { type Wake, wake } from './wakes.ts'

/** Task configs, fencing, invitations: three looks settle a connector; the rest is for writers that come between. */
const LOOKS = 8
const AT_ONCE = 8
/** How long, in ms, an idle connector is taken to be as it was: the events of a change come sooner. */
const KNOWN_MS = 60_000

export interface PassHints extends Hints {
  /** A source connector has asked for its tasks to be made anew. */
  readonly reconfigure: boolean
}

/** Brings one connector nearer to what is wanted. Passes may overlap. */
export async function pass(deps: CoordinatorDeps, name: string, hints: Partial<PassHints> = {}): Promise<void> {
  const { heirsWanted = [], partitions = false, reconfigure = false } = hints
  const full: Hints = { heirsWanted, partitions }
  deps.idle.delete(name)
  await withTable(deps, async () => {
    await deps.state.configs.catchUp()
    for (let look = 0; look < LOOKS; look++) {
      const sight = await readable(deps, name, observe(deps, name, full))
      if (sight === null) return
      const actions = plan(reconfigure && look === 0 ? reconfigured(sight.seen) : sight.seen)
      const again = await act(deps, sight, actions)
      if (again) continue
      tendBeside(deps, sight, reconfigureOne(deps))
      return remember(deps, sight, actions)
    }
  })
}

function reconfigured(seen: Observed): Observed {
  return seen.config === null ? seen : { ...seen, config: { ...seen.config, partitionsChanged: true } }
}

function reconfigureOne(deps: CoordinatorDeps) {
  return (name: string) => pass(deps, name, { reconfigure: true })
}

/** Null where the config can't be what it is; then that is shown. */
async function readable(deps: CoordinatorDeps, name: string, reading: Promise<Sight>): Promise<Sight | null> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof ConnectError && error.kind === 'config')) throw error
    await showFailed(deps, await deps.state.configs.view(name), error)
    return null
  }
}

/** What couldn't be done, by connector. */
export type Failures = ReadonlyMap<string, Error>

/**
 * Those that a wake is for, mostly idle ones: what this instance knows of them is not read again, and whatever has
 * come for them is found out together. One that fails doesn't keep the others from their pass.
 */
export async function passOver(deps: CoordinatorDeps, names: ReadonlySet<string>): Promise<Failures> {
  const oldest = deps.clock() - KNOWN_MS
  const known = [...names].flatMap((name) => {
    const found = deps.idle.get(name)
    return found !== undefined && found.readAt >= oldest ? [found] : []
  })
  const unknown = [...names].filter((name) => !known.some((sight) => sight.seen.connector === name))
  const { sights, unreadable } = await withTable(deps, async () => {
    if (unknown.length === 0) return { sights: [], unreadable: [] }
    await deps.state.configs.catchUp()
    return survey(deps, await deps.state.configs.viewsOf(unknown), await recentCustody(deps))
  })
  return bringOn(deps, [...known, ...sights], unreadable, {})
}

/** All connectors: mends what events have missed. */
export async function passOverAll(deps: CoordinatorDeps): Promise<Failures> {
  const { sights, unreadable, custody } = await withTable(deps, async () => {
    await deps.state.configs.catchUp()
    await deps.state.statuses.catchUp()
    const custody = await lookAtGroups(deps)
    const found = await survey(deps, await deps.state.configs.views({ deleted: true }), custody)
    return { ...found, sights: await withPartitions(deps, found.sights), custody }
  })
  const [failures] = await Promise.all([
    bringOn(deps, sights, unreadable, { partitions: true }),
    keepMembers(deps, sights),
  ])
  if (custody.kind !== 'penstock') await standAside(deps, custody)
  return failures
}

/** Where nothing is to be done but to look again, that is all; every other connector gets a pass of its own. */
async function bringOn(
  deps: CoordinatorDeps,
  sights: readonly Sight[],
  unreadable: readonly string[],
  hints: Partial<Hints>,
): Promise<Failures> {
  const waiting = [...unreadable]
  const wakes: Wake[] = []
  for (const sight of await look(deps, sights)) {
    const { connector } = sight.seen
    const actions = plan(sight.seen)
    if (isQuiet(deps, sight, actions)) {
      remember(deps, sight, actions)
      tendBeside(deps, sight, reconfigureOne(deps))
      for (const action of actions) if (action.kind === 'wake') wakes.push({ connector, at: action.at })
    } else waiting.push(connector)
  }
  const failures = new Map<string, Error>()
  const lane = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const connector = name
      await pass(deps, connector, hints).catch((error: Error) => {
        const { message, stack } = error
        deps.log.error('the pass over a connector failed', { connector, error: message, stack })
        failures.set(connector, error)
      })
    }
  }
  await Promise.all([wake(deps, wakes), ...Array.from({ length: AT_ONCE }, lane)])
  return failures
}

function isQuiet(deps: CoordinatorDeps, sight: Sight, actions: readonly Action[]): boolean {
  return actions.every(
    (action) => action.kind === 'wake' || (action.kind === 'settled' && isShown(deps, sight, action.state)),
  )
}

/** Whose tasks all wait is known, and needn't be read for the next look. */
function remember(deps: CoordinatorDeps, sight: Sight, actions: readonly Action[]): void {
  const { connector, leases } = sight.seen
  const waits = leases.every(({ state, end }) => state === 'sealed' && (end?.kind === 'at' || end?.kind === 'done'))
  if (waits && isQuiet(deps, sight, actions)) deps.idle.set(connector, sight)
  else deps.idle.delete(connector)
}

/** How soon, in ms, it is looked again whether the workers have left, or the last slices have ended. */
const ASIDE_LOOK_MS = 5_000
const RELEASE_LOOK_MS = 1_000

async function standAside(deps: CoordinatorDeps, custody: Exclude<Custody, { kind: 'penstock' }>): Promise<void> {
  if (custody.kind === 'aside') return wake(deps, [{ connector: null, at: deps.clock() + ASIDE_LOOK_MS }])
  if (!custody.complete && !(await completeRelease(deps, custody.since)))
    await wake(deps, [{ connector: null, at: deps.clock() + RELEASE_LOOK_MS }])
}

/** A lost table is made again from the topics, then the work goes on. */
export async function withTable<T>(deps: Pick<CoordinatorDeps, 'state' | 'log'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TableGone)) throw error
    deps.log.warn('the table is gone: making it again from the topics')
    await deps.state.rebuild()
    return work()
  }
}
