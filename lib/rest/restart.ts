/** POST /connectors/NAME/restart (KIP-745), and the restart of a task. */
import { pause } from '../connect/budget.ts'
import type { Lease } from '../state/leases.ts'
import { type Answer, accepted, type Call, flag, noContent, notFound, type Route } from './answer.ts'
import { type ConnectorStateInfo, requireStatus, type StateInfo, statusInfo } from './connector-status.ts'
import type { Deps } from './deps.ts'
import { decideAndWrite, tellChanged } from './write.ts'

export function restart(deps: Deps): Route[] {
  return [{ method: 'POST', path: '/connectors/:name/restart', handle: (call) => restartConnector(deps, call) }]
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

/** The lease changes under our feet with each step of its slice; it holds still for longer than this, in ms. */
const RETRY_MS = 20
const ATTEMPTS = 10

/**
 * A running task's slice is asked to stop, upon which the coordinator starts the next one; a failed one may start at
 * once, with its count of restarts back at 0. A task that is between two slices starts afresh anyway.
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
      return lease.end?.kind === 'failed' ? 'restart' : 'none'
    default:
      return lease.state satisfies never
  }
}
