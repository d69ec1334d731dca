/** Names topics after the record's own topic and a timestamp in its value. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { nonEmptyList } from '../connect/list-validators.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import { type ConfigOf, list, string } from '../connect/settings.ts'
import { Struct, type Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { PatternError } from '../java/date-pattern.ts'
import { SimpleDateFormat } from '../java/simple-date-format.ts'
import { getKey, requireMap } from './requirements.ts'

const SETTINGS = {
  'topic.format': string({
    doc: 'Format string which can contain ${topic} and ${timestamp} as placeholders for the topic and timestamp, respectively.',
    importance: 'high',
    default: '${topic}-${timestamp}',
  }),
  'message.timestamp.format': string({
    doc: 'Format of the timestamp in the value, compatible with java.text.SimpleDateFormat. Blank: the timestamp is a number of milliseconds since the epoch.',
    importance: 'high',
    default: '',
  }),
  'topic.timestamp.format': string({
    doc: 'Format of the timestamp in the topic name, compatible with java.text.SimpleDateFormat.',
    importance: 'high',
    default: 'yyyyMMdd',
  }),
  'message.timestamp.keys': list({
    doc: 'Fields of the value that may hold the timestamp. The first that is there counts.',
    importance: 'high',
    validator: nonEmptyList,
  }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'io.confluent.connect.transforms.MessageTimestampRouter',
  version: '1.0.0',
  doc: "Update the record's topic field as a function of the original topic value and a timestamp field of the record's value.",
  settings: SETTINGS,
  create: messageTimestampRouter,
})

const PURPOSE = 'routing by a timestamp'

function messageTimestampRouter(config: ConfigOf<typeof SETTINGS>): Transform {
  const keys = config['message.timestamp.keys']
  const topicFormat = config['topic.format']
  const input = config['message.timestamp.format'] === '' ? null : formatOf('message.timestamp.format', config)
  const output = formatOf('topic.timestamp.format', config)
  return {
    apply(record) {
      const at = epochMs(timestampOf(record.value, keys), input)
      if (at === undefined)
        throw new DataError(
          `The value of a record of topic ${record.topic} has no timestamp in ${keys.join(', ')} that message.timestamp.format reads`,
        )
      const text = output.format(at)
      return record.withTopic(
        topicFormat.replaceAll('${topic}', () => record.topic).replaceAll('${timestamp}', () => text),
      )
    },
  }
}

function timestampOf(value: Value, keys: readonly string[]): Value {
  const map = value instanceof Struct ? null : requireMap(value, PURPOSE)
  for (const key of keys) {
    const found = map !== null ? getKey(map, key) : fieldOf(value as Struct, key)
    if (found !== null) return found
  }
  return null
}

function fieldOf(struct: Struct, name: string): Value {
  return struct.schema.field(name) === undefined ? null : struct.get(name)
}

/** Undefined for what is no timestamp. */
function epochMs(value: Value, format: SimpleDateFormat | null): number | undefined {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string') return format?.parse(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (value === null) return undefined
  throw new DataError(`Only strings, numbers and dates supported for [${PURPOSE}], found: ${className(value)}`)
}

function formatOf(
  name: 'message.timestamp.format' | 'topic.timestamp.format',
  config: ConfigOf<typeof SETTINGS>,
): SimpleDateFormat {
  try {
    return new SimpleDateFormat(config[name])
  } catch (error) {
    throw error instanceof PatternError ? ConfigError.invalid(name, config[name], error.message) : error
  }
}
