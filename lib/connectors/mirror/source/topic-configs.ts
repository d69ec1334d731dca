/** Topics' configs, as remote topics get them. */
import type { PluginLog } from '../../../connect/plugin.ts'
import { parse, type RawConfig } from '../../../connect/settings.ts'
import { alterConfigsOfTopics, type ConfigChanges, type ConfigEntry, topicConfigs } from '../../../kafka/admin.ts'
import type { Cluster } from '../../../kafka/cluster.ts'
import { kafkaError } from '../../../kafka/codes.ts'
import { anyOf, type NameFilter } from '../name-filter.ts'
import { type SourceConfig, USE_DEFAULTS_FROM } from './settings.ts'

/** How they are copied (`DefaultConfigPropertyFilter`). */
export interface TopicConfigs {
  readonly excluded: NameFilter
  /** Whether remote topics get what is a default of the source cluster, too. */
  readonly withDefaults: boolean
}

type Entries = ReadonlyMap<string, ConfigEntry>

export function topicConfigsOf(config: SourceConfig, raw: RawConfig): TopicConfigs {
  return {
    excluded: anyOf('config.properties.exclude', config['config.properties.exclude']),
    withDefaults: parse(USE_DEFAULTS_FROM, raw)['use.defaults.from'] === 'source',
  }
}

/** What a remote topic is created with. */
export function copied(entries: Entries, { excluded, withDefaults }: TopicConfigs): [string, string][] {
  return [...entries].flatMap(([name, entry]): [string, string][] => {
    const { value, source } = entry
    if (!mayCopy(name, entry, excluded) || value === null) return []
    return source === 'default' && !withDefaults ? [] : [[name, value]]
  })
}

/** Brings the configs of remote topics, by their names, to what those of their topics are. Only differences are written. */
export async function syncTopicConfigs(
  source: Cluster,
  target: Cluster,
  remoteNames: ReadonlyMap<string, string>,
  configs: TopicConfigs,
  log: PluginLog,
): Promise<void> {
  if (remoteNames.size === 0) return
  const [wanted, found] = await Promise.all([
    topicConfigs(source, [...remoteNames.keys()]),
    topicConfigs(target, [...remoteNames.values()]),
  ])
  const changes = new Map<string, ConfigChanges>()
  for (const [topic, name] of remoteNames) {
    const different = difference(wanted.get(topic) ?? new Map(), found.get(name) ?? new Map(), configs)
    if (Object.keys(different).length > 0) changes.set(name, different)
  }
  for (const { name, error, message } of await alterConfigsOfTopics(target, changes)) {
    if (error === 0) log.info(`the configs of remote topic ${name} follow its topic`, { changed: changes.get(name) })
    else log.warn(kafkaError(error, `Altering the configs of topic ${name}`, message).message)
  }
}

/** What is a default of the source cluster is one of the target cluster, whatever that is. */
function difference(wanted: Entries, found: Entries, { excluded, withDefaults }: TopicConfigs): ConfigChanges {
  const changes: Record<string, string | null> = {}
  for (const [name, entry] of wanted) {
    if (!mayCopy(name, entry, excluded)) continue
    const there = found.get(name)
    if (entry.source === 'default' && !withDefaults) {
      if (there?.source === 'topic') changes[name] = null
    } else if (there?.source !== 'topic' || there.value !== entry.value) changes[name] = entry.value
  }
  return changes
}

function mayCopy(name: string, { readOnly, sensitive, source }: ConfigEntry, excluded: NameFilter): boolean {
  return !readOnly && !sensitive && source !== 'staticBroker' && !excluded(name)
}
