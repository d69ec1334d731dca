import { DataError } from '../../connect/errors.ts'
import type { Failure } from '../../connect/plugin.ts'
import type { ConnectRecord } from '../../connect/record.ts'
import type { Dialect } from './dialect/dialect.ts'

/** Names the record and the table, what the database said, and what to do. */
export function recordFailure(dialect: Dialect, table: string, record: ConnectRecord, error: unknown): Failure {
  const { origin } = record
  const where =
    origin.kind === 'sink'
      ? `topic ${origin.topic}, partition ${origin.partition}, offset ${origin.offset}`
      : `topic ${record.topic}`
  const advice = error instanceof DataError ? null : dialect.advice(error)
  const said = `${error instanceof Error ? error.message : error}${advice === null ? '' : `: ${advice}`}`
  return {
    record,
    error: new DataError(`The record of ${where} can't be written to table \`${table}\`: ${said}`, error),
  }
}
