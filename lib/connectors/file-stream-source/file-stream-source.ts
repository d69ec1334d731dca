/**
 * Lines of a file, or of standard input, as string records. Waits for a file that isn't there yet and for lines that
 * have no end yet; goes on from the byte after the last line.
 */

import { ConnectError } from '../../connect/errors.ts'
import { type OffsetChange, type SourceContext, type SourceTask, source } from '../../connect/plugin.ts'
import type { ConfigOf } from '../../connect/settings.ts'
import { aFile, int, string } from '../../connect/settings.ts'
import { nonEmptyString } from '../../connect/validators.ts'
import { FileTask, hasChanged } from './file-task.ts'
import { StdinTask } from './stdin-task.ts'

const SETTINGS = {
  file: string({
    doc: 'Source filename. If not specified, the standard input will be used',
    importance: 'high',
    default: null,
    files: aFile,
  }),
  topic: string({ doc: 'The topic to publish data to', importance: 'high', validator: nonEmptyString }),
  'batch.size': int({
    doc: 'The maximum number of records the source task can read from the file each time it is polled',
    importance: 'low',
    default: 2000,
  }),
} as const

type Config = ConfigOf<typeof SETTINGS>

export default source<typeof SETTINGS>({
  class: 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  version: '4.3.1',
  doc: 'Reads a file line by line, or standard input.',
  settings: SETTINGS,
  taskClass: 'org.apache.kafka.connect.file.FileStreamSourceTask',
  exactlyOnce: ({ file }) => file !== null && file !== '',
  checkOffsets,
  look: async ({ file }, mark) => file === null || hasChanged(file, mark),
  start: async (config, context) => startTask(config, context),
})

function startTask(config: Config, context: SourceContext): SourceTask {
  const { file, topic } = config
  const batchSize = Math.max(1, config['batch.size'])
  return file === null || file === '' ? new StdinTask(topic, batchSize) : new FileTask(file, topic, batchSize, context)
}

/** As `FileStreamSourceConnector.alterOffsets`. Any offset may be taken away. */
function checkOffsets(changes: readonly OffsetChange[], { file }: Config): void {
  const error = (text: string) => new ConnectError(text, { kind: 'config' })
  if (file === null || file === '')
    throw error(
      "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used for input and offsets are not tracked.",
    )
  for (const { partition, offset } of changes) {
    if (offset === null) continue
    const { position } = offset
    if (position === undefined) throw error("Offset objects should either be null or contain the key 'position'")
    if (typeof position !== 'bigint' && !Number.isInteger(position))
      throw error("The value for the 'position' key in the offset is expected to be a Long value")
    if ((position as number | bigint) < 0)
      throw error("The value for the 'position' key in the offset should be a non-negative value")
    if (partition === null) throw error('Partition objects cannot be null')
    if (!Object.hasOwn(partition, 'filename')) throw error("Partition objects should contain the key 'filename'")
  }
}
