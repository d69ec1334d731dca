import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DataError } from '../../../lib/connect/errors.ts'
import type { SinkConnector } from '../../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { createConsumer } from '../../../lib/kafka/consumer.ts'
import { createProducer } from '../../../lib/kafka/producer.ts'
import { readHeaders } from '../../../lib/kafka/record-batch-decoder.ts'
import type { PluginSource } from '../../../lib/pipeline/chain.ts'
import { find } from '../../../lib/registry.ts'
import { audited, total } from '../../../lib/slice/progress.ts'
import { NO_PROGRESS } from '../../../lib/state/lease.ts'
import {
  collecting,
  committedTo,
  counting,
  keptLog,
  numbers,
  open,
  openSinkOf,
  pickyConverter,
  runAndDrain,
  type Surroundings,
  surroundings,
  texts,
  unique,
} from './kit.ts'

let around: Surroundings
let folder: string
beforeAll(async () => {
  around = await surroundings()
  folder = await mkdtemp(join(tmpdir(), 'penstock-dead-letters-'))
})
afterAll(async () => {
  await around.cluster.close()
  await rm(folder, { recursive: true })
})

const REGISTRY: PluginSource = {
  converter: (name) => find('converter', name),
  headerConverter: (name) => find('header_converter', name),
  transform: (name) => find('transformation', name),
  predicate: (name) => find('predicate', name),
}
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const POISON_AT = 321
const TIME = 1_700_000_000_000

interface Letter {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly (readonly [string, string | null])[]
}

async function letters(topic: string): Promise<Letter[]> {
  const { consumer: settings } = clientSettings(around.worker.raw, 'consumer')
  const consumer = createConsumer(around.cluster, { ...settings, isolationLevel: 'read_committed' })
  consumer.assign(new Map([[topic, new Map([[0, 0]])]]))
  const found: Letter[] = []
  for (let quiet = 0; quiet < 2; ) {
    const fetched = await consumer.poll(100)
    quiet = fetched.length === 0 ? quiet + 1 : 0
    for (const batch of fetched) {
      const { buffer } = batch
      batch.forEach((_offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
        const text = (start: number, end: number) => (end < 0 ? null : buffer.toString('utf8', start, end))
        const headers = readHeaders(buffer, headersStart, headerCount)
        found.push({
          key: text(keyStart, keyEnd),
          value: text(valueStart, valueEnd),
          timestamp,
          headers: headers.map(({ key, value }) => [key, value?.toString() ?? null]),
        })
      })
    }
  }
  await consumer.close()
  return found
}

function lettersTo(topic: string, prefix = ''): Readonly<Record<string, string>> {
  return {
    'errors.tolerance': 'all',
    [`${prefix}errors.deadletterqueue.topic.name`]: topic,
    [`${prefix}errors.deadletterqueue.topic.replication.factor`]: '1',
    [`${prefix}errors.deadletterqueue.context.headers.enable`]: 'true',
  }
}

/** 500 records of one partition, one of them `poison`. */
async function filled(poison: string): Promise<string> {
  const topic = unique('orders')
  await createTopics(around.cluster, [{ name: topic, partitions: 1, replicationFactor: 1 }])
  const producer = await createProducer(around.cluster, clientSettings(around.worker.raw, 'producer').producer)
  await producer.prepare([topic])
  const headers = [
    { key: 'trace', value: Buffer.from('abc') },
    { key: 'none', value: null },
  ]
  for (let i = 0; i < 500; i++)
    producer.append(topic, 0, `key ${i}`, i === POISON_AT ? poison : rowOf(i), TIME + i, headers)
  await producer.flush()
  await producer.close()
  return topic
}

const ROW = {
  type: 'struct',
  fields: [
    { field: 'id', type: 'int32', optional: false },
    { field: 'name', type: 'string', optional: true },
  ],
}
const rowText = (payload: unknown, schema: unknown = ROW) => JSON.stringify({ schema, payload })
const rowOf = (id: number) => rowText({ id, name: `name ${id}` })

/** What Kafka Connect 4.3.1 writes for the same, where it can do the same. */
const POISONS = {
  converter: {
    value: '{"schema": broken',
    transforms: {},
    stage: 'VALUE_CONVERTER',
    class: JSON_CONVERTER,
    error: 'org.apache.kafka.connect.errors.DataException',
    message: 'Converting byte[] to Kafka Connect data failed due to serialization error: ',
  },
  transform: {
    value: rowText('text', { type: 'string' }),
    transforms: {
      transforms: 'r',
      'transforms.r.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
      'transforms.r.exclude': 'title',
    },
    stage: 'TRANSFORMATION',
    class: 'org.apache.kafka.connect.transforms.ReplaceField$Value',
    error: 'org.apache.kafka.connect.errors.DataException',
    message: 'Only Struct objects supported for [field replacement], found: java.lang.String',
  },
  put: {
    // The key of another row.
    value: rowOf(7),
    transforms: {},
    stage: 'TASK_PUT',
    class: 'org.apache.kafka.connect.sink.SinkTask',
    error: 'org.apache.kafka.connect.errors.DataException',
    message: /UNIQUE constraint failed: orders.id/,
  },
} as const

