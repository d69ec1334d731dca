/** What a look at a Connect cluster's topics says; made by hand here, by a JVM worker in test/system/takeover.test.ts. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawConfig } from '../../../lib/connect/settings.ts'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { commit } from '../../../lib/kafka/groups.ts'
import { localWorker } from '../../../lib/local/worker-config.ts'
import { encodeConfigRecord } from '../../../lib/state/config-records.ts'
import { encodeOffsetKey } from '../../../lib/state/offset-records.ts'
import { ensureTopics } from '../../../lib/state/topics.ts'
import { type ConnectorReport, type TakeoverReport, takeoverReport } from '../../../lib/takeover/report.ts'
import { startWorld, type World } from '../state/world.ts'

let world: World
let given: RawConfig

const ID = randomUUID()
const LINES = `lines-${ID}`
const OWN = `own-${ID}`
const GROUP = `sink-${ID}`
const STRINGS = { 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' }
const CONFIGS: Readonly<Record<string, Record<string, string>>> = {
  source: { 'connector.class': 'FileStreamSource', file: '/tmp/in.txt', topic: LINES, ...STRINGS },
  sink: {
    'connector.class': 'FileStreamSink',
    file: '/tmp/out.txt',
    topics: LINES,
    'consumer.override.group.id': GROUP,
    ...STRINGS,
  },
  separate: {
    'connector.class': 'FileStreamSource',
    file: '/tmp/in.txt',
    topic: LINES,
    'offsets.storage.topic': OWN,
    ...STRINGS,
  },
  strange: { 'connector.class': 'com.example.FileStreamSinkConnector', topics: LINES },
  wrong: {
    'connector.class': 'FileStreamSource',
    topic: LINES,
    transforms: 'a',
    'transforms.a.type': 'com.example.Mask$Value',
  },
  secret: {
    'connector.class': 'FileStreamSink',
    file: '/tmp/secret.txt',
    topics: LINES,
    'errors.deadletterqueue.topic.name': '${vaulty:db/creds:topic}',
    'consumer.override.client.id': '${env:CLIENT}',
  },
}

beforeAll(async () => {
  world = await startWorld()
  const group = `looked-at-${ID}`
  given = {
    'bootstrap.servers': world.cluster.settings.bootstrapServers.join(','),
    'group.id': group,
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'plugin.path': '/usr/share/java',
    'config.providers': 'vaulty,env',
    'config.providers.vaulty.class': 'com.example.VaultyProvider',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
  }
  const { worker } = await localWorker(given, {})
  await createTopics(world.cluster, [{ name: OWN, partitions: 1, replicationFactor: 1 }])
  await ensureTopics(world.cluster, worker)
  const { configs, offsets } = worker.topics
  await createTopics(world.cluster, [{ name: LINES, partitions: 1, replicationFactor: 1 }])
  const producer = await world.producer()
  await producer.prepare([configs, offsets, OWN, LINES])
  for (const [name, config] of Object.entries(CONFIGS)) {
    const { key, value } = encodeConfigRecord({ kind: 'connector', connector: name, config: { name, ...config } })
    producer.append(configs, null, key, value, null, [])
  }
  producer.append(offsets, null, encodeOffsetKey('source', { filename: '/tmp/in.txt' }), '{"position":42}', null, [])
  producer.append(offsets, null, encodeOffsetKey('separate', { filename: 'a' }), '{"position":1}', null, [])
  producer.append(offsets, null, encodeOffsetKey('separate', { filename: 'b' }), '{"position":2}', null, [])
  producer.append(OWN, null, encodeOffsetKey('separate', { filename: 'a' }), '{"position":3}', null, [])
  for (const line of ['a', 'b', 'c']) producer.append(LINES, 0, null, line, null, [])
  await producer.flush()
  await producer.close()
  await commit(world.cluster, GROUP, [{ topic: LINES, partition: 0, offset: 1 }])
})

afterAll(() => world[Symbol.asyncDispose]())

async function look(settings: RawConfig = given): Promise<TakeoverReport> {
  const { worker } = await localWorker(settings, {})
  return takeoverReport(world.cluster, worker, settings)
}

test('says what would run and from where', async () => {
  const report = await look()
  const by = (name: string) => report.connectors.find((one) => one.name === name) as ConnectorReport
  expect(report.workers).toEqual([])
  expect(by('source')).toMatchObject({
    kind: 'source',
    target: 'STARTED',
    guarantee: 'exactly-once',
    problems: [],
    offsets: { source: [{ partition: { filename: '/tmp/in.txt' }, offset: { position: 42 } }] },
  })
  expect(by('separate')).toMatchObject({
    problems: [],
    offsets: {
      source: [
        { partition: { filename: 'a' }, offset: { position: 3 } },
        { partition: { filename: 'b' }, offset: { position: 2 } },
      ],
    },
  })
  expect(by('sink')).toMatchObject({
    kind: 'sink',
    problems: [],
    offsets: { sink: { group: GROUP, members: 0 } },
  })
  const { offsets } = by('sink')
  const [position] = 'sink' in offsets ? offsets.sink.positions : []
  expect(position).toMatchObject({ topic: LINES, partition: 0, offset: 1 })
})

test('says what is missing, with the nearest by name, and what to mend', async () => {
  const { verdict, problems } = await look()
  expect(verdict).toBe('blocked')
  expect(problems).toEqual([
    'secret: there is no plugin com.example.VaultyProvider (config.providers.vaulty.class); the nearest is com.github.jcustenborder.kafka.config.vault.VaultConfigProvider',
    'strange: there is no plugin com.example.FileStreamSinkConnector (connector.class); the nearest is org.apache.kafka.connect.file.FileStreamSinkConnector',
    'wrong: there is no plugin com.example.Mask$Value (transforms.a.type); the nearest is org.apache.kafka.connect.transforms.MaskField$Value',
  ])
})

test('names the secrets, and never a value', async () => {
  process.env['CLIENT'] = 'the value'
  const report = await look()
  expect(report.connectors.find(({ name }) => name === 'secret')?.secrets).toEqual([
    { setting: 'errors.deadletterqueue.topic.name', provider: 'vaulty', path: 'db/creds', key: 'topic' },
    { setting: 'consumer.override.client.id', provider: 'env', path: '', key: 'CLIENT' },
  ])
  expect(JSON.stringify(report)).not.toContain('the value')
})

test('says which worker settings come to something else here', async () => {
  const { worker } = await look()
  expect(worker.differences).toContainEqual({ setting: 'plugin.path', what: 'changes nothing here' })
  expect(worker.differences.find(({ setting }) => setting === 'exactly.once.source.support')?.what).toContain(
    'Exactly-once from now on: separate, source',
  )
  const disabled = await look({ ...given, 'exactly.once.source.support': 'disabled' })
  expect(disabled.worker.differences.map(({ setting }) => setting)).not.toContain('exactly.once.source.support')
  expect(disabled.connectors.find(({ name }) => name === 'source')?.guarantee).toBe('at-least-once')
})

test('a cluster that is not there is a mistake of the flags', async () => {
  await expect(look({ ...given, 'group.id': 'nobody' })).rejects.toThrow(/no topic nobody-configs.*--group/)
})
