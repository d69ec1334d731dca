/** Carries out a plan. Each write is conditional on what was observed; one that no longer applies is left to the next look. */
import { ConnectError, trace } from '../connect/errors.ts'
import { fenceProducers } from '../kafka/fencing.ts'
import { sinkAssignment } from '../pipeline/sink-assignment.ts'
import type { ConfigRecord } from '../state/config-records.ts'
import type { Lease } from '../state/leases.ts'
import type { Status, StatusRecord } from '../state/status-records.ts'
import { transactionalId } from '../worker/guarantee.ts'
import type { CoordinatorDeps } from './deps.ts'
import type { Sight } from './observe.ts'
import type { Action } from './plan.ts'
import { partitionsOf } from './sink-partitions.ts'
import { taskConfigs } from './split.ts'

/** A wake that comes this much later than asked for, in ms, is good enough. */
const WAKE_SLACK_MS = 20

/** True where another look is needed at once. */
export async function act(deps: CoordinatorDeps, sight: Sight, actions: readonly Action[]): Promise<boolean> {
  let again = false
  for (const action of actions) again = (await one(deps, sight, action)) || again
  return again
}

async function one(deps: CoordinatorDeps, sight: Sight, action: Action): Promise<boolean> {
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
    case 'invite':
      return invite(deps, connector, action)
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
    case 'look-again':
      await leases.lookAgain(connector, action.lease.task, action.lease, action.at)
      return false
    case 'remove':
      return remove(deps, sight, action.lease)
    case 'settled':
      await settle(deps, sight, action.state)
      return false
    case 'wake':
      await wake(deps, connector, action.at)
      return false
    default:
      return action satisfies never
  }
}

async function invite(deps: CoordinatorDeps, connector: string, action: Action & { kind: 'invite' }): Promise<boolean> {
  const { task, after, generation, restarts } = action
  const epoch = (after?.epoch ?? 0) + 1
  const invitation = { after, epoch, generation, invitedAt: deps.clock(), restarts }
  const lease = await deps.state.leases.invite(connector, task, invitation)
  if (lease === null) return true
  await invoke(deps, connector, task, epoch, generation, false)
  return false
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

/** One wake a connector at a time, as far as this instance knows: each brings a pass, which asks for the next. */
async function wake(deps: CoordinatorDeps, connector: string, at: number): Promise<void> {
  const pending = deps.wakes.get(connector) ?? 0
  if (pending > deps.clock() && pending <= at + WAKE_SLACK_MS) return
  deps.wakes.set(connector, at)
  await deps.events.wake(connector, at)
}

/** Task configs of the config as observed: one write, which is a new generation. */
async function split(deps: CoordinatorDeps, sight: Sight): Promise<boolean> {
  const { view, settings } = sight
  if (view === null || view.config === null || settings === null) return true
  try {
    const connector = await deps.connector(settings.class)
    const counts =
      connector.kind === 'sink' ? await partitionsOf(await deps.cluster(), settings, { create: true }) : new Map()
    const assign = (task: number) => sinkAssignment(counts, settings.tasksMax, task)
    const configs = await taskConfigs(connector, view.config, settings.tasksMax, assign)
    const tasks = configs.map((config, task): ConfigRecord => ({ kind: 'task', connector: view.name, task, config }))
    const outcome = await write(deps, sight, [...tasks, { kind: 'commit', connector: view.name, tasks: tasks.length }])
    if (outcome === 'written') await show(deps, sight, 'RUNNING', null, connector.version)
    return true
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    deps.splitFailures.set(view.name, { configPosition: view.configPosition, at: deps.clock() })
    deps.log.error('no task configs could be made', { connector: view.name, error: error.message })
    await show(deps, sight, 'FAILED', trace(error), null)
    return true
  }
}

function write(deps: CoordinatorDeps, sight: Sight, records: readonly ConfigRecord[]): Promise<'written' | 'conflict'> {
  const { view } = sight
  const expected = {
    configPosition: view?.configPosition ?? null,
    ...(view === null ? {} : { targetPosition: view.targetPosition, generation: view.generation }),
  }
  return deps.state.configs.write(sight.seen.connector, expected, records)
}

/** KIP-618: ends what producers of the older generation have left open, then says how many ids this one uses. */
async function fence(deps: CoordinatorDeps, sight: Sight): Promise<boolean> {
  const { view } = sight
  if (view === null) return true
  const ids = Array.from({ length: view.fencedTasks ?? 0 }, (_, task) => transactionalId(deps.worker, view.name, task))
  if (ids.length > 0) await fenceProducers(await deps.cluster(), ids)
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
  const { connector } = sight.seen
  const before = sight.view?.connectorStatus ?? null
  if (before !== null && before.state === state && before.trace === reason && before.workerId === deps.workerId) return
  const status = statusOf(deps, sight, state, reason, version)
  await deps.state.statuses.publish([{ kind: 'connector', connector, status }])
}

/** A task that is no more. */
async function remove(deps: CoordinatorDeps, sight: Sight, lease: Lease): Promise<boolean> {
  const { connector, task } = lease
  if (!(await deps.state.leases.remove(connector, task, lease))) return true
  const shown = sight.view?.taskStatuses.some((status) => status.task === task) ?? false
  if (shown) await deps.state.statuses.publish([{ kind: 'task', connector, task, status: null }])
  return false
}

async function settle(
  deps: CoordinatorDeps,
  sight: Sight,
  state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'DELETED',
): Promise<void> {
  const { view } = sight
  const { connector } = sight.seen
  if (view === null) return
  if (state === 'DELETED') {
    if (view.connectorStatus === null && view.taskStatuses.length === 0) return
    return deps.state.statuses.forget(
      connector,
      view.taskStatuses.map((status) => status.task),
    )
  }
  const version = sight.connector?.version ?? null
  await show(deps, sight, state, null, version)
  if (state === 'RUNNING') return
  const records = view.taskStatuses.flatMap((shown): StatusRecord[] => {
    if (state === 'STOPPED') return [{ kind: 'task', connector, task: shown.task, status: null }]
    if (shown.state === state || shown.state === 'FAILED') return []
    return [{ kind: 'task', connector, task: shown.task, status: statusOf(deps, sight, state, null, version) }]
  })
  if (records.length > 0) await deps.state.statuses.publish(records)
}
