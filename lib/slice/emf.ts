/** A slice's metrics for CloudWatch: what it did, as sums that CloudWatch adds up (docs/metrics.md). */
import { type EmfMetrics, emfLine } from '../observe/emf.ts'
import type { Lease, RunProgress } from '../state/lease.ts'
import { type Measures, quantile } from '../state/measures.ts'

export interface EndedSlice {
  /** As the slice got it. */
  readonly lease: Lease
  /** Null: the task didn't start. */
  readonly run: RunProgress | null
  /** Of this slice alone. */
  readonly measures: Measures
  readonly mismatch: boolean
}

const NAMESPACE = 'Penstock'

export function sliceEmf(slice: EndedSlice, timestamp = Date.now()): string {
  const { connector, task, epoch, slices } = slice.lease
  return emfLine({
    namespace: NAMESPACE,
    dimensionSets: [['connector'], ['connector', 'task']],
    dimensions: { connector, task: String(task) },
    properties: { epoch, slice: slices + 1 },
    metrics: emfMetrics(slice),
    timestamp,
  })
}

/** CloudWatch asks a price for each metric that is told: what is seldom other than 0 is told when it is. */
function emfMetrics({ run, measures, mismatch }: EndedSlice): EmfMetrics {
  const { sums, latency } = measures
  return {
    Slices: ['Count', 1],
    RecordsRead: ['Count', run?.read ?? 0],
    RecordsWritten: ['Count', run?.written ?? 0],
    RecordsFiltered: seldom(run?.filtered),
    RecordsSkipped: seldom(run?.skipped),
    RecordsDeadLettered: seldom(run?.deadLettered),
    RecordErrors: seldom(sums.errors),
    Retries: seldom(sums.retries),
    Failures: seldom(sums.failed),
    Restarts: seldom(sums.restarts),
    CommitFailures: seldom(sums.commitFailures),
    CounterMismatches: seldom(mismatch ? 1 : 0),
    Lag: ['Count', run?.lag ?? null],
    LatencyP50: ['Milliseconds', quantile(0.5, latency)],
    LatencyP99: ['Milliseconds', quantile(0.99, latency)],
    HandOverGap: ['Milliseconds', sums.handOvers === 0 ? null : sums.handOverMs],
  }
}

function seldom(count = 0): EmfMetrics[string] {
  return ['Count', count === 0 ? null : count]
}
