/** What the REST API stands on. */
import type { PluginLog } from '../connect/plugin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { LogReader } from '../observe/log-reader.ts'
import type { Configs } from '../state/configs.ts'
import type { CustodyStore } from '../state/custody.ts'
import type { Leases } from '../state/leases.ts'
import type { Loggers } from '../state/loggers.ts'
import type { OffsetHistory } from '../state/offset-history.ts'
import type { SourceOffsetsStore } from '../state/source-offsets.ts'
import type { Statuses } from '../state/statuses.ts'
import type { UsageStore } from '../state/usage.ts'
import type { Events } from '../worker/events.ts'
import type { Worker } from '../worker/settings.ts'
import type { PluginRegistry } from './plugin-registry.ts'

export interface Deps {
  readonly configs: Configs
  readonly statuses: Statuses
  readonly leases: Leases
  readonly loggers: Loggers
  readonly offsets: SourceOffsetsStore
  readonly custody: CustodyStore
  readonly offsetHistory: OffsetHistory
  readonly usage: UsageStore
  /** After `TableGone`: makes the table and its views anew. */
  rebuild(): Promise<void>
  /** The cluster of the worker's own topics, as an admin. */
  readonly admin: Cluster
  readonly registry: PluginRegistry
  readonly events: Pick<Events, 'emit'>
  readonly worker: Worker
  /** `worker_id` of what no status names one for. */
  readonly workerId: string
  /** Epoch ms. */
  readonly clock: () => number
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  /** Null: none that could be read. */
  readonly logs: LogReader | null
}

/** Validating a config needs neither Kafka nor the table. */
export type ValidationDeps = Pick<Deps, 'registry' | 'worker'>
