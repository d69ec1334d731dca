/** A coordinator over a real Kafka and a real table, whose events the test gets and whose slices it plays. */
import type { CoordinatorDeps } from '../../../lib/coordinator/deps.ts'
import { pass } from '../../../lib/coordinator/pass.ts'
import { standInCalls } from '../../../lib/kafka/stand-ins.ts'
import { Secrets } from '../../../lib/observe/secrets.ts'
import { find } from '../../../lib/registry.ts'
import { NO_PROGRESS } from '../../../lib/state/lease.ts'
import type { State } from '../../../lib/state/open.ts'
import type { TaskEvent } from '../../../lib/worker/events.ts'
import type { Idle } from '../../../lib/worker/idle.ts'
import type { Group, World } from '../state/world.ts'

/** What coordinators have asked for; the test empties it. */
export interface Asked {
  invoked: TaskEvent[]
  woken: { readonly connectors: readonly string[] | null; readonly at: number }[]
}

/** One that has just started: it knows nothing. */
export function coordinator(world: World, { worker }: Group, state: State, asked: Asked): CoordinatorDeps {
  return {
    worker,
    workerId: 'w:1',
    state,
    events: {
      emit: async () => {},
      wake: async (connectors, at) => void asked.woken.push({ connectors, at }),
      invokeTask: async (event) => void asked.invoked.push(event),
    },
    cluster: async () => world.cluster,
    connector: (name) => find('connector', name),
    clock: Date.now,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    secrets: new Secrets(),
    groups: standInCalls(world.cluster),
    splitFailures: new Map(),
    joinFailures: new Map(),
    beside: new Set(),
    wakes: new Map(),
    idle: new Map(),
  }
}

type Config = Readonly<Record<string, string>>

export async function create({ state }: CoordinatorDeps, name: string, config: Config): Promise<void> {
  const before = (await state.configs.view(name))?.configPosition ?? null
  await state.configs.write(name, { configPosition: before }, [
    { kind: 'connector', connector: name, config: { name, 'tasks.max': '1', ...config } },
  ])
}

/** Brings the connector's tasks to their next slices, which end as idle. */
export async function runIdle(
  deps: CoordinatorDeps,
  asked: Asked,
  name: string,
  idle: Partial<Idle> = {},
): Promise<void> {
  await pass(deps, name)
  const events = asked.invoked.filter(({ connector }) => connector === name)
  if (events.length === 0) throw new Error(`no slice of ${name} was invoked`)
  const now = Date.now()
  for (const { task, epoch } of events) {
    const claim = { epoch, owner: `r/${name}-${task}`, deadline: now + 60_000, plannedEnd: now + 50_000 }
    await deps.state.leases.claim(name, task, claim)
    const end = { kind: 'at', at: now - 1, idle: { since: now, idleMs: 500, mark: null, ...idle } } as const
    const seal = { epoch, owner: claim.owner, end, progress: NO_PROGRESS, made: false, clean: true }
    await deps.state.leases.seal(name, task, seal)
  }
  asked.invoked = asked.invoked.filter(({ connector }) => connector !== name)
}
