import { ConfigError } from '../../connect/errors.ts'
import type { OffsetChange } from '../../connect/plugin.ts'
import type { Position } from '../../connect/record.ts'
import { DUE, GENERATION, ITERATION, SEED, TASK_ID } from './task.ts'

/** Whether a task could go on from these offsets, as a user may set them (KIP-875). `ConfigError` where not. */
export function checkOffsets(changes: readonly OffsetChange[]): void {
  for (const change of changes) check(change)
}

function check({ partition, offset }: OffsetChange): void {
  if (partition === null || Object.keys(partition).length !== 1 || !isCount(partition[TASK_ID]))
    throw new ConfigError(
      `A source partition of Datagen is {"${TASK_ID}": 0} with the number of a task, and not ${text(partition)}`,
    )
  if (offset === null) return
  if (!isCount(offset[ITERATION]))
    throw new ConfigError(
      `A source offset of Datagen needs "${ITERATION}", the number of the next record, and is ${text(offset)}`,
    )
  for (const [name, value] of Object.entries(offset)) {
    if (![GENERATION, ITERATION, SEED, DUE].includes(name))
      throw new ConfigError(`A source offset of Datagen has no "${name}": it is ${text(offset)}`)
    const right = name === SEED ? Number.isInteger(value) || typeof value === 'bigint' : isCount(value)
    if (!right)
      throw new ConfigError(`"${name}" of a source offset of Datagen must be an integer, and is ${text(offset)}`)
  }
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function text(position: Position | null): string {
  return JSON.stringify(position, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
}
