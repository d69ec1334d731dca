/** The state of one Connect cluster: three topics in Kafka, one table in DynamoDB. */
import type { Cluster } from '../kafka/cluster.ts'
import type { Worker } from '../worker/settings.ts'
import { type Configs, createConfigs, INTENT_MS, type OnOther } from './configs.ts'
import { type CustodyStore, createCustody } from './custody.ts'
import { createLeases, type Leases } from './leases.ts'
import { openLog, type TopicLog } from './log.ts'
import { createLoggers, type Loggers } from './loggers.ts'
import { createOffsetHistory, type OffsetHistory } from './offset-history.ts'
import { type OffsetsTopic, openOffsetsTopic } from './offsets-topic.ts'
import { rebuildTable } from './rebuild.ts'
import { createSinkMembers, type SinkMembersStore } from './sink-members-store.ts'
import { createSourceOffsets, type SourceOffsetsStore } from './source-offsets.ts'
import { createStatuses, type Statuses } from './statuses.ts'
import { openTable, type Table } from './table.ts'
import { ensureTopics } from './topics.ts'
import { createUsage, type UsageStore } from './usage.ts'

export interface StateOptions {
  readonly cluster: Cluster
  /** Its name (`PENSTOCK_TABLE`), or the table itself. */
  readonly table: string | Table
  readonly worker: Worker
  /** Records of the config topic that no view holds: restart requests, logger levels, session keys. */
  readonly onOther?: OnOther
}

export interface State extends AsyncDisposable {
  readonly configs: Configs
  readonly statuses: Statuses
  readonly leases: Leases
  readonly loggers: Loggers
  readonly offsets: SourceOffsetsStore
  readonly offsetHistory: OffsetHistory
  readonly usage: UsageStore
  readonly custody: CustodyStore
  readonly sinkMembers: SinkMembersStore
  /**
   * Makes what is missing: the topics, the table, the views, and the leases from the status topic. To be called where
   * something rejected with `TableGone`; doing it twice, or two at once, does no harm.
   */
  rebuild(): Promise<void>
  /** Leaves the cluster open: it is the caller's. */
  close(): Promise<void>
}

/** A config record that comes after its intent is void could get between another writer's. */
const CONFIG_DELIVERY_MS = INTENT_MS / 2
const STATUS_DELIVERY_MS = 15_000

/** Opens nothing by itself: the first use does. */
export function openState({ cluster, table, worker, onOther }: StateOptions): State {
  return stateOver({
    table: typeof table === 'string' ? openTable(table) : table,
    configLog: openLog(cluster, worker.topics.configs, 'read_committed', CONFIG_DELIVERY_MS),
    statusLog: openLog(cluster, worker.topics.status, 'read_uncommitted', STATUS_DELIVERY_MS),
    offsetsTopic: openOffsetsTopic(cluster, worker.topics.offsets),
    ensureTopics: () => ensureTopics(cluster, worker),
    ...(onOther === undefined ? {} : { onOther }),
  })
}

export interface StateParts extends Pick<StateOptions, 'onOther'> {
  readonly table: Table
  readonly configLog: TopicLog
  readonly statusLog: TopicLog
  readonly offsetsTopic: OffsetsTopic
  ensureTopics(): Promise<void>
}

export function stateOver({ table, configLog, statusLog, offsetsTopic, ensureTopics, onOther }: StateParts): State {
  const loggers = createLoggers(table)
  const configs = createConfigs(table, configLog, loggers, onOther)
  const leases = createLeases(table)
  const offsets = createSourceOffsets(offsetsTopic, table)
  const close = async () => {
    await Promise.all([configLog.close(), statusLog.close(), offsets.close()])
    table.close()
  }
  return {
    configs,
    statuses: createStatuses(table, statusLog),
    leases,
    loggers,
    offsets,
    offsetHistory: createOffsetHistory(table),
    usage: createUsage(table),
    custody: createCustody(table, statusLog),
    sinkMembers: createSinkMembers(table),
    async rebuild() {
      await ensureTopics()
      await rebuildTable({ table, configs, statusLog, leases })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