const SINKS = {
  file: { class: 'FileStreamSink', config: (path: string) => ({ file: path }), rows: fileLines },
  'JDBC (SQLite)': {
    class: 'io.confluent.connect.jdbc.JdbcSinkConnector',
    config: (path: string) => ({
      'connection.url': `jdbc:sqlite:${path}`,
      'table.name.format': 'orders',
      'auto.create': 'true',
      'pk.mode': 'record_value',
      'pk.fields': 'id',
    }),
    rows: tableRows,
  },
} as const

async function fileLines(path: string): Promise<number> {
  return (await readFile(path, 'utf8')).split('\n').length - 1
}

function tableRows(path: string): Promise<number> {
  const db = new DatabaseSync(path)
  const { n } = db.prepare('SELECT count(*) AS n FROM orders').get() as { n: number }
  db.close()
  return Promise.resolve(n)
}

test.each([
  // A file takes any record, so that nothing fails when it is put.
  { to: 'file', stage: 'converter' },
  { to: 'file', stage: 'transform' },
  { to: 'JDBC (SQLite)', stage: 'converter' },
  { to: 'JDBC (SQLite)', stage: 'transform' },
  { to: 'JDBC (SQLite)', stage: 'put' },
] as const)('a poison record among 500 for $to, at the $stage: one dead letter, 499 written', async ({ to, stage }) => {
  const poison = POISONS[stage]
  const topic = await filled(poison.value)
  const dlq = `${topic}-dlq`
  const path = join(folder, topic)
  const declaration = (await find('connector', SINKS[to].class)) as SinkConnector
  const name = unique('poisoned')
  const config = {
    ...SINKS[to].config(path),
    'value.converter': JSON_CONVERTER,
    ...poison.transforms,
    ...lettersTo(dlq),
  }
  await using sink = await openSinkOf(around, declaration, [topic], { name, config, plugins: REGISTRY })
  await runAndDrain(sink.run)

  expect(await SINKS[to].rows(path)).toBe(499)
  const progress = audited(total(NO_PROGRESS, sink.run.progress, 1))
  expect(progress).toMatchObject({ read: 500, written: 499, deadLettered: 1, skipped: 0, filtered: 0 })
  expect(progress.accounting).toMatchObject({ passed: 500, mismatch: null })
  expect(await committedTo(around, sink.group)).toBe(500)

  const [letter, ...more] = await letters(dlq)
  expect(more).toEqual([])
  expect(letter).toMatchObject({ key: `key ${POISON_AT}`, value: poison.value, timestamp: TIME + POISON_AT })
  expect(letter?.headers).toEqual([
    ['trace', 'abc'],
    ['none', null],
    ['__connect.errors.topic', topic],
    ['__connect.errors.partition', '0'],
    ['__connect.errors.offset', String(POISON_AT)],
    ['__connect.errors.connector.name', name],
    ['__connect.errors.task.id', '0'],
    ['__connect.errors.stage', poison.stage],
    ['__connect.errors.class.name', poison.class],
    ['__connect.errors.exception.class.name', poison.error],
    [
      '__connect.errors.exception.message',
      typeof poison.message === 'string' ? poison.message : expect.stringMatching(poison.message),
    ],
    [
      '__connect.errors.exception.stacktrace',
      expect.stringMatching(new RegExp(`^${poison.error.replaceAll('.', '\\.')}: [^]*\\n\\tat [^]*\\n$`)),
    ],
  ])
})

test('letters have no context unless it is asked for, and their topic is made with one partition', async () => {
  const topic = await filled('bad')
  const dlq = `${topic}-dlq`
  const config = {
    ...lettersTo(dlq),
    'errors.deadletterqueue.context.headers.enable': 'false',
    'value.converter': pickyConverter.class,
  }
  await using sink = await openSinkOf(around, collecting(), [topic], { config })
  await runAndDrain(sink.run)
  expect((await around.cluster.topic(dlq)).partitions).toHaveLength(1)
  expect((await letters(dlq)).map(({ value, headers }) => [value, headers])).toEqual([
    [
      'bad',
      [
        ['trace', 'abc'],
        ['none', null],
      ],
    ],
  ])
})

test('a failure that is not tolerated ends the task, and nothing is a dead letter', async () => {
  const topic = await filled('bad')
  const dlq = `${topic}-dlq`
  const config = { ...lettersTo(dlq), 'errors.tolerance': 'none', 'value.converter': pickyConverter.class }
  await using sink = await openSinkOf(around, collecting(), [topic], { config })
  await expect(runAndDrain(sink.run)).rejects.toThrow(/Tolerance exceeded .* offset 321/)
  expect((await around.cluster.topics([dlq])).size).toBe(0)
})

