/** The topics that a connector has used, in the status topic (KIP-558, `topic.tracking.enable`). */
import type { PluginLog } from '../connect/plugin.ts'
import type { State } from '../state/open.ts'
import type { ActiveTopic } from '../state/statuses.ts'

export interface ActiveTopics {
  /** Publishes those of `used` that aren't known yet, and empties it. */
  publish(used: Set<string>): Promise<void>
}

/** `known`: as of the slice's start. A reset while it runs is noticed within `lookMs`. */
export function activeTopics(
  { configs, statuses }: Pick<State, 'configs' | 'statuses'>,
  { connector, task }: { readonly connector: string; readonly task: number },
  known: readonly ActiveTopic[],
  lookMs: number,
  log: PluginLog,
): ActiveTopics {
  let names = new Set(known.map(({ topic }) => topic))
  let looked = Date.now()
  return {
    async publish(used) {
      if (used.size === 0) return
      const topics = [...used]
      used.clear()
      try {
        if (Date.now() - looked >= lookMs) {
          names = new Set((await configs.view(connector))?.topics.map(({ topic }) => topic))
          looked = Date.now()
        }
        const fresh = topics.filter((topic) => !names.has(topic))
        if (fresh.length === 0) return
        const discoveredAt = Date.now()
        await statuses.publish(
          fresh.map((topic) => ({ kind: 'topic', connector, topic, active: { topic, task, discoveredAt } })),
        )
        for (const topic of fresh) names.add(topic)
      } catch (error) {
        log.warn('the topics in use could not be published', { topics, error: (error as Error).message })
      }
    },
  }
}
