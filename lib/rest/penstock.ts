/** /penstock/connectors: progress beyond Connect's status. Times in epoch ms, null where there is none. */
import { type Lease, NO_PROGRESS } from '../state/lease.ts'
import { quantile, unpacked } from '../state/measures.ts'
import { STATUS_STATES } from '../state/status-records.ts'
import { guaranteeOf } from '../worker/guarantee.ts'
import { nextWake } from '../worker/idle.ts'
import { realConfig, WATCHED } from '../worker/real-config.ts'
import { notFound, ok, type Route } from './answer.ts'
import { type LiveView, liveViews } from './connector-info.ts'
import { requireStatus } from './connector-status.ts'
import { asideNote } from './custody.ts'
import type { Deps } from './deps.ts'
import { findOrNull } from './plugin-registry.ts'
import { array, described, integer, named, nullable, object, oneOf, type Static, text } from './schema.ts'
import { stalled, stalledNow } from './stalled.ts'

const number = described('Null where there is none', nullable(integer))

const counters = object({
  read: integer,
  filtered: integer,
  written: integer,
  skipped: integer,
  deadLettered: integer,
  retried: integer,
})

const taskInfo = named(
  'TaskProgress',
  object({
    id: integer,
    epoch: number,
    owner: nullable(text),
    deadline: number,
    slices: integer,
    lastPoll: number,
    lastCommit: number,
    lastProgress: described('When a record last ended, or the task looked and found nothing to do', nullable(integer)),
    lag: number,
    latency: described(
      'In ms, from a record on until it is acknowledged by Kafka, or durable in the target; null before the first record',
      nullable(object({ p50: integer, p99: integer })),
    ),
    note: described("Why nothing comes, in the source's words", nullable(text)),
    nextWake: number,
    stalled: described('A slice runs, and nothing moves; null where things do', nullable(stalled)),
    restarts: integer,
    nextRestart: number,
    counters,
    accounting: described(
      'How the counters stand to the committed offsets',
      object({ passed: integer, gaps: integer, uncounted: integer, ahead: integer, mismatch: nullable(text) }),
    ),
  }),
)

const connectorProgress = named(
  'ConnectorProgress',
  object({
    name: text,
    state: oneOf(...STATUS_STATES),
    guarantee: oneOf('exactly-once', 'at-least-once'),
    generation: described('Null: no tasks were made yet', nullable(integer)),
    tasks: array(taskInfo),
  }),
)

export type ConnectorProgress = Static<typeof connectorProgress>
export type TaskProgress = Static<typeof taskInfo>

export function penstock(deps: Deps): Route[] {
  return [
    {
      method: 'GET',
      path: '/penstock/connectors',
      summary: 'The progress of all connectors',
      answers: { 200: array(connectorProgress) },
      async handle() {
        await deps.statuses.catchUp()
        const views = await liveViews(deps)
        return ok(await Promise.all(views.map((view) => progress(deps, view))))
      },
    },
    {
      method: 'GET',
      path: '/penstock/connectors/:name',
      summary: "A connector's progress beyond its status",
      answers: { 200: connectorProgress },
      async handle({ name }) {
        const view = await requireStatus(deps, name, () => notFound(`Connector ${name} not found`))
        return ok(await progress(deps, view))
      },
    },
  ]
}

async function progress(deps: Deps, view: LiveView): Promise<ConnectorProgress> {
  const [leases, guarantee, { custody }] = await Promise.all([
    deps.leases.all(view.name),
    promised(deps, view),
    deps.custody.get(),
  ])
  const aside = asideNote(custody)
  return {
    name: view.name,
    state: view.connectorStatus?.state ?? 'UNASSIGNED',
    guarantee,
    generation: view.generation,
    tasks: view.tasks.map((_, task) => {
      const lease = leases.find((lease) => lease.task === task)
      const stall = stalledNow(lease, view, deps.worker, deps.clock())
      const shown = { ...taskProgress(task, lease, nextWakeOf(deps, view, lease)), stalled: stall }
      return aside === null ? shown : { ...shown, note: aside }
    }),
  }
}

function nextWakeOf({ worker, clock }: Deps, view: LiveView, lease: Lease | undefined): number | null {
  if (lease?.state !== 'sealed' || lease.end?.kind !== 'at') return null
  const idleMaxMs = Number(view.config['penstock.idle.max.ms'] ?? worker.settings['penstock.idle.max.ms'])
  return nextWake(lease.end, idleMaxMs, clock())
}

function taskProgress(id: number, lease: Lease | undefined, nextWake: number | null): Omit<TaskProgress, 'stalled'> {
  const owned = lease?.state === 'owned'
  const { read, filtered, written, skipped, deadLettered, retried, accounting } = { ...NO_PROGRESS, ...lease?.progress }
  const { passed, gaps, uncounted, ahead, mismatch } = accounting
  return {
    id,
    epoch: lease?.epoch ?? null,
    owner: owned ? lease.owner : null,
    deadline: owned ? lease.deadline : null,
    slices: lease?.slices ?? 0,
    lastPoll: lease?.progress.lastPoll ?? null,
    lastCommit: lease?.progress.lastCommit ?? null,
    lastProgress: lease?.progress.lastProgress ?? null,
    lag: lease?.progress.lag ?? null,
    latency: latencyOf(lease),
    note: lease?.progress.note ?? null,
    nextWake,
    restarts: lease?.restarts ?? 0,
    nextRestart: lease?.nextRestart ?? null,
    counters: { read, filtered, written, skipped, deadLettered, retried },
    accounting: { passed, gaps, uncounted, ahead: ahead.read, mismatch },
  }
}

function latencyOf(lease: Lease | undefined): TaskProgress['latency'] {
  const { latency } = unpacked(lease?.progress.measured)
  const [p50, p99] = [quantile(0.5, latency), quantile(0.99, latency)]
  return p50 === null || p99 === null ? null : { p50: Math.round(p50), p99: Math.round(p99) }
}

/** What the connector promises as it is configured; a config that can't be resolved or parsed promises no more than the least. */
async function promised(deps: Deps, view: LiveView): Promise<ConnectorProgress['guarantee']> {
  const connector = await findOrNull(deps.registry, 'connector', view.config['connector.class'] ?? '')
  try {
    if (connector === null) return 'at-least-once'
    const { config } = await realConfig(deps.worker, view.config, WATCHED)
    return guaranteeOf(deps.worker, connector, config)
  } catch {
    return 'at-least-once'
  }
}