test('a topic for dead letters that can not be made keeps the task from starting, and the settings are named', async () => {
  const topic = await filled('bad')
  const config = { ...lettersTo(`${topic}-dlq`), 'errors.deadletterqueue.topic.replication.factor': '3' }
  await expect(openSinkOf(around, collecting(), [topic], { config })).rejects.toThrow(
    /Could not initialize dead letter queue with topic=.*errors\.deadletterqueue\.topic\.replication\.factor=3/,
  )
})

test('letters that can not be written fail the task, and the offset of their record is not committed', async () => {
  const topic = await filled('bad')
  const dlq = `${topic}-dlq`
  const config = {
    ...lettersTo(dlq),
    'value.converter': pickyConverter.class,
    // Smaller than the letter's headers.
    'producer.override.max.request.size': '300',
  }
  const name = unique('unwritable')
  await using sink = await openSinkOf(around, collecting(), [topic], { name, config })
  await expect(runAndDrain(sink.run)).rejects.toThrow(/Could not produce message to dead letter queue. topic=/)
  expect(await committedTo(around, sink.group)).toBe(0)
})

test.each([{ exactlyOnce: false }, { exactlyOnce: true }])(
  "a source's records that a transform, a converter or the producer refuses are dead letters: %o",
  async ({ exactlyOnce }) => {
    const to = unique('numbers')
    const dlq = `${to}-dlq`
    const name = unique('source')
    const config = {
      ...lettersTo(dlq, 'penstock.'),
      transforms: 's',
      'transforms.s.type': 'spoil',
      'value.converter': pickyConverter.class,
      'producer.override.max.request.size': '20000',
    }
    const transforms = { spoil }
    await using source = await open(around, counting(to, { count: 500 }), { name, exactlyOnce, config, transforms })
    await runAndDrain(source.run)

    expect(await texts(around, to)).toEqual(numbers(0, 500).filter((n) => !['100', '200', '300'].includes(n)))
    const progress = audited(total(NO_PROGRESS, source.run.progress, 1))
    expect(progress).toMatchObject({ read: 500, written: 497, deadLettered: 3, skipped: 0 })
    expect(progress.accounting).toMatchObject({ passed: 500, mismatch: null })

    const found = await letters(dlq)
    const of = (letter: Letter | undefined, header: string) =>
      letter?.headers.find(([key]) => key === `__connect.errors.${header}`)?.[1]
    expect(found.map((letter) => [of(letter, 'stage'), of(letter, 'class.name'), of(letter, 'offset')])).toEqual([
      ['TRANSFORMATION', 'spoil', '{"next":101}'],
      ['VALUE_CONVERTER', pickyConverter.class, '{"next":201}'],
      ['KAFKA_PRODUCE', 'org.apache.kafka.clients.producer.KafkaProducer', '{"next":301}'],
    ])
    expect(of(found[0], 'topic')).toBe(to)
    expect(of(found[0], 'partition')).toBe('{"name":"numbers"}')
    // As the source gave it, whatever the transforms have made of it since.
    expect(JSON.parse(found[1]?.value ?? '')).toEqual({
      topic: to,
      partition: null,
      key: { schema: { type: 'string', optional: false }, payload: 'k200' },
      value: { schema: { type: 'string', optional: false }, payload: '200' },
      headers: [],
      timestamp: null,
      sourcePartition: { name: 'numbers' },
      sourceOffset: { next: 201 },
    })
  },
)

function spoil(record: ConnectRecord): ConnectRecord {
  if (record.value === '100') throw new DataError('as it is fated')
  if (record.value === '200') return record.withValue(null, 'bad')
  if (record.value === '300') return record.withValue(record.valueSchema, 'x'.repeat(30_000))
  return record
}

test('a record of a source that is too large for a letter as well is told by its place', async () => {
  const to = unique('numbers')
  const dlq = `${to}-dlq`
  const config = {
    ...lettersTo(dlq, 'penstock.'),
    'penstock.errors.deadletterqueue.context.headers.enable': 'false',
    'producer.override.max.request.size': '2000',
  }
  const large = counting(to, { count: 3, textOf: (n) => (n === 1 ? 'x'.repeat(5_000) : String(n)) })
  const log = keptLog()
  await using source = await open(around, large, { config, log })
  await runAndDrain(source.run)
  expect(await texts(around, to)).toEqual(['0', '2'])
  const [letter] = await letters(dlq)
  expect(JSON.parse(letter?.value ?? '')).toMatchObject({ value: null, sourceOffset: { next: 2 }, omitted: true })
})
