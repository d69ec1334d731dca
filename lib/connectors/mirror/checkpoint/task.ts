/** The task that looks now and then how far groups have read, and says where that is in the copies. */
import type { Budget } from '../../../connect/budget.ts'
import { ConnectError } from '../../../connect/errors.ts'
import type { PluginLog, Polled, SourceContext, SourceTask } from '../../../connect/plugin.ts'
import { ConnectRecord, NO_HEADERS } from '../../../connect/record.ts'
import { BYTES } from '../../../connect/schema.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { committed } from '../../../kafka/groups.ts'
import { bounded } from '../bounded.ts'
import { administer } from '../clients.ts'
import { type Checkpoint, encodeCheckpoint } from '../records.ts'
import { replicationPolicy } from '../replication-policy.ts'
import { Checkpoints, remoteNames, type Translation } from './checkpoints.ts'
import { syncGroupOffsets } from './group-offsets.ts'
import { assignedGroups, topicFilter } from './groups.ts'
import { knownCheckpoints } from './known-checkpoints.ts'
import { type OffsetSyncs, openOffsetSyncs } from './offset-syncs.ts'
import type { CheckpointConfig } from './settings.ts'

/** Groups that are looked at, at once. */
const AT_ONCE = 16

/** Connects to both clusters, and reads the checkpoints that there are. */
export async function startTask(config: CheckpointConfig, context: SourceContext, budget: Budget): Promise<SourceTask> {
  const what = 'Connecting to the clusters and reading the checkpoints'
  return bounded(open(config, context), what, config['admin.timeout.ms'], budget, (task) => task.stop())
}

async function open(config: CheckpointConfig, { raw, log }: SourceContext): Promise<SourceTask> {
  const policy = replicationPolicy(config, raw)
  const groups = assignedGroups(raw)
  const topic = policy.checkpointsTopic(config['source.cluster.alias'])
  await using opened = new AsyncDisposableStack()
  const source = opened.use(await administer(raw, 'source', 'checkpoint-source-admin'))
  const target = opened.use(await administer(raw, 'target', 'checkpoint-target-admin'))
  const checkpoints = await knownCheckpoints(raw, topic, groups, log)
  const syncs = opened.use(await openOffsetSyncs(config, raw, policy, checkpoints !== null))
  const remoteTopic = remoteNames(policy, config['target.cluster.alias'])
  const translation = { syncs: syncs.store, isTopic: topicFilter(raw), remoteTopic }
  const known = checkpoints ?? new Checkpoints()
  return new CheckpointTask({ source, target, syncs, translation, known, groups, topic, config, log }, opened.move())
}

interface Parts {
  readonly source: Cluster
  readonly target: Cluster
  readonly syncs: OffsetSyncs
  readonly translation: Translation
  readonly known: Checkpoints
  readonly groups: readonly string[]
  /** The checkpoints' own. */
  readonly topic: string
  readonly config: CheckpointConfig
  readonly log: PluginLog
}

class CheckpointTask implements SourceTask {
  readonly #parts: Parts
  readonly #opened: AsyncDisposable
  /** Epoch ms of the next look, and of the next commit for groups. */
  #lookAt = 0
  #commitAt: number
  /** What is beyond a poll's limit. */
  #rest: ConnectRecord[] = []

  constructor(parts: Parts, opened: AsyncDisposable) {
    this.#parts = parts
    this.#opened = opened
    this.#commitAt = parts.config['sync.group.offsets.enabled'] ? 0 : Number.POSITIVE_INFINITY
  }

  async poll(limit: number, budget: Budget): Promise<Polled> {
    const { config } = this.#parts
    if (this.#rest.length === 0 && Date.now() >= Math.min(this.#lookAt, this.#commitAt))
      await bounded(this.#turn(), "Looking at the groups' offsets", config['admin.timeout.ms'], budget)
    const records = this.#rest.splice(0, limit)
    if (records.length > 0) return { records }
    const idleMs = Math.max(0, Math.min(this.#lookAt, this.#commitAt) - Date.now())
    return { records, idleMs, certain: true, ...this.#note() }
  }

  async stop(): Promise<void> {
    await this.#opened[Symbol.asyncDispose]()
  }

  #note(): Pick<Polled, 'note'> {
    const { syncs } = this.#parts
    return syncs.isThere ? {} : { note: `waiting for topic ${syncs.topic} to exist: MirrorSourceConnector creates it` }
  }

  async #turn(): Promise<void> {
    const { config, groups, syncs, known, target, log } = this.#parts
    const now = Date.now()
    if (now >= this.#lookAt) {
      await syncs.read()
      await forEach(groups, async (group) => {
        for (const checkpoint of await this.#newOf(group)) this.#rest.push(this.#record(checkpoint, now))
      })
      this.#lookAt = now + config['emit.checkpoints.interval.seconds'] * 1_000
    }
    if (now < this.#commitAt) return
    await forEach(groups, (group) => syncGroupOffsets(target, group, known.of(group), log))
    this.#commitAt = now + config['sync.group.offsets.interval.seconds'] * 1_000
  }

  /** A group that can't be read keeps none of the others from it. */
  async #newOf(group: string): Promise<readonly Checkpoint[]> {
    const { source, known, translation, log } = this.#parts
    try {
      return known.advance(group, await committed(source, group), translation)
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error
      log.error(`the offsets of group ${group} can't be read on the source cluster`, { error: error.message })
      return []
    }
  }

  #record(checkpoint: Checkpoint, now: number): ConnectRecord {
    const { group, topic, partition } = checkpoint
    const { key, value } = encodeCheckpoint(checkpoint)
    const origin = { kind: 'source', partition: { partition, topic, group }, offset: { offset: 0 } } as const
    return new ConnectRecord(this.#parts.topic, 0, BYTES, key, BYTES, value, now, NO_HEADERS, origin)
  }
}

async function forEach(groups: readonly string[], work: (group: string) => Promise<void>): Promise<void> {
  const waiting = [...groups].reverse()
  const lane = async () => {
    for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) await work(group)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, groups.length) }, lane))
}
