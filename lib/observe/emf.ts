/** Lines in CloudWatch's embedded metric format: printed by a function, they become metrics without a call to anything. */

/** A value of null is left out. */
export type EmfMetrics = Readonly<Record<string, readonly [unit: 'Count' | 'Milliseconds', value: number | null]>>

export interface EmfLine {
  readonly namespace: string
  /** Each set makes a metric of its own: names among `dimensions`. */
  readonly dimensionSets: readonly (readonly string[])[]
  readonly dimensions: Readonly<Record<string, string>>
  /** What the line says beside; no metrics. */
  readonly properties: Readonly<Record<string, string | number>>
  readonly metrics: EmfMetrics
  /** Epoch ms. */
  readonly timestamp: number
}

/** With its newline. */
export function emfLine({ namespace, dimensionSets, dimensions, properties, metrics, timestamp }: EmfLine): string {
  const known = Object.entries(metrics).filter(([, [, value]]) => value !== null)
  const directive = {
    Namespace: namespace,
    Dimensions: dimensionSets,
    Metrics: known.map(([Name, [Unit]]) => ({ Name, Unit })),
  }
  const values = Object.fromEntries(known.map(([name, [, value]]) => [name, value]))
  const metadata = { _aws: { Timestamp: timestamp, CloudWatchMetrics: [directive] } }
  return `${JSON.stringify({ ...metadata, ...dimensions, ...properties, ...values })}\n`
}
