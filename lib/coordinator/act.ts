/** Carries out a plan. Each write is conditional on what was observed; one that no longer applies is left to the next look. */
import { ConnectError, trace } from '../connect/errors.ts'
import { fenceProducers } from '../kafka/fencing.ts'
import { sinkAssignment } from '../pipeline/sink-assignment.ts'
import { find } from '../registry.ts'
import type { ConfigRecord } from '../state/config-records.ts'
import type { ConnectorView } from '../state/configs.ts'
import type { Lease } from '../state/leases.ts'
import type { Status, StatusRecord } from '../state/status-records.ts'
import { lookAtGroups } from '../takeover/groups.ts'
import { asWritten } from '../worker/config-variables.ts'
import { connectorSettings } from '../worker/connector-settings.ts'
import { isExactlyOnce, transactionalId } from '../worker/guarantee.ts'
import { offsetsStore } from '../worker/offsets-store.ts'
import { realConfig, requireFiles } from '../worker/real-config.ts'
import { secretValues } from '../worker/secrets.ts'
import type { CoordinatorDeps } from './deps.ts'
import type { Sight } from './observe.ts'
import { type Action, isAlive, type Observed } from './plan.ts'
import { restartAfter } from './restart.ts'
import { letJoin, letLeave } from './sink-members.ts'
import { partitionsOf } from './sink-partitions.ts'
import { taskConfigs } from './split.ts'
import { wake } from './wakes.ts'

/** True where another look is needed at once. */
export async function act(deps: CoordinatorDeps, sight: Sight, actions: readonly Action[]): Promise<boolean> {
  let again = false
  const invites = actions.filter((action) => action.kind === 'invite')
  for (const action of actions) {
    if (action.kind === 'invite') continue
    const changed = await one(deps, sight, action)
    // A task of an older generation may have come alive.
    if (changed && action.kind === 'remove') return true
    again ||= changed
  }
  return (await inviteAll(deps, sight.seen.connector, invites)) || again
}

async function one(deps: CoordinatorDeps, sight: Sight, action: Exclude<Action, Invite>): Promise<boolean> {
  const { leases } = deps.state
  const { connector } = sight.seen
  const now = deps.clock()
  switch (action.kind) {
    case 'split':
      return split(deps, sight)
    case 'clear-tasks':
      await write(deps, sight, [{ kind: 'commit', connector, tasks: 0 }])
      return true
    case 'fence':
      return fence(deps, sight)
    case 'stop':
      return (await leases.want(connector, action.lease.task, action.lease, 'stop')) === null
    case 'reissue': {
      const lease = await leases.reissue(connector, action.lease.task, action.lease, now)
      if (lease !== null) await invoke(deps, lease.connector, lease.task, lease.epoch, lease.generation, false)
      return lease === null
    }
    case 'invite-heir': {
      const lease = await leases.inviteHeir(connector, action.lease.task, action.lease, now)
      if (lease?.heir != null) await invoke(deps, connector, lease.task, lease.heir.epoch, lease.generation, true)
      return false
    }
    case 'drop-heir':
      await leases.dropHeir(connector, action.lease.task, action.lease)
      return false
    case 'await-restart':
      return awaitRestart(deps, sight, action)
    case 'remove':
      return remove(deps, sight, action.lease)
    case 'join':
      deps.beside.add(letJoin(deps, sight))
      return false
    case 'leave':
      await letLeave(deps, connector, sight.view?.members ?? null)
      return false
    case 'settled':
      await settle(deps, sight, action.state)
      return false
    case 'wake':
      await wake(deps, [{ connector, at: action.at }])
      return false
    default:
      return action satisfies never
  }
}

type Invite = Action & { kind: 'invite' }

/**
 * All leases are written before a slice is invoked. Where another pass has just given one out for an older generation,
 * none is: the next look waits for that one's end, and issues again what nobody has claimed.
 */
async function inviteAll(deps: CoordinatorDeps, connector: string, invites: readonly Invite[]): Promise<boolean> {
  const { leases } = deps.state
  const made: Lease[] = []
  const missed: Invite[] = []
  for (const action of invites) {
    const { task, after, generation, restarts } = action
    const epoch = (after?.epoch ?? 0) + 1
    const lease = await leases.invite(connector, task, { after, epoch, generation, invitedAt: deps.clock(), restarts })
    if (lease === null) missed.push(action)
    else made.push(lease)
  }
  if (made.length > 0 && missed.length > 0) {
    const generation = Math.max(...made.map((lease) => lease.generation))
    const others = await leases.of(missed.map(({ task }) => ({ connector, task })))
    const now = deps.clock()
    if (others.some((lease) => lease.generation < generation && isAlive(lease, now))) return true
  }
  for (const { task, epoch, generation } of made) await invoke(deps, connector, task, epoch, generation, false)
  return missed.length > 0
}

