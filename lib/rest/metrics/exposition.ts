/** The metrics of what was seen, as Prometheus' text. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { LATENCY_BOUNDS_MS, type Latencies } from '../../state/measures.ts'
import { CONNECTOR_METRICS, TASK_METRICS, WORKER_METRICS } from './connect-metrics.ts'
import type { Metric, Sample } from './metric.ts'
import { LATENCY, PENSTOCK_METRICS } from './penstock-metrics.ts'
import type { ConnectorSight } from './sight.ts'

export const CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

export async function exposition(connectors: readonly ConnectorSight[]): Promise<string> {
  const registry = new Registry()
  const tasks = connectors.flatMap((connector) => connector.tasks)
  for (const metric of WORKER_METRICS) add(registry, metric, metric.samples(connectors))
  for (const metric of CONNECTOR_METRICS)
    add(
      registry,
      metric,
      connectors.flatMap((seen) => labelled({ connector: seen.name }, metric.samples(seen))),
    )
  for (const metric of [...TASK_METRICS, ...PENSTOCK_METRICS])
    add(
      registry,
      metric,
      tasks.flatMap((seen) => labelled(ofTask(seen), metric.samples(seen))),
    )
  const series = tasks.flatMap((seen) =>
    LATENCY.series(seen).map(([until, latencies]) => ({ labels: { ...ofTask(seen), until }, latencies })),
  )
  registry.registerMetric(new CountedHistogram(series))
  return registry.metrics()
}

function ofTask({ connector, task }: { readonly connector: string; readonly task: number }): Sample['labels'] {
  return { connector, task: String(task) }
}

function labelled(more: Sample['labels'], samples: readonly Sample[]): Sample[] {
  return samples.map(({ labels, value }) => ({ labels: { ...more, ...labels }, value }))
}

/** Nothing where there is no sample: a name without any says nothing. */
function add(registry: Registry, { name, help, type }: Metric<never>, samples: readonly Sample[]): void {
  if (samples.length === 0) return
  const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))]
  const declared = { name, help, labelNames, registers: [registry] }
  if (type === 'counter') {
    const counter = new Counter(declared)
    for (const { labels, value } of samples) counter.inc({ ...labels }, value)
  } else {
    const gauge = new Gauge(declared)
    for (const { labels, value } of samples) gauge.set({ ...labels }, value)
  }
}

interface Series {
  readonly labels: Sample['labels']
  readonly latencies: Latencies
}

/** The library's own takes one observation at a time: these are counted already. */
class CountedHistogram extends Histogram {
  readonly #series: readonly Series[]

  constructor(series: readonly Series[]) {
    super({ name: LATENCY.name, help: LATENCY.help, labelNames: ['connector', 'task', 'until'], registers: [] })
    this.#series = series
  }

  /** What the registry asks for, and `get` too, though the library's types don't tell. */
  async getForPromString(): Promise<object> {
    const { name, help } = LATENCY
    return { name, help, type: 'histogram', values: this.#series.flatMap(valuesOf) }
  }
}

interface Sampled extends Sample {
  readonly metricName: string
}

/** Prometheus' buckets hold those before, too. */
function valuesOf({ labels, latencies }: Series): Sampled[] {
  const { name } = LATENCY
  let count = 0
  const buckets = latencies.counts.map((more, i) => {
    count += more
    const bound = LATENCY_BOUNDS_MS[i]
    const le = bound === undefined ? '+Inf' : String(bound / 1000)
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  const sum = { metricName: `${name}_sum`, labels, value: latencies.sumMs / 1000 }
  return [...buckets, sum, { metricName: `${name}_count`, labels, value: count }]
}
