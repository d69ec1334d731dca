import { ConfigError } from '../../../connect/errors.ts'
import type { RawConfig } from '../../../connect/settings.ts'
import { anyOf } from '../name-filter.ts'
import { isReadCommitted } from './positions.ts'
import type { SourceConfig } from './settings.ts'

/** As `MirrorSourceConnector.validate`; and what is no regular expression, which Java's tells once it has started. */
export async function validate(config: SourceConfig, raw: RawConfig): Promise<ReadonlyMap<string, readonly string[]>> {
  const errors = new Map<string, string[]>()
  const add = (name: string, error: string) => errors.set(name, [...(errors.get(name) ?? []), error])
  if (raw['exactly.once.support'] === 'required' && !isReadCommitted(raw))
    add(
      'exactly.once.support',
      "MirrorSourceConnector can only provide exactly-once guarantees when its source consumer is configured with isolation.level set to 'read_committed'; otherwise, records from aborted and uncommitted transactions will be replicated from the source cluster to the target cluster.",
    )
  const aboutSyncs = Object.keys(raw).some((name) => /^offset-syncs(-|\.topic\.)/.test(name))
  if (raw['emit.offset-syncs.enabled'] === 'false' && aboutSyncs)
    add(
      'emit.offset-syncs.enabled',
      "MirrorSourceConnector can't setup offset-syncs feature while emit.offset-syncs.enabled set to false",
    )
  for (const name of ['topics', 'topics.exclude', 'config.properties.exclude'] as const) {
    try {
      anyOf(name, config[name])
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      add(name, error.message)
    }
  }
  return errors
}
