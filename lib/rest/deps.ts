/** What the REST API stands on. */
import type { PluginLog } from '../connect/plugin.ts'
import type { Configs } from '../state/configs.ts'
import type { Leases } from '../state/leases.ts'
import type { Statuses } from '../state/statuses.ts'
import type { Events } from '../worker/events.ts'
import type { Worker } from '../worker/settings.ts'
import type { PluginRegistry } from './plugin-registry.ts'

export interface Deps {
  readonly configs: Configs
  readonly statuses: Statuses
  readonly leases: Leases
  /** After `TableGone`: makes the table and its views anew. */
  rebuild(): Promise<void>
  /** Kafka's id of the cluster. */
  clusterId(): Promise<string>
  readonly registry: PluginRegistry
  readonly events: Pick<Events, 'emit'>
  readonly worker: Worker
  /** `worker_id` of what no status names one for. */
  readonly workerId: string
  /** Epoch ms. */
  readonly clock: () => number
  readonly log: Pick<PluginLog, 'warn' | 'error'>
}

/** Validating a config needs neither Kafka nor the table. */
export type ValidationDeps = Pick<Deps, 'registry' | 'worker'>
