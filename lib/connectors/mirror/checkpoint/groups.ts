/** Which groups MirrorCheckpointConnector is for, and how they are shared out to its tasks. */
import type { SplitContext } from '../../../connect/plugin.ts'
import { parse, type RawConfig } from '../../../connect/settings.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { committed, list } from '../../../kafka/groups.ts'
import { bounded } from '../bounded.ts'
import { administer } from '../clients.ts'
import { ensureCompactedTopic } from '../internal-topics.ts'
import { type NameFilter, nameFilter } from '../name-filter.ts'
import { replicationPolicy } from '../replication-policy.ts'
import { periodMs, TOPICS } from '../settings.ts'
import type { CheckpointConfig } from './settings.ts'

/** Of the task's config, as Java's connector writes it. */
const ASSIGNED = 'task.assigned.groups'
/** Groups whose offsets are asked for at once. */
const AT_ONCE = 16

export function assignedGroups(raw: RawConfig): string[] {
  return (raw[ASSIGNED] ?? '')
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
}

/** The topics whose offsets are translated. */
export function topicFilter(raw: RawConfig): NameFilter {
  const { topics, 'topics.exclude': exclude } = parse(TOPICS, raw)
  return nameFilter({ include: 'topics', exclude: 'topics.exclude' }, topics, exclude)
}

/** Tasks with about as many groups each, in the order of their names. */
export async function split(
  config: CheckpointConfig,
  raw: RawConfig,
  maxTasks: number,
  { budget, log }: SplitContext,
): Promise<readonly RawConfig[]> {
  if (!config.enabled || !config['emit.checkpoints.enabled']) return []
  const topic = replicationPolicy(config, raw).checkpointsTopic(config['source.cluster.alias'])
  const prepare = async () => {
    await using target = await administer(raw, 'target', 'checkpoint-target-admin')
    await ensureCompactedTopic(target, topic, config['checkpoints.topic.replication.factor'], log)
    return findGroups(config, raw)
  }
  const groups = await bounded(prepare(), 'Finding consumer groups', config['admin.timeout.ms'], budget)
  return shares(groups, Math.min(maxTasks, groups.length)).map((share, task) => ({
    ...raw,
    [ASSIGNED]: share.join(','),
    'task.index': String(task),
  }))
}

export function tendMs(config: CheckpointConfig): number | null {
  const isOn = config.enabled && config['emit.checkpoints.enabled'] && config['refresh.groups.enabled']
  return periodMs(isOn, config['refresh.groups.interval.seconds'])
}

/** True where there are other groups than the tasks have. */
export async function tend(
  config: CheckpointConfig,
  raw: RawConfig,
  { tasks, budget }: SplitContext,
): Promise<boolean> {
  const finding = findGroups(config, raw)
  const groups = await bounded(finding, 'Finding consumer groups', config['admin.timeout.ms'], budget)
  const assigned = new Set(tasks.flatMap(assignedGroups))
  return groups.length !== assigned.size || groups.some((group) => !assigned.has(group))
}

/** Those that the config means and that have read a topic that it means. */
async function findGroups(config: CheckpointConfig, raw: RawConfig): Promise<string[]> {
  const settings = { include: 'groups', exclude: 'groups.exclude' }
  const isMeant = nameFilter(settings, config.groups, config['groups.exclude'])
  const isTopic = topicFilter(raw)
  await using source = await administer(raw, 'source', 'checkpoint-source-admin')
  const consumers = (await list(source)).filter(({ protocolType }) => ['consumer', ''].includes(protocolType))
  const waiting = consumers.map(({ group }) => group).filter(isMeant)
  const found: string[] = []
  const lane = async () => {
    for (let group = waiting.pop(); group !== undefined; group = waiting.pop())
      if (await hasRead(source, group, isTopic)) found.push(group)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return found.sort()
}

async function hasRead(source: Cluster, group: string, isTopic: NameFilter): Promise<boolean> {
  return (await committed(source, group)).some(({ topic }) => isTopic(topic))
}

/** `ConnectorUtils.groupPartitions`: neighbours together, the first shares one larger where it doesn't come out even. */
function shares(groups: readonly string[], count: number): string[][] {
  if (count === 0) return []
  const [least, larger] = [Math.floor(groups.length / count), groups.length % count]
  const start = (share: number) => share * least + Math.min(share, larger)
  return Array.from({ length: count }, (_, share) => groups.slice(start(share), start(share + 1)))
}
