/** Statuses as the status topic has them; the views are in the connector's item (`ConnectorView`). */
import type { Budget } from '../connect/budget.ts'
import { ConnectError } from '../connect/errors.ts'
import { connectorKey, viewOf } from './connector-view.ts'
import { applyRelease } from './custody.ts'
import type { TopicLog } from './log.ts'
import { advanceStatusLog, statusLog } from './log-positions.ts'
import {
  encodeStatusRecord,
  type LeaseRecord,
  leaseKey,
  parseStatusRecord,
  type StatusRecord,
} from './status-records.ts'
import { applyStatus, applyStatuses, type PositionedStatus } from './status-views.ts'
import type { Table } from './table.ts'

export type { ActiveTopic, LeaseRecord, Status, StatusRecord, StatusState, TaskStatus } from './status-records.ts'

export interface Statuses {
  /**
   * Durable in the topic when it resolves. The views follow at once; where the table is lost or doesn't answer, with
   * the next `catchUp` of anyone.
   */
  publish(records: readonly StatusRecord[]): Promise<void>
  /** One `penstock-lease-` record, durable in the topic when it resolves; null deletes. */
  publishLease(connector: string, task: number, lease: LeaseRecord | null): Promise<void>
  /** What is published of a task's lease from now on. */
  watchLease(connector: string, task: number): Promise<LeaseWatch>
  /** Connects, so that what is published next waits for the broker alone. */
  warm(): Promise<void>
  /** Tombstones for all that the view of a deleted connector shows, and for the leases of these tasks. */
  forget(connector: string, tasks: readonly number[]): Promise<void>
  /**
   * Applies what others wrote to the views; answers the positions that they reflect then, by partition. `TableGone` where
   * the table isn't whole.
   */
  catchUp(): Promise<readonly number[]>
  /** The connectors that the topic's records between two positions are of, but for leases. */
  changed(from: readonly number[], to: readonly number[]): Promise<ReadonlySet<string>>
}

export interface LeaseWatch {
  /** True once the claim of this owner stands in the topic; false where the budget ends before. */
  claimedBy(owner: string, budget: Budget): Promise<boolean>
}

export function createStatuses(table: Table, log: TopicLog): Statuses {
  return new LoggedStatuses(table, log)
}

class LoggedStatuses implements Statuses {
  readonly #table: Table
  readonly #log: TopicLog

  constructor(table: Table, log: TopicLog) {
    this.#table = table
    this.#log = log
  }

  async publish(records: readonly StatusRecord[]): Promise<void> {
    const written = await this.#log.append(records.map(encodeStatusRecord))
    try {
      await Promise.all(
        records.map((record, i) => applyStatus(this.#table, { record, position: written[i]?.position ?? 0 })),
      )
    } catch (error) {
      if (!(error instanceof ConnectError) || error.kind !== 'retriable') throw error
    }
  }

  async publishLease(connector: string, task: number, lease: LeaseRecord | null): Promise<void> {
    await this.publish([{ kind: 'lease', connector, task, lease }])
  }

  async watchLease(connector: string, task: number): Promise<LeaseWatch> {
    const key = leaseKey(connector, task)
    const watch = await this.#log.watch(key)
    return {
      claimedBy: (owner, budget) =>
        watch.until((value) => {
          const record = parseStatusRecord(key, value)
          return record?.kind === 'lease' && record.lease?.owner === owner && !record.lease.ended
        }, budget),
    }
  }

  warm(): Promise<void> {
    return this.#log.open()
  }

  async forget(connector: string, tasks: readonly number[]): Promise<void> {
    const item = await this.#table.get(connectorKey(connector))
    const view = item === null ? null : viewOf(item)
    const records: StatusRecord[] = tasks.map((task) => ({ kind: 'lease', connector, task, lease: null }))
    for (const { task } of view?.taskStatuses ?? []) records.push({ kind: 'task', connector, task, status: null })
    for (const { topic } of view?.topics ?? []) records.push({ kind: 'topic', connector, topic, active: null })
    if (view?.connectorStatus) records.push({ kind: 'connector', connector, status: null })
    if (records.length > 0) await this.publish(records)
  }

  async catchUp(): Promise<readonly number[]> {
    const asked = this.#log.ends()
    asked.catch(() => {})
    const from = await statusLog(this.#table)
    const ends = await asked
    const reached = ends.map((end, partition) => Math.max(end, from[partition] ?? 0))
    if (reached.every((position, partition) => position === from[partition])) return reached
    await applyStatusTail(this.#table, this.#log, from, ends)
    await advanceStatusLog(this.#table, from, ends)
    return reached
  }

  async changed(from: readonly number[], to: readonly number[]): Promise<ReadonlySet<string>> {
    const records = (await this.#log.read(from, to)).map(({ key, value }) => parseStatusRecord(key, value))
    return new Set(records.flatMap((record) => (record === null || record.kind === 'lease' ? [] : [record.connector])))
  }
}

/** Applies what the topic has between the positions; answers the records that are understood. */
export async function applyStatusTail(
  table: Table,
  log: TopicLog,
  from: readonly number[],
  to: readonly number[],
): Promise<PositionedStatus[]> {
  const read = await log.read(from, to)
  const records = read.flatMap(({ key, value, position }) => {
    const record = parseStatusRecord(key, value)
    return record === null ? [] : [{ record, position }]
  })
  await applyStatuses(table, records)
  await applyRelease(table, read)
  return records
}
