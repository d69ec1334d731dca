/** Metrics that Connect doesn't have. Times in seconds, as Prometheus has them. */
import type { Latencies } from '../../state/measures.ts'
import { type Metric, one, type Value } from './metric.ts'
import type { TaskSight } from './sight.ts'

const own = (
  name: string,
  type: Metric<TaskSight>['type'],
  help: string,
  samples: Metric<TaskSight>['samples'],
): Metric<TaskSight> => ({ name: `penstock_task_${name}`, type, help, connect: null, samples })

const gauge = (name: string, help: string, value: Value<TaskSight>) =>
  own(name, 'gauge', help, (seen) => one(value(seen)))
const counter = (name: string, help: string, value: Value<TaskSight>) =>
  own(name, 'counter', help, (seen) => one(value(seen)))

/** Null for none. */
const seconds = (ms: number | null | undefined) => (ms === null || ms === undefined ? null : ms / 1000)

const OUTCOMES = ['read', 'filtered', 'written', 'skipped', 'deadLettered'] as const

export const PENSTOCK_METRICS: readonly Metric<TaskSight>[] = [
  own(
    'records',
    'gauge',
    'Records by outcome (docs/counters.md); what a slice that was cut off has to read again is taken off',
    ({ progress }) => OUTCOMES.map((outcome) => ({ labels: { outcome }, value: progress[outcome] })),
  ),
  gauge('lag', 'Records still to be read, of all partitions of a sink', ({ progress }) => progress.lag),
  counter('slices_total', 'Slices that came to their end', ({ lease }) => lease?.slices ?? 0),
  counter('restarts_total', 'Slices that began after a failure or a crash', ({ measures }) => measures.sums.restarts),
  counter('failures_total', 'Slices that failed', ({ measures }) => measures.sums.failed),
  gauge('restarts', 'Restarts since records last got on', ({ lease }) => lease?.restarts ?? 0),
  gauge('next_restart_timestamp_seconds', 'When a failed task starts again', ({ lease }) =>
    seconds(lease?.nextRestart),
  ),
  gauge('stalled', '1 while a slice runs in which nothing moves', ({ stalled }) => (stalled ? 1 : 0)),
  gauge('last_progress_timestamp_seconds', 'When a record last ended, or there was none', ({ progress }) =>
    seconds(progress.lastProgress),
  ),
  counter(
    'hand_overs_total',
    'Slices that went on where one before had more to do',
    ({ measures }) => measures.sums.handOvers,
  ),
  counter(
    'hand_over_gap_seconds_total',
    'The time between the last poll of a slice and the first of the next',
    ({ measures }) => measures.sums.handOverMs / 1000,
  ),
  gauge(
    'hand_over_gap_seconds',
    'The same, before the last slice',
    ({ measures }) => measures.latest.handOverMs / 1000,
  ),
  counter(
    'uncounted_total',
    "Offsets that a sink's slice had committed which was cut off before it could count them",
    ({ progress }) => progress.accounting.uncounted,
  ),
  gauge('mismatch', '1 where the counters do not add up: a bug of Penstock', ({ progress }) =>
    progress.accounting.mismatch === null ? 0 : 1,
  ),
]

/** Histograms: of each task the latencies until then. */
export const LATENCY = {
  name: 'penstock_record_latency_seconds',
  help: "From a record's timestamp, or without one from its poll, until it is acknowledged by Kafka (of a source), put into the target, or durable there (of a sink)",
  series: ({ type, measures }: TaskSight): readonly (readonly [until: string, Latencies])[] =>
    type === 'source'
      ? [['acknowledged', measures.latency]]
      : [
          ['put', measures.putLatency],
          ['durable', measures.latency],
        ],
} as const
