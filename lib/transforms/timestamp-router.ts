/** Names topics after the record's own topic and timestamp. */
import { DataError } from '../connect/errors.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { PatternError } from '../java/date-pattern.ts'
import { illegalArgument } from '../java/exception.ts'
import { recordString } from '../java/record-string.ts'
import { SimpleDateFormat } from '../java/simple-date-format.ts'

const SETTINGS = {
  'topic.format': string({
    doc: 'Format string which can contain ${topic} and ${timestamp} as placeholders for the topic and timestamp, respectively.',
    importance: 'high',
    default: '${topic}-${timestamp}',
  }),
  'timestamp.format': string({
    doc: 'Format string for the timestamp that is compatible with java.text.SimpleDateFormat.',
    importance: 'high',
    default: 'yyyyMMdd',
  }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.TimestampRouter',
  version: '4.3.1',
  doc: "Update the record's topic field as a function of the original topic value and the record timestamp. This is mainly useful for sink connectors, since the topic field is often used to determine the equivalent entity name in the destination system (e.g. database table or search index name).",
  settings: SETTINGS,
  create(config) {
    const topicFormat = config['topic.format']
    let format: SimpleDateFormat | undefined
    return {
      apply(record) {
        const { timestamp } = record
        if (timestamp === null) throw new DataError(`Timestamp missing on record: ${recordString(record)}`)
        // A wrong pattern is an error of each record, as in Connect.
        format ??= formatOf(config['timestamp.format'])
        const text = format.format(timestamp)
        return record.withTopic(
          topicFormat.replaceAll('${topic}', () => record.topic).replaceAll('${timestamp}', () => text),
        )
      },
    }
  },
})

function formatOf(pattern: string): SimpleDateFormat {
  try {
    return new SimpleDateFormat(pattern)
  } catch (error) {
    throw error instanceof PatternError ? illegalArgument(error.message) : error
  }
}
