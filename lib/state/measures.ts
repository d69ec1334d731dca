/**
 * What is measured of a task beside its counters (docs/metrics.md). It goes from slice to slice with the lease, as lists
 * of numbers: their names would be most of the lease's item, which is written often and paid for by the KB.
 */

/** Of all slices since the lease was made; they only grow. Times in ms. New ones go to the end: leases have them by place. */
const SUMS = [
  /** Records that polls or fetches have brought, those that were read again too. */
  'polled',
  /** Records that are acknowledged, or that the sink has taken. */
  'written',
  /** Polls and fetches that brought records; records that were under way then, to take a mean. */
  'polls',
  'pollMs',
  'active',
  'puts',
  'putMs',
  'commits',
  'commitMs',
  'commitFailures',
  'transactions',
  'transactionRecords',
  /** As Connect's task-error-metrics count: attempts that failed, records that failed for good, those let go. */
  'failures',
  'errors',
  'skipped',
  'logged',
  'retries',
  'deadLetters',
  'deadLetterFailures',
  /** From one slice's last poll to the first of the next one, where there was more to do. */
  'handOvers',
  'handOverMs',
  /** Slices that came after a failure or a crash, and slices that failed. */
  'restarts',
  'failed',
] as const

/** Of the last slice. */
const LATEST = [
  'pollMaxMs',
  'batchMax',
  'activeNow',
  'activeMax',
  'putMaxMs',
  'commitMaxMs',
  'transactionMin',
  'transactionMax',
  'lagMax',
  'partitions',
  'handOverMs',
  /** Records per second, over the last minute. */
  'readRate',
  'writtenRate',
  /** Per second, as well. */
  'commitRate',
] as const

export type Sum = (typeof SUMS)[number]
export type Latest = (typeof LATEST)[number]

/** The upper ends of the buckets, in ms; the last bucket has none. */
export const LATENCY_BOUNDS_MS = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000]

/** Of records by the time from their timestamp on. */
export interface Latencies {
  /** One for each bucket: not those of the buckets before. */
  readonly counts: readonly number[]
  readonly sumMs: number
}

export interface Measures {
  readonly sums: Readonly<Record<Sum, number>>
  readonly latest: Readonly<Record<Latest, number>>
  /** When a record last failed for good, epoch ms; 0 for never. */
  readonly lastError: number
  /** Until the record is acknowledged, or the sink has it durable. */
  readonly latency: Latencies
  /** Until the sink's `put` has taken it. */
  readonly putLatency: Latencies
}

/** As the lease has them. */
export type PackedMeasures = readonly (readonly number[])[]

export function noSums(): Record<Sum, number> {
  return of(SUMS, [])
}

export function noLatest(): Record<Latest, number> {
  return of(LATEST, [])
}

export function noLatencies(): { counts: number[]; sumMs: number } {
  return { counts: Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0), sumMs: 0 }
}

export const NO_MEASURES: Measures = {
  sums: noSums(),
  latest: noLatest(),
  lastError: 0,
  latency: noLatencies(),
  putLatency: noLatencies(),
}

/** What earlier slices have measured, and this one so far. */
export function together(before: Measures, slice: Measures): Measures {
  const sums = noSums()
  for (const name of SUMS) sums[name] = before.sums[name] + slice.sums[name]
  return {
    sums,
    latest: slice.latest,
    lastError: slice.lastError || before.lastError,
    latency: added(before.latency, slice.latency),
    putLatency: added(before.putLatency, slice.putLatency),
  }
}

function added(a: Latencies, b: Latencies): Latencies {
  return { counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)), sumMs: a.sumMs + b.sumMs }
}

export function packed({ sums, latest, lastError, latency, putLatency }: Measures): PackedMeasures {
  const lists = [
    [lastError],
    SUMS.map((name) => Math.round(sums[name])),
    LATEST.map((name) => Math.round(latest[name] * 10) / 10),
    [Math.round(latency.sumMs), ...latency.counts],
    [Math.round(putLatency.sumMs), ...putLatency.counts],
  ]
  return lists.map((list) => list.slice(0, list.findLastIndex((number) => number !== 0) + 1))
}

/** Of a lease that has none: all zeros. */
export function unpacked(lists: PackedMeasures = []): Measures {
  const [[lastError = 0] = [], sums = [], latest = [], latency = [], putLatency = []] = lists
  return {
    sums: of(SUMS, sums),
    latest: of(LATEST, latest),
    lastError,
    latency: latenciesOf(latency),
    putLatency: latenciesOf(putLatency),
  }
}

function of<N extends string>(names: readonly N[], numbers: readonly number[]): Record<N, number> {
  return Object.fromEntries(names.map((name, i) => [name, numbers[i] ?? 0])) as Record<N, number>
}

function latenciesOf([sumMs = 0, ...counts]: readonly number[]): Latencies {
  return { counts: noLatencies().counts.map((_, i) => counts[i] ?? 0), sumMs }
}

/**
 * So many of the records (0 to 1) took no longer, in ms: by the bucket's place between its ends, as Prometheus'
 * `histogram_quantile` has it. Null where there are no records.
 */
export function quantile(share: number, { counts }: Latencies): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let left = share * total
  for (const [i, count] of counts.entries()) {
    const low = LATENCY_BOUNDS_MS[i - 1] ?? 0
    const high = LATENCY_BOUNDS_MS[i] ?? low
    if (count > 0 && left <= count) return low + (high - low) * (left / count)
    left -= count
  }
  return LATENCY_BOUNDS_MS.at(-1) ?? null
}
