/** A dead letter on its way back into the pipeline: what the queue's record says beside the record itself. */
import { ConnectRecord, type Origin, type Position } from '../connect/record.ts'
import { recordFromJson } from '../converters/record-text.ts'
import { readWholeJson } from '../java/json-text.ts'
import type { RecordHeader } from '../kafka/producer.ts'
import type { TransformStep } from './chain.ts'
import type { Stage } from './errors.ts'

/** The header of the queue's records that tells what they are; no record keeps it. */
const REDRIVE_HEADER = 'penstock.redrive'
/** The headers of a dead letter that was redriven before: how often, and whether its value is a record as JSON. */
export const COUNT_HEADER = 'penstock.redrive.count'
export const FORM_HEADER = 'penstock.redrive.form'

export interface Redriven {
  /** `TOPIC/PARTITION/OFFSET` of the dead letter. */
  readonly letter: string
  /** Where the record was read first, as the letter's context says it. */
  readonly topic: string
  readonly partition: string
  readonly offset: string
  /** Where it failed. */
  readonly stage: Stage
  readonly class: string
  readonly from: 'start' | 'failed-stage'
  /** `bytes`: key and value are those that were consumed. `record`: the value is a record as JSON (`recordToJson`). */
  readonly form: 'bytes' | 'record'
  /** How often the record was redriven, with this time. */
  readonly count: number
}

export function redriveHeader(redriven: Redriven): RecordHeader {
  return { key: REDRIVE_HEADER, value: JSON.stringify(redriven) }
}

/** Null for a record that isn't of the queue. `rest`: the record's own headers. */
export function takeRedrive<H extends { readonly key: string; readonly value: unknown }>(
  headers: readonly H[],
): { readonly redriven: Redriven; readonly rest: readonly H[] } | null {
  const found = headers.find(({ key }) => key === REDRIVE_HEADER)
  if (found === undefined) return null
  const redriven = JSON.parse(String(found.value)) as Redriven
  return { redriven, rest: headers.filter((header) => header !== found) }
}

/** For a letter that has failed again. */
export function countHeaders({ count, form }: Redriven): RecordHeader[] {
  const counted = { key: COUNT_HEADER, value: String(count) }
  return form === 'bytes' ? [counted] : [counted, { key: FORM_HEADER, value: form }]
}

/** A record as JSON, read from `origin`. */
export function recordOf(text: string, origin: Origin): ConnectRecord {
  const read = recordFromJson(readWholeJson(text))
  const { topic, partition, keySchema, key, valueSchema, value, timestamp, headers } = read
  return new ConnectRecord(topic, partition, keySchema, key, valueSchema, value, timestamp, headers, origin)
}

/** How many transforms a letter passes over. What failed at a transform that isn't there any more starts anew. */
export function stepsPassed(redriven: Redriven, kind: Origin['kind'], steps: readonly TransformStep[]): number {
  const { from, stage } = redriven
  if (from === 'start') return 0
  const failed = steps.findIndex((step) => step.class === redriven.class)
  if (stage === 'TRANSFORMATION') return Math.max(0, failed)
  // A source's converters come after the transforms, a sink's before.
  return kind === 'source' || stage === 'TASK_PUT' ? steps.length : 0
}

/** The partition of a source offset that counts the letters which are done; in the transaction of what they became. */
export function redrivePartition(topic: string): Position {
  return { [REDRIVE_HEADER]: topic }
}

export function isRedrivePartition(partition: Position): boolean {
  return REDRIVE_HEADER in partition
}
