/** What the connectors of a chaos run move, and how they are set up. */
import { join } from 'node:path'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
/** Sinks see, as in Connect, what was aborted, too, unless they say otherwise. */
const COMMITTED = { 'consumer.override.isolation.level': 'read_committed' }
const STRINGS = { 'key.converter': STRING, 'value.converter': STRING }

/** A key of thirty, a number that counts up in each task, and a mark that no two events share. */
const EVENT = {
  type: 'record',
  name: 'event',
  fields: [
    {
      name: 'key',
      type: { type: 'string', 'arg.properties': { options: Array.from({ length: 30 }, (_, i) => `e${i}`) } },
    },
    { name: 'n', type: { type: 'long', 'arg.properties': { iteration: { start: 0 } } } },
    { name: 'mark', type: { type: 'string', 'arg.properties': { regex: '[0-9a-f]{20}' } } },
  ],
}

/** Of a script that makes keys of lines. */
export const KEY_SCRIPT = "export default (record) => record.withKey(record.valueSchema, record.value.split(' ')[0])\n"

export type Guarantee = 'exactly-once' | 'at-least-once'
export type Config = Readonly<Record<string, string>>

export interface Load {
  readonly name: string
  readonly guarantee: Guarantee
  readonly kind: 'source' | 'sink'
  readonly topic: string
  readonly config: Config
}

/** Paths are those of the run's files. */
export interface Files {
  readonly keyScript: string
  readonly lines: string
  readonly eventsFile: string
  readonly linesDb: string
  readonly plainLines: string
  readonly plainDb: string
}

export function filesIn(folder: string): Files {
  return {
    keyScript: join(folder, 'key.mts'),
    lines: join(folder, 'lines.txt'),
    eventsFile: join(folder, 'events.txt'),
    linesDb: join(folder, 'lines.sqlite'),
    plainLines: join(folder, 'plain-lines.txt'),
    plainDb: join(folder, 'plain.sqlite'),
  }
}

export function loads(files: Files): readonly Load[] {
  const keyed = { transforms: 'key', 'transforms.key.type': 'penstock.transforms.Script' }
  const lineSource = (file: string, topic: string): Config => ({
    'connector.class': 'FileStreamSource',
    'tasks.max': '1',
    file,
    topic,
    ...keyed,
    'transforms.key.script.file': files.keyScript,
    ...STRINGS,
  })
  const table = (file: string, topic: string): Config => ({
    'connector.class': 'JdbcSink',
    'tasks.max': '2',
    topics: topic,
    'connection.url': `jdbc:sqlite:${file}`,
    'insert.mode': 'upsert',
    'auto.create': 'true',
    ...COMMITTED,
    ...STRINGS,
  })
  return [
    {
      name: 'events',
      guarantee: 'exactly-once',
      kind: 'source',
      topic: 'events',
      config: {
        'connector.class': 'DatagenConnector',
        'tasks.max': '2',
        'kafka.topic': 'events',
        'schema.string': JSON.stringify(EVENT),
        'schema.keyfield': 'key',
        'penstock.datagen.rate': '250',
        'key.converter': STRING,
      },
    },
    {
      name: 'events-file',
      guarantee: 'exactly-once',
      kind: 'sink',
      topic: 'events',
      config: {
        'connector.class': 'FileStreamSink',
        topics: 'events',
        file: files.eventsFile,
        ...COMMITTED,
        ...STRINGS,
      },
    },
    {
      name: 'lines',
      guarantee: 'exactly-once',
      kind: 'source',
      topic: 'lines',
      config: lineSource(files.lines, 'lines'),
    },
    {
      name: 'lines-db',
      guarantee: 'exactly-once',
      kind: 'sink',
      topic: 'lines',
      config: { ...table(files.linesDb, 'lines'), 'pk.mode': 'kafka' },
    },
    {
      name: 'plain-lines',
      guarantee: 'at-least-once',
      kind: 'source',
      topic: 'plain-lines',
      config: lineSource(files.plainLines, 'plain-lines'),
    },
    {
      name: 'plain-latest',
      guarantee: 'at-least-once',
      kind: 'sink',
      topic: 'plain-lines',
      config: { ...table(files.plainDb, 'plain-lines'), 'pk.mode': 'record_key', 'pk.fields': 'k' },
    },
  ]
}