async function invoke(
  deps: CoordinatorDeps,
  connector: string,
  task: number,
  epoch: number,
  generation: number,
  heir: boolean,
): Promise<void> {
  await deps.events.invokeTask({ connector, task, epoch, generation, heir })
}

/** Task configs of the config as observed: one write, which is a new generation. */
async function split(deps: CoordinatorDeps, sight: Sight): Promise<boolean> {
  const { view } = sight
  if (view === null || view.config === null) return true
  try {
    const real = await realConfig(deps.worker, view.config)
    deps.secrets.add(real.values)
    await requireFiles(deps.worker, real, find)
    const settings = connectorSettings(real.config, deps.worker)
    const connector = await deps.connector(settings.class)
    const counts =
      connector.kind === 'sink' ? await partitionsOf(await deps.cluster(), settings, { create: true }) : new Map()
    const assign = (task: number) => sinkAssignment(counts, settings.tasksMax, task)
    const context = { tasks: view.tasks, log: deps.log }
    const configs = await taskConfigs(connector, real.config, settings.tasksMax, assign, context)
    const tasks = configs.map((made, task): ConfigRecord => {
      return { kind: 'task', connector: view.name, task, config: asWritten(view.config ?? {}, made) }
    })
    const records: ConfigRecord[] = [...tasks, { kind: 'commit', connector: view.name, tasks: tasks.length }]
    if (isFirst(sight) && isExactlyOnce(deps.worker, connector, real.config))
      records.push({ kind: 'tasks-fencing', connector: view.name, tasks: tasks.length })
    const outcome = await write(deps, sight, records)
    if (outcome === 'written') await show(deps, sight, 'RUNNING', null, connector.version)
    return true
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    deps.splitFailures.set(view.name, { configPosition: view.configPosition, at: deps.clock() })
    deps.secrets.add(await secretValues(view.config, find))
    deps.log.error('no task configs could be made', { connector: view.name, error: error.message })
    await show(deps, sight, 'FAILED', deps.secrets.scrub(trace(error)), null)
    return true
  }
}

/** Where no task ever ran, there is nothing to fence: how many ids the generation uses is written along with it. */
function isFirst({ view, seen }: Sight): boolean {
  return view?.fencedTasks === null && view.generation === null && seen.leases.length === 0
}

async function write(
  deps: CoordinatorDeps,
  sight: Sight,
  records: readonly ConfigRecord[],
): Promise<'written' | 'conflict'> {
  const { view } = sight
  const expected = {
    configPosition: view?.configPosition ?? null,
    ...(view === null ? {} : { targetPosition: view.targetPosition, generation: view.generation }),
  }
  // Tasks made of a config must not come after a newer one that no view reflects yet.
  await deps.state.configs.catchUp()
  return deps.state.configs.write(sight.seen.connector, expected, records)
}

/**
 * KIP-618: ends what producers of the older generation have left open, then says how many ids this one uses. What was
 * aborted may be of partitions that other tasks have now: before any of them runs, it is written over.
 */
async function fence(deps: CoordinatorDeps, sight: Sight): Promise<boolean> {
  const { view } = sight
  if (view === null) return true
  const ids = Array.from({ length: view.fencedTasks ?? 0 }, (_, task) => transactionalId(deps.worker, view.name, task))
  if (ids.length > 0) {
    // It could be the producer of a worker that has just come back.
    if ((await lookAtGroups(deps)).kind !== 'penstock') return true
    await fenceProducers(await deps.cluster(), ids)
    const { config } = await realConfig(deps.worker, view.config ?? {})
    const store = await offsetsStore(deps.worker, deps.state.offsets, config, deps.log)
    await store.confirmOverlaid(view.name)
  }
  await write(deps, sight, [{ kind: 'tasks-fencing', connector: view.name, tasks: view.tasks.length }])
  return true
}

