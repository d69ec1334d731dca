/** Says where consumer groups of one Kafka cluster would go on in the topics' copies on another. */
import { ConfigError } from '../../connect/errors.ts'
import { source } from '../../connect/plugin.ts'
import type { RawConfig } from '../../connect/settings.ts'
import { split, tend, tendMs } from './checkpoint/groups.ts'
import { type CheckpointConfig, SETTINGS } from './checkpoint/settings.ts'
import { startTask } from './checkpoint/task.ts'
import { CLIENT_PREFIXES } from './clients.ts'
import { anyOf } from './name-filter.ts'
import { checkOffsetChanges } from './offset-changes.ts'

export default source<typeof SETTINGS>({
  class: 'org.apache.kafka.connect.mirror.MirrorCheckpointConnector',
  version: '4.3.1',
  doc: 'Translates the offsets of consumer groups for replicated topics: MirrorMaker 2.',
  settings: SETTINGS,
  listsCommon: true,
  clientPrefixes: CLIENT_PREFIXES,
  taskClass: 'org.apache.kafka.connect.mirror.MirrorCheckpointTask',
  exactlyOnce: () => null,
  checkOffsets: (changes) =>
    checkOffsetChanges(changes, { texts: ['group', 'topic'], partition: true, onlyZero: true }),
  validate,
  split,
  tendMs,
  tend,
  start: startTask,
})

/** As `MirrorCheckpointConfig.validate`; and what is no regular expression. */
async function validate(config: CheckpointConfig, raw: RawConfig): Promise<ReadonlyMap<string, readonly string[]>> {
  const errors = new Map<string, readonly string[]>()
  if (config.enabled && raw['emit.checkpoints.enabled'] === 'false')
    errors.set('emit.checkpoints.enabled', [
      "MirrorCheckpointConnector can't run with emit.checkpoints.enabled set to false",
    ])
  if (config.enabled && raw['emit.offset-syncs.enabled'] === 'false')
    errors.set('emit.offset-syncs.enabled', ["MirrorCheckpointConnector can't run without offset syncs"])
  for (const name of ['groups', 'groups.exclude'] as const) {
    try {
      anyOf(name, config[name])
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.set(name, [error.message])
    }
  }
  return errors
}
