/** What a metric is: how it is called, and its samples of a connector or of a task. */

export interface Sample {
  /** Beside the connector's, or the connector's and the task's. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Metric<S> {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** The group and the attribute among Connect's metrics (JMX); null for Penstock's own. */
  readonly connect: readonly [group: string, attribute: string] | null
  readonly samples: (sight: S) => readonly Sample[]
}

/** No sample where the value is null: where Connect shows NaN. */
export type Value<S> = (sight: S) => number | null

export function one(value: number | null): Sample[] {
  return value === null ? [] : [{ labels: {}, value }]
}

/** A text: 1, with the text as a label. */
export function said(label: string, text: string | null): Sample[] {
  return text === null || text === '' ? [] : [{ labels: { [label]: text }, value: 1 }]
}

/** Null where there is nothing to take a mean of. */
export function mean(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count
}

/** By the names that the JMX exporter gives Connect's metrics (kafka-connect.yml of jmx_exporter and of Strimzi). */
export function connectMetric<S>(
  group: string,
  attribute: string,
  help: string,
  samples: Metric<S>['samples'],
): Metric<S> {
  const kind = group.replace(/-metrics$/, '').replace(/^connect-/, '')
  return {
    name: `kafka_connect_${kind}_${attribute}`.replaceAll('-', '_'),
    type: attribute.endsWith('-total') ? 'counter' : 'gauge',
    help,
    connect: [group, attribute],
    samples,
  }
}
