/** POST /connectors/NAME/restart (KIP-745), and the restart of a task. */
import { pause } from '../connect/budget.ts'
import type { Lease } from '../state/leases.ts'
import type { Status, StatusRecord } from '../state/statuses.ts'
import { type Answer, accepted, type Call, flag, noContent, notFound, type Route } from './answer.ts'
import type { LiveView } from './connector-info.ts'
import {
  type ConnectorStateInfo,
  connectorStateInfo,
  requireStatus,
  type StateInfo,
  statusInfo,
} from './connector-status.ts'
import type { Deps } from './deps.ts'
import { bool } from './schema.ts'
import { decideAndWrite, tellChanged } from './write.ts'

export function restart(deps: Deps): Route[] {
  return [
    {
      method: 'POST',
      path: '/connectors/:name/restart',
      summary: 'Restarts a connector; with includeTasks its tasks too, with onlyFailed those that have failed',
      query: { includeTasks: bool, onlyFailed: bool },
      answers: { 202: connectorStateInfo, 204: null },
      handle: (call) => restartConnector(deps, call),
    },
  ]
}

/**
 * Without a flag: 204, and the coordinator looks at the connector anew. With one: 202 and the plan, in which what is
 * going to restart is RESTARTING.
 */
async function restartConnector(deps: Deps, call: Call): Promise<Answer> {
  const { name } = call
  const includeTasks = flag(call, 'includeTasks')
  const onlyFailed = flag(call, 'onlyFailed')
  const view = await requireStatus(deps, name, unknown)
  if (!includeTasks && !onlyFailed) {
    await tellChanged(deps, name)
    return noContent
  }
  const plan = restartPlan(await statusInfo(deps, view), includeTasks, onlyFailed)
  const tasks = plan.tasks.filter((task) => task.state === 'RESTARTING').map((task) => task.id)
  await deps.statuses.publish(restarting(plan, view))
  await Promise.all(tasks.map((task) => restartTask(deps, name, task)))
  await decideAndWrite(deps, name, (now) => {
    if (now === null) throw unknown(name)
    return [{ kind: 'restart', connector: name, includeTasks, onlyFailed }]
  })
  return accepted(plan)
}

const unknown = (name: string) => notFound(`Unknown connector: ${name}`)

function restartPlan(now: ConnectorStateInfo, includeTasks: boolean, onlyFailed: boolean): ConnectorStateInfo {
  const restarts = (state: StateInfo) => !onlyFailed || state.state === 'FAILED'
  const marked = <S extends StateInfo>(state: S, yes: boolean): S => (yes ? { ...state, state: 'RESTARTING' } : state)
  return {
    ...now,
    connector: marked(now.connector, restarts(now.connector)),
    tasks: now.tasks.map((task) => marked(task, includeTasks && restarts(task))),
  }
}

/** As the status topic has them from now on; the coordinator and the tasks' next slices show what becomes of it. */
function restarting({ name, connector, tasks }: ConnectorStateInfo, view: LiveView): StatusRecord[] {
  const status = ({ worker_id: workerId, version }: StateInfo): Status => {
    return { state: 'RESTARTING', trace: null, workerId, generation: view.generation ?? 0, version: version ?? null }
  }
  const own: StatusRecord[] = [{ kind: 'connector', connector: name, status: status(connector) }]
  return [
    ...(connector.state === 'RESTARTING' ? own : []),
    ...tasks
      .filter(({ state }) => state === 'RESTARTING')
      .map((task): StatusRecord => ({ kind: 'task', connector: name, task: task.id, status: status(task) })),
  ]
}

/** The lease changes under our feet with each step of its slice; it holds still for longer than this, in ms. */
const RETRY_MS = 20
const ATTEMPTS = 10

/**
 * A running task's slice is asked to stop, upon which the coordinator starts the next one; a failed one may start at
 * once, with its count of restarts back at 0, and so may one that is idle or done. A task that is between two slices
 * starts afresh anyway.
 */
export async function restartTask(deps: Deps, connector: string, task: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lease = await deps.leases.get(connector, task)
    if (lease === null) return
    const step = restartStep(lease, deps.clock())
    if (step === 'none') return
    const done =
      step === 'stop'
        ? await deps.leases.want(connector, task, lease, 'stop')
        : await deps.leases.setRestart(connector, task, lease, { restarts: 0, nextRestart: deps.clock() })
    if (done !== null) return
    await pause(RETRY_MS)
  }
}

function restartStep(lease: Lease, now: number): 'stop' | 'restart' | 'none' {
  switch (lease.state) {
    case 'invited':
      return 'none'
    case 'owned':
      if (now >= (lease.deadline ?? 0)) return 'restart'
      return lease.wanted === 'stop' ? 'none' : 'stop'
    case 'dead':
      return 'restart'
    case 'sealed':
      return lease.end === null || lease.end.kind === 'again' || lease.end.kind === 'stopped' ? 'none' : 'restart'
    default:
      return lease.state satisfies never
  }
}
