/** Names the topic after a field, the whole key or value, or a header. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import { boolean, type ConfigOf, string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import type { Value } from '../connect/value.ts'
import { className } from '../java/class-name.ts'
import { jsonPath } from './json-path.ts'
import { getKey, requireMap, requireStruct } from './requirements.ts'

const SETTINGS = {
  field: string({
    doc: 'The field name or header key to use as the topic name. Required for headers; left blank, the entire key or value is used, which must be a string.',
    default: '',
  }),
  'field.format': string({
    doc: 'How the field is written: `PLAIN`, the name of a field, or `JSON_PATH`, the way to one: `$["f1"]["f3"]`.',
    default: 'PLAIN',
    validator: oneOf('PLAIN', 'JSON_PATH'),
  }),
  'skip.missing.or.null': boolean({
    doc: 'Whether a record without the field, or with null in it, goes on under its own topic. Otherwise it is an error.',
    default: false,
  }),
} as const

type Config = ConfigOf<typeof SETTINGS>

const CLASS = 'io.confluent.connect.transforms.ExtractTopic'
const VERSION = '1.0.0'
const DOC = 'Extract data from a record and use it as the topic name.'
const PURPOSE = 'topic extraction'

export default [
  ...keyAndValue({
    class: CLASS,
    version: VERSION,
    doc: DOC,
    settings: SETTINGS,
    create: (config, part) => extractTopic(config, `the ${part.name.toLowerCase()}`, reader(config, part)),
  }),
  plugin<Transform, typeof SETTINGS>({
    class: `${CLASS}$Header`,
    version: VERSION,
    doc: DOC,
    settings: SETTINGS,
    create: (config) => extractTopic(config, 'the header', headerReader(config)),
  }),
]

function extractTopic(config: Config, place: string, read: (record: ConnectRecord) => Value): Transform {
  const skip = config['skip.missing.or.null']
  const what = config.field === '' ? place : `${config.field} of ${place}`
  return {
    apply(record) {
      const topic = read(record)
      if (typeof topic === 'string' && topic !== '') return topic === record.topic ? record : record.withTopic(topic)
      if (topic !== null && topic !== '')
        throw new DataError(
          `${what} can't be a topic name in a record of topic ${record.topic}: it is a ${className(topic)}, not a string`,
        )
      if (skip) return record
      throw new DataError(
        `${what} is missing or empty in a record of topic ${record.topic}: set skip.missing.or.null to true to leave the topic of such records as it is`,
      )
    },
  }
}

/** Null for what is missing. */
function reader(config: Config, part: Part): (record: ConnectRecord) => Value {
  const { field } = config
  if (field === '') return (record) => part.value(record)
  if (config['field.format'] === 'JSON_PATH') {
    const path = jsonPath(field)
    if (!path.definite) throw ConfigError.invalid('field', field, 'It must lead to one field')
    return (record) => path.read(part.value(record))?.[0] ?? null
  }
  return (record) => {
    const value = part.value(record)
    if (value === null) return null
    const schema = part.schema(record)
    if (schema === null) return getKey(requireMap(value, PURPOSE), field)
    const struct = requireStruct(value, PURPOSE, schema)
    return struct.schema.field(field) === undefined ? null : struct.get(field)
  }
}

/** Of headers with one name the last counts. */
function headerReader({ field }: Config): (record: ConnectRecord) => Value {
  if (field === '') throw ConfigError.invalid('field', field, 'It must be the key of a header')
  return (record) => record.headers.findLast((header) => header.key === field)?.value ?? null
}
