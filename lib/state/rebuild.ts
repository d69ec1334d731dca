/** Making the table from the topics: for a new installation, and where it was lost while everything runs. */
import { randomUUID } from 'node:crypto'
import type { Configs } from './configs.ts'
import { type Lease, NO_PROGRESS } from './lease.ts'
import type { Leases } from './leases.ts'
import type { TopicLog } from './log.ts'
import { beginConfigLog, isWhole, markWhole } from './log-positions.ts'
import type { LeaseRecord, StatusRecord } from './status-records.ts'
import { applyStatusTail } from './statuses.ts'
import type { Table } from './table.ts'

const AT_ONCE = 10

export interface Rebuilt {
  readonly table: Table
  readonly configs: Configs
  readonly statusLog: TopicLog
  readonly leases: Leases
}

/**
 * Several may do it at once. What says that the table is whole comes last, and no task gets a first lease before:
 * whoever owned one when the table was lost keeps it until its deadline.
 */
export async function rebuildTable({ table, configs, statusLog, leases }: Rebuilt): Promise<void> {
  await table.create()
  await beginConfigLog(table, randomUUID())
  await configs.catchUp()
  if (await isWhole(table)) return
  const ends = await statusLog.ends()
  const start = ends.map(() => 0)
  const records = await applyStatusTail(table, statusLog, start, ends)
  const waiting = lastLeases(records.map(({ record }) => record))
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      if (next.lease !== null) await leases.restore(restored(next.connector, next.task, next.lease))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  await markWhole(table, ends)
}

type LeaseStatus = StatusRecord & { readonly kind: 'lease' }

function lastLeases(records: readonly StatusRecord[]): LeaseStatus[] {
  const last = new Map<string, LeaseStatus>()
  for (const record of records) if (record.kind === 'lease') last.set(`${record.connector}-${record.task}`, record)
  return [...last.values()]
}

/**
 * Not ended: owned until its deadline. Whether the invocation was doubled is forgotten, so that the report of its
 * failure proves nothing.
 */
function restored(connector: string, task: number, record: LeaseRecord): Lease {
  const { epoch, owner, deadline, ended, clean = false, generation = 0 } = record
  const before = { restarts: 0, nextRestart: null, slices: 0, progress: NO_PROGRESS, invitedAt: 0, plannedEnd: null }
  const slice = { epoch, generation, owner, deadline, heir: null, doubled: !ended, wanted: 'run' } as const
  const end = ended ? ({ kind: 'again' } as const) : null
  return { connector, task, ...slice, ...before, state: ended ? 'sealed' : 'owned', end, clean }
}
