/** Confluent's settings, and ours under `penstock.datagen.`. */
import { ConfigError } from '../../connect/errors.ts'
import { aFile, boolean, type ConfigOf, double, int, long, string, type Validator } from '../../connect/settings.ts'
import { parseAvro } from './avro.ts'
import { generator } from './generator.ts'
import { QUICKSTARTS } from './quickstarts.ts'

/** Where a schema may come from: exactly one is set. */
export const SCHEMA_SOURCES = ['schema.string', 'schema.filename', 'quickstart'] as const

const quickstartName: Validator = {
  allowed: `one of ${Object.keys(QUICKSTARTS).join(', ')}`,
  check(name, value) {
    if (value !== '' && QUICKSTARTS[String(value).toLowerCase()] === undefined)
      throw new ConfigError(`${name} must be one out of ${Object.keys(QUICKSTARTS).join(',')}`)
  },
}

const avroRecord: Validator = {
  allowed: 'an Avro schema of a record',
  check(_, value) {
    if (value !== '') generator(parseAvro(value as string))
  },
}

const positive: Validator = {
  allowed: 'a number above 0',
  check(name, value) {
    if (value !== null && !((value as number) > 0)) throw ConfigError.invalid(name, value, 'Value must be above 0')
  },
}

export const settings = {
  'kafka.topic': string({ importance: 'high', doc: 'The topic to write to.' }),
  'max.interval': long({
    default: 500,
    importance: 'high',
    doc: 'The longest time between two records in ms; each gap is drawn from 0 to it. 0: as fast as they are taken. Not used with `penstock.datagen.rate`.',
  }),
  iterations: int({
    default: -1,
    importance: 'high',
    doc: 'How many records each task generates; below 1: without end.',
  }),
  'schema.string': string({
    default: '',
    importance: 'high',
    validator: avroRecord,
    doc: 'The schema as Avro JSON, with `arg.properties` that say how values are made.',
  }),
  'schema.filename': string({
    default: '',
    importance: 'high',
    doc: 'A file with the schema. It must be there wherever the task runs: prefer `schema.string` in the cloud.',
    files: aFile,
  }),
  'schema.keyfield': string({
    default: '',
    importance: 'high',
    doc: "The field of the value whose value and schema are the record's key. Empty: the quickstart's own, else keys are null.",
  }),
  quickstart: string({
    default: '',
    importance: 'high',
    validator: quickstartName,
    doc: `A built-in schema: ${Object.keys(QUICKSTARTS).join(', ')}.`,
  }),
  'random.seed': long({
    default: null,
    importance: 'low',
    doc: "The seed. The same seed gives the same records, different ones in each task. Not set: made from the connector's name. Once a task has stored an offset, the seed in it is used.",
  }),
  'penstock.datagen.rate': double({
    default: null,
    importance: 'medium',
    validator: positive,
    doc: 'Records per second and task, evenly spaced; `max.interval` is not used then.',
  }),
  'penstock.datagen.headers': boolean({
    default: true,
    importance: 'low',
    doc: 'Whether records carry the headers `task.generation`, `task.id` and `current.iteration`.',
  }),
}

export type Config = ConfigOf<typeof settings>
