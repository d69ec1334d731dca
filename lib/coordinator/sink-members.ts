/**
 * Keeps members in sinks' consumer groups, one for each task, on the tasks' behalf: tools show them, nobody can change
 * the offsets under a running sink, and the broker doesn't forget them. Nothing depends on it: where members can't join,
 * or are lost, slices commit without (`lib/slice/group-commit.ts`).
 */
import { ConnectError } from '../connect/errors.ts'
import { CODES, kafkaError } from '../kafka/codes.ts'
import { isRefused } from '../kafka/group-coordinator.ts'
import type { StandIns } from '../kafka/stand-ins.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { SinkMembers } from '../state/sink-members.ts'
import { ASSIGNMENT, parseAssignment, sinkClientId, sinkGroup } from '../worker/assignment.ts'
import type { ConnectorSettings } from '../worker/connector-settings.ts'
import type { CoordinatorDeps } from './deps.ts'
import type { Sight } from './observe.ts'
import type { Observed } from './plan.ts'
import { wake } from './wakes.ts'

/** What the plan sees of them. A group that a user names may have the members of others, so none join it. */
export function observeMembers(
  { joinFailures }: CoordinatorDeps,
  view: ConnectorView | null,
  settings: ConnectorSettings | null,
  isSink: boolean,
): Observed['members'] {
  const failure = view === null ? undefined : joinFailures.get(view.name)
  return {
    held: view?.members ?? null,
    wanted: isSink && settings !== null && settings.consumerOverrides['group.id'] === undefined,
    failedAt: failure !== undefined && failure.tasks === view?.generation ? failure.at : null,
  }
}

/** Never rejects. A group that was empty takes some seconds to let them in. */
export async function letJoin(deps: CoordinatorDeps, { view, settings }: Sight): Promise<void> {
  if (view === null || settings === null) return
  const { name: connector, generation: tasks, members: held } = view
  const { joinFailures, log } = deps
  const standIns = standInsOf(deps, view, settings)
  try {
    const members = await joined(deps, view, standIns)
    if (members === null) return
    joinFailures.delete(connector)
    const { group, ids } = members
    log.info('members stand for the tasks in the consumer group', { connector, group, members: ids.length })
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    const { message } = error
    if (joinFailures.get(connector)?.because !== message)
      log.warn('the tasks have no members in the consumer group: offsets are committed all the same', {
        connector,
        error: message,
      })
    joinFailures.set(connector, { tasks: tasks ?? 0, at: deps.clock(), because: message })
    await letLeave(deps, connector, held)
  }
}

/** Null where another pass has been quicker. */
async function joined(deps: CoordinatorDeps, view: ConnectorView, standIns: StandIns): Promise<SinkMembers | null> {
  const { name: connector, generation: tasks } = view
  const { sinkMembers } = deps.state
  const { groups } = deps
  const { group, all } = standIns
  const before = view.members
  const known = before !== null && before.generation !== null && before.group === group ? before.ids : []
  if (before !== null && known.length === 0) await groups.leave(before.group, before.ids)
  if ((await groups.leaveLost(group, connector, known)) > known.length)
    throw kafkaError(CODES.UNKNOWN_MEMBER_ID, `Joining the consumer group ${group}`, 'others are in it')
  const kept = known.slice(0, all.length)
  const ids = [...kept, ...(await groups.reserve(standIns, all.slice(kept.length)))]
  const joining = { group, tasks: tasks ?? 0, generation: null, since: deps.clock(), ids }
  if (!(await sinkMembers.set(connector, before, joining))) {
    await groups.leave(group, ids.slice(kept.length))
    return null
  }
  try {
    await groups.leave(group, known.slice(all.length))
    const members = { ...joining, generation: await groups.join(standIns, ids) }
    return (await sinkMembers.set(connector, joining, members)) ? members : null
  } catch (error) {
    await groups.leave(group, ids)
    // Who has made them leave meanwhile knows why they couldn't join.
    if (!(await sinkMembers.set(connector, joining, null))) return null
    // The broker has forgotten some of those that were in.
    if (isRefused(error) && kept.length > 0) return joined(deps, { ...view, members: null }, standIns)
    throw error
  }
}

/** Never rejects: what stays in the group is tried again by the next pass, or is out with its session. */
export async function letLeave(deps: CoordinatorDeps, connector: string, held: SinkMembers | null): Promise<void> {
  if (held === null) return
  try {
    await deps.groups.leave(held.group, held.ids)
    await deps.state.sinkMembers.set(connector, held, null)
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    const { message } = error
    deps.log.warn('the members could not leave the consumer group', { connector, group: held.group, error: message })
  }
}

/** All that are in their groups: once a minute is well within their session. A pass lets those join again that aren't in any more. */
export async function keepMembers(deps: CoordinatorDeps, sights: readonly Sight[]): Promise<void> {
  await Promise.all(
    sights.map(async ({ view, seen }) => {
      const members = view?.members ?? null
      if (view === null || members === null || members.generation === null) return
      if (seen.standAside || !seen.members.wanted || view.targetState === 'STOPPED') return
      const { name: connector } = view
      try {
        if (await deps.groups.keep(members.group, members.generation, members.ids)) return
        if (!(await deps.state.sinkMembers.set(connector, members, null))) return
        deps.log.info('the consumer group has lost its members, or others want to join: they leave', { connector })
        await deps.groups.leave(members.group, members.ids)
        await wake(deps, [{ connector, at: deps.clock() }])
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error
        deps.log.warn('the members in the consumer group could not be kept', { connector, error: error.message })
      }
    }),
  )
}

/** Of all connectors: for whoever comes next. Slices that still run commit without. */
export async function letAllLeave(deps: CoordinatorDeps): Promise<void> {
  const views = await deps.state.configs.views({ deleted: true })
  await Promise.all(views.map(({ name, members }) => letLeave(deps, name, members)))
}

function standInsOf({ worker }: CoordinatorDeps, view: ConnectorView, settings: ConnectorSettings): StandIns {
  const { name: connector, tasks } = view
  const assignments = tasks.map((task) => parseAssignment(task[ASSIGNMENT] ?? ''))
  return {
    group: sinkGroup(connector, settings.consumerOverrides),
    connector,
    topics: [...new Set(assignments.flatMap((assignment) => [...assignment.keys()]))],
    all: assignments.map((assignment, task) => ({
      clientId: sinkClientId(worker.raw, connector, task, settings.consumerOverrides),
      partitions: [...assignment].flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition }))),
    })),
  }
}