/** A task that waits for its restart, or won't have one, shows FAILED with the reason. */
async function awaitRestart(
  deps: CoordinatorDeps,
  sight: Sight,
  action: Action & { kind: 'await-restart' },
): Promise<boolean> {
  const { lease, at } = action
  const { connector } = sight.seen
  const changed = await deps.state.leases.setRestart(connector, lease.task, lease, {
    restarts: lease.restarts,
    nextRestart: at,
  })
  if (changed === null) return true
  const shown = sight.view?.taskStatuses.find((status) => status.task === lease.task)
  if (shown?.state !== 'FAILED') {
    const reason = lease.end?.kind === 'failed' ? lease.end.error.trace : 'The slice ended without a word'
    const status = statusOf(deps, sight, 'FAILED', reason, sight.connector?.version ?? null)
    await deps.state.statuses.publish([{ kind: 'task', connector, task: lease.task, status }])
  }
  return false
}

function statusOf(
  deps: CoordinatorDeps,
  sight: Sight,
  state: Status['state'],
  reason: string | null,
  version: string | null,
) {
  return { state, trace: reason, workerId: deps.workerId, generation: sight.view?.generation ?? 0, version }
}

async function show(
  deps: CoordinatorDeps,
  sight: Sight,
  state: Status['state'],
  reason: string | null,
  version: string | null,
): Promise<void> {
  const status = statusOf(deps, sight, state, reason, version)
  if (isSame(sight, status)) return
  await deps.state.statuses.publish([{ kind: 'connector', connector: sight.seen.connector, status }])
}

/** A connector whose config can't be read as one. */
export async function showFailed(deps: CoordinatorDeps, view: ConnectorView | null, error: Error): Promise<void> {
  if (view === null) return
  const { name: connector, generation } = view
  const { workerId } = deps
  const reason = deps.secrets.scrub(trace(error))
  const status = { state: 'FAILED', trace: reason, workerId, generation: generation ?? 0, version: null } as const
  if (!isSame({ view }, status)) await deps.state.statuses.publish([{ kind: 'connector', connector, status }])
}

/** A task that is no more. */
async function remove(deps: CoordinatorDeps, sight: Sight, lease: Lease): Promise<boolean> {
  const { connector, task } = lease
  if (!(await deps.state.leases.remove(connector, task, lease))) return true
  const shown = sight.view?.taskStatuses.some((status) => status.task === task) ?? false
  if (shown) await deps.state.statuses.publish([{ kind: 'task', connector, task, status: null }])
  return false
}

type Settled = (Action & { kind: 'settled' })['state']

async function settle(deps: CoordinatorDeps, sight: Sight, state: Settled): Promise<void> {
  const { view } = sight
  if (isShown(deps, sight, state)) return
  if (state === 'DELETED') {
    const tasks = view?.taskStatuses.map((status) => status.task) ?? []
    return deps.state.statuses.forget(sight.seen.connector, tasks)
  }
  await deps.state.statuses.publish(unshown(deps, sight, state))
}

/** Whether the statuses say already what the connector has come to. */
export function isShown(deps: CoordinatorDeps, sight: Sight, state: Settled): boolean {
  const { view } = sight
  if (view === null) return true
  if (state === 'DELETED') return view.connectorStatus === null && view.taskStatuses.length === 0
  return unshown(deps, sight, state).length === 0
}

function unshown(deps: CoordinatorDeps, sight: Sight, state: Exclude<Settled, 'DELETED'>): StatusRecord[] {
  const { connector } = sight.seen
  const status = statusOf(deps, sight, state, null, sight.connector?.version ?? null)
  const own: StatusRecord[] = isSame(sight, status) ? [] : [{ kind: 'connector', connector, status }]
  if (state === 'RUNNING') return own
  const tasks = (sight.view?.taskStatuses ?? []).flatMap(({ task, state: shown }): StatusRecord[] => {
    if (state === 'STOPPED') return [{ kind: 'task', connector, task, status: null }]
    const stays = shown === 'FAILED' && hasFailed(sight.seen, task)
    return shown === state || stays ? [] : [{ kind: 'task', connector, task, status }]
  })
  return [...own, ...tasks]
}

/** By its own error, or with no restart left. A task whose instance was killed comes back paused, as a dead worker's does. */
function hasFailed({ leases, policy, now }: Observed, task: number): boolean {
  const lease = leases.find((one) => one.task === task)
  if (lease === undefined || lease.state === 'invited') return false
  if (lease.state === 'sealed') return lease.end?.kind === 'failed'
  return restartAfter(policy, lease, true, now).kind === 'never'
}

function isSame({ view }: Pick<Sight, 'view'>, { state, trace, workerId }: Status): boolean {
  const shown = view?.connectorStatus ?? null
  return shown !== null && shown.state === state && shown.trace === trace && shown.workerId === workerId
}
