/** Copies topics from one Kafka cluster to another: records, partitions, configs and ACLs. */
import { source } from '../../connect/plugin.ts'
import { CLIENT_PREFIXES } from './clients.ts'
import { checkOffsetChanges } from './offset-changes.ts'
import { look } from './source/look.ts'
import { isReadCommitted } from './source/positions.ts'
import { split, tend, tendMs } from './source/replication.ts'
import { SETTINGS } from './source/settings.ts'
import { startTask } from './source/task.ts'
import { validate } from './source/validate.ts'

export default source<typeof SETTINGS>({
  class: 'org.apache.kafka.connect.mirror.MirrorSourceConnector',
  version: '4.3.1',
  doc: 'Replicates topics of another Kafka cluster: MirrorMaker 2.',
  settings: SETTINGS,
  listsCommon: true,
  clientPrefixes: CLIENT_PREFIXES,
  taskClass: 'org.apache.kafka.connect.mirror.MirrorSourceTask',
  exactlyOnce: (_config, raw) => isReadCommitted(raw),
  checkOffsets: (changes) =>
    checkOffsetChanges(changes, { texts: ['cluster', 'topic'], partition: true, onlyZero: false }),
  validate,
  split,
  tendMs,
  tend,
  look,
  start: startTask,
})
