/** Whether a connector could go on from offsets that a user asks for (KIP-875), in the words of `MirrorUtils`. */
import { ConnectError } from '../../connect/errors.ts'
import type { OffsetChange } from '../../connect/plugin.ts'
import type { Position } from '../../connect/record.ts'
import { javaString } from '../../java/to-string.ts'

const INT_MAX = 2_147_483_647

/** What a connector's source partitions and offsets are made of. */
export interface OffsetForm {
  /** Keys of a source partition with a text. */
  readonly texts: readonly string[]
  /** Whether it has the number of a Kafka partition too. */
  readonly partition: boolean
  /** Offsets say nothing: they are 0. */
  readonly onlyZero: boolean
}

/** Any offset may be taken away. */
export function checkOffsetChanges(changes: readonly OffsetChange[], form: OffsetForm): void {
  for (const { partition, offset } of changes) {
    if (offset === null) continue
    if (partition === null) throw refusal('Source partitions may not be null')
    for (const key of form.texts) checkText(partition, key)
    if (form.partition) checkPartition(partition)
    checkOffset(partition, offset, form.onlyZero)
  }
}

function checkText(partition: Position, key: string): void {
  requireKey(partition, key)
  if (typeof partition[key] !== 'string') throw invalid(partition, key, 'which must be a string')
}

function checkPartition(partition: Position): void {
  requireKey(partition, 'partition')
  const value = partition['partition']
  if (!isInteger(value) || value > INT_MAX) throw invalid(partition, 'partition', 'which must be an integer')
  if (value < 0) throw invalid(partition, 'partition', 'which cannot be negative')
}

function requireKey(partition: Position, key: string): void {
  if (!Object.hasOwn(partition, key))
    throw refusal(`Source partition ${javaString(partition)} is missing the '${key}' key, which is required`)
}

function invalid(partition: Position, key: string, why: string): ConnectError {
  const value = javaString(partition[key] ?? null)
  return refusal(`Source partition ${javaString(partition)} has an invalid value ${value} for the '${key}' key, ${why}`)
}

function checkOffset(partition: Position, offset: Position, onlyZero: boolean): void {
  const of = `Source offset ${javaString(offset)} for source partition ${javaString(partition)}`
  if (!Object.hasOwn(offset, 'offset')) throw refusal(`${of} is missing the 'offset' key, which is required`)
  const value = offset['offset']
  const wrong = `${of} has an invalid value ${javaString(value ?? null)} for the 'offset' key`
  if (!isInteger(value)) throw refusal(`${wrong}, which must be an integer`)
  if (onlyZero && Number(value) !== 0) throw refusal(`${wrong}; the only accepted value is 0`)
  if (value < 0) throw refusal(`${wrong}, which cannot be negative`)
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value)
}

function refusal(text: string): ConnectError {
  return new ConnectError(text, { kind: 'config' })
}
