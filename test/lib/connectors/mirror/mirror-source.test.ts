/** Topics of one cluster as they come to be on another. */
import { describe, expect, test } from 'vitest'
import { budget } from '../../../../lib/connect/budget.ts'
import { parse, type RawConfig } from '../../../../lib/connect/settings.ts'
import { decodeOffsetSync } from '../../../../lib/connectors/mirror/records.ts'
import {
  alterTopicConfigs,
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  topicConfigs,
} from '../../../../lib/kafka/admin.ts'
import { createProducer } from '../../../../lib/kafka/producer.ts'
import { createTransactionalProducer } from '../../../../lib/kafka/transactional-producer.ts'
import { testSource } from '../../../contract/source.ts'
import { newTopic, producing } from '../../kafka/kit.ts'
import { around, unique, useSurroundings } from '../../pipeline/kit.ts'
import { fill, mirror, pairOf, type Row, rowsOf, run, splitOf, tendOf } from './kit.ts'
import { recorded } from './recorded.ts'

useSurroundings()
const connector = await mirror('Source')
const BOTH = [{ exactlyOnce: false }, { exactlyOnce: true }]

testSource('MirrorSourceConnector', async () => {
  const topic = await newTopic(around.cluster)
  await fill(around.cluster, topic, 0, 20)
  const [task = {}] = await splitOf(connector, pairOf({ topics: topic }))
  return task
})

const withoutOffset = ({ offset: _, ...row }: Row) => row

/** The name of a topic's copy, and the config of a pair of clusters for that topic alone. */
async function pairFor(topic: string, config: RawConfig = {}) {
  const raw = pairOf({ topics: topic, ...config })
  return {
    raw,
    copy: `${raw['source.cluster.alias']}.${topic}`,
    syncs: `mm2-offset-syncs.${raw['target.cluster.alias']}.internal`,
  }
}

test.each(BOTH)(
  'bytes, nulls, headers, times and partitions stay, and the rest follows: %o',
  async ({ exactlyOnce }) => {
    const { cluster } = around
    const topic = await newTopic(cluster, 2, { 'retention.ms': '-1' })
    const { raw, copy } = await pairFor(topic)
    const producer = await createProducer(cluster, producing())
    await producer.prepare([topic])
    const header = [
      { key: 'h', value: Buffer.from([1, 255]) },
      { key: 'h', value: null },
      { key: '', value: Buffer.alloc(0) },
    ]
    producer.append(topic, 1, Buffer.from([0, 255]), Buffer.from([254]), 1_700_000_000_000, header)
    producer.append(topic, 1, null, Buffer.alloc(0), 1_700_000_000_001, [])
    producer.append(topic, 1, Buffer.from('gone'), null, 1_600_000_000_000, [])
    await producer.flush()
    await producer.close()
    await fill(cluster, topic, 0, 1_234)

    const [task = {}] = await splitOf(connector, raw)
    const { offsets } = await run(connector, task, { exactlyOnce })
    expect((await rowsOf(cluster, copy)).map(withoutOffset)).toEqual((await rowsOf(cluster, topic)).map(withoutOffset))

    await fill(cluster, topic, 1, 10, 'later')
    await run(connector, task, { exactlyOnce, offsets })
    expect((await rowsOf(cluster, copy)).map(withoutOffset)).toEqual((await rowsOf(cluster, topic)).map(withoutOffset))
    const place = { cluster: raw['source.cluster.alias'] as string, partition: 1, topic }
    expect(offsets.get(place)).toEqual({ offset: 12 })
  },
)

test.each(BOTH)(
  'an offset sync names the very record, at both ends, and those of the last ones: %o',
  async ({ exactlyOnce }) => {
    const { cluster } = around
    const topic = await newTopic(cluster, 2)
    const { raw, copy, syncs } = await pairFor(topic, { 'offset.lag.max': '10' })
    const [task = {}] = await splitOf(connector, raw)
    let { offsets } = await run(connector, task, { exactlyOnce })
    for (const count of [1, 95, 3]) {
      await fill(cluster, topic, 0, count, `a${count}`)
      await fill(cluster, topic, 1, count, `b${count}`)
      ;({ offsets } = await run(connector, task, { exactlyOnce, offsets }))
    }
    const [originals, copies] = [await rowsOf(cluster, topic), await rowsOf(cluster, copy)]
    const found = (await rowsOf(cluster, syncs)).map(({ key, value }) =>
      decodeOffsetSync({ key: Buffer.from(key ?? '', 'hex'), value: Buffer.from(value ?? '', 'hex') }),
    )
    const at = (rows: readonly Row[], partition: number, offset: number) =>
      rows.find((row) => row.partition === partition && row.offset === offset)?.value ?? 'none'
    for (const sync of found)
      expect(at(copies, sync?.partition ?? -1, sync?.downstreamOffset ?? -1)).toBe(
        at(originals, sync?.partition ?? -1, sync?.upstreamOffset ?? -1),
      )
    for (const partition of [0, 1]) {
      const upstream = found.filter((sync) => sync?.partition === partition).map((sync) => sync?.upstreamOffset ?? 0)
      expect(upstream.at(-1)).toBe(98)
      expect(upstream).toContain(0)
      const apart = upstream.slice(1).map((one, i) => one - (upstream[i] ?? 0))
      expect(Math.max(...apart)).toBeLessThanOrEqual(11)
    }
  },
)

test('without emit.offset-syncs.enabled there are none, and no topic for them', async () => {
  const { cluster } = around
  const topic = await newTopic(cluster)
  const { raw, syncs } = await pairFor(topic, { 'emit.offset-syncs.enabled': 'false' })
  await fill(cluster, topic, 0, 1)
  const [task = {}] = await splitOf(connector, raw)
  await run(connector, task)
  expect((await cluster.topics([syncs], { refresh: true })).size).toBe(0)
})

test('a source that reads committed records alone is exactly-once, and copies none of an aborted transaction', async () => {
  const { cluster } = around
  const topic = await newTopic(cluster)
  const { raw, copy, syncs } = await pairFor(topic, { 'source.consumer.isolation.level': 'read_committed' })
  expect(connector.exactlyOnce({} as never, raw)).toBe(true)
  expect(connector.exactlyOnce({} as never, pairOf({}))).toBe(false)
  const producer = createTransactionalProducer(cluster, producing(), unique('tx'))
  await producer.init()
  for (const [text, end] of [
    ['a', 'commit'],
    ['b', 'abort'],
    ['c', 'commit'],
  ] as const) {
    await producer.prepare([topic])
    producer.begin()
    producer.append(topic, 0, null, Buffer.from(text), null, [])
    await producer.flush()
    await producer[end]()
  }
  await producer.close()
  const [task = {}] = await splitOf(connector, raw)
  const { mark } = await run(connector, task, { exactlyOnce: true })
  expect((await rowsOf(cluster, copy)).map(({ value }) => Buffer.from(value ?? '', 'hex').toString())).toEqual([
    'a',
    'c',
  ])
  // Markers and what was aborted are gaps upstream: each record has a sync of its own.
  expect(await rowsOf(cluster, syncs)).toHaveLength(2)
  using time = budget(10_000)
  expect(await connector.look?.(parse(connector.settings, task), mark, time, task)).toBe(false)
})

test('an idle task is woken by a new record, and by nothing else', async () => {
  const { cluster } = around
  const topic = await newTopic(cluster, 3)
  const { raw } = await pairFor(topic)
  await fill(cluster, topic, 0, 5)
  const [task = {}] = await splitOf(connector, raw)
  const { mark } = await run(connector, task)
  using time = budget(30_000)
  const look = () => connector.look?.(parse(connector.settings, task), mark, time, task)
  expect(await look()).toBe(false)
  await fill(cluster, topic, 2, 1)
  expect(await look()).toBe(true)
})

test('records that are deleted before they were read are passed over', async () => {
  const { cluster } = around
  const topic = await newTopic(cluster)
  const { raw, copy } = await pairFor(topic)
  await fill(cluster, topic, 0, 10)
  const [task = {}] = await splitOf(connector, raw)
  const { offsets } = await run(connector, task)
  await fill(cluster, topic, 0, 10, 'more')
  await deleteRecords(cluster, [{ topic, partition: 0, offset: 15 }])
  await run(connector, task, { offsets })
  const values = (await rowsOf(cluster, copy)).map(({ value }) => Buffer.from(value ?? '', 'hex').toString())
  expect(values.slice(10)).toEqual(['more-5', 'more-6', 'more-7', 'more-8', 'more-9'])
})

test('with auto.offset.reset=latest nothing is lost between slices that copied nothing, nor when tasks are made anew', async () => {
  const { cluster } = around
  const topic = await newTopic(cluster, 1)
  await fill(cluster, topic, 0, 5, 'before')
  const { raw, copy } = await pairFor(topic, { 'source.consumer.auto.offset.reset': 'latest' })
  const tasks = await splitOf(connector, raw)
  const { offsets } = await run(connector, tasks[0] ?? {})
  await fill(cluster, topic, 0, 2, 'since')
  const [again = {}] = await splitOf(connector, raw, 1, tasks)
  await run(connector, again, { offsets })
  const values = (await rowsOf(cluster, copy)).map(({ value }) => Buffer.from(value ?? '', 'hex').toString())
  expect(values).toEqual(['since-0', 'since-1'])
})

describe('the copies', () => {
  test('have the partitions of their topics and those configs that are not left out', async () => {
    const { cluster } = around
    const topic = await newTopic(cluster, 3, { 'retention.ms': '-1', 'min.insync.replicas': '1' })
    const { raw, copy } = await pairFor(topic, { 'config.properties.exclude': 'min\\..*,other' })
    await splitOf(connector, raw)
    expect((await cluster.topic(copy, { refresh: true })).partitions).toHaveLength(3)
    const own = [...((await topicConfigs(cluster, [copy])).get(copy) ?? [])].filter(
      ([, { source }]) => source === 'topic',
    )
    expect(own.map(([name, { value }]) => [name, value])).toEqual([['retention.ms', '-1']])
  })

  test("follow their topics' configs and partitions", async () => {
    const { cluster } = around
    const topic = await newTopic(cluster, 1, { 'retention.ms': '-1' })
    const { raw, copy } = await pairFor(topic)
    const tasks = await splitOf(connector, raw)
    expect(await tendOf(connector, raw, tasks)).toBe(false)
    await alterTopicConfigs(cluster, topic, { 'retention.ms': null, 'max.message.bytes': '12345' })
    await createPartitions(cluster, new Map([[topic, 2]]))
    expect(await tendOf(connector, raw, tasks)).toBe(true)
    const again = await splitOf(connector, raw)
    expect(again.map((task) => task['task.assigned.partitions'])).toEqual([`${topic}-0,${topic}-1`])
    expect(await tendOf(connector, raw, again)).toBe(false)
    expect((await cluster.topic(copy, { refresh: true })).partitions).toHaveLength(2)
    const configs = (await topicConfigs(cluster, [copy])).get(copy)
    expect(configs?.get('retention.ms')?.source).not.toBe('topic')
    expect(configs?.get('max.message.bytes')?.value).toBe('12345')
  })

  test('are made again where somebody has deleted them', async () => {
    const { cluster } = around
    const topic = await newTopic(cluster)
    const { raw, copy } = await pairFor(topic)
    const tasks = await splitOf(connector, raw)
    await deleteTopics(cluster, [copy])
    expect(await tendOf(connector, raw, tasks)).toBe(true)
    expect(await tendOf(connector, { ...raw, 'refresh.topics.enabled': 'false' }, tasks)).toBe(false)
  })
})

test('each partition goes to one task in turn, and what Java adds to the config of a task is there', async () => {
  const { cluster } = around
  const names = [unique('deal-a'), unique('deal-b')]
  await createTopics(cluster, [
    { name: names[0] as string, partitions: 3, replicationFactor: 1 },
    { name: names[1] as string, partitions: 2, replicationFactor: 1 },
  ])
  const raw = pairOf({ topics: names.join(',') })
  const [a, b] = names
  const tasks = await splitOf(connector, raw, 2)
  expect(tasks.map((task) => task['task.assigned.partitions'])).toEqual([`${a}-0,${a}-2,${b}-1`, `${a}-1,${b}-0`])
  const own = tasks.map((task) => Object.keys(task).filter((key) => !(key in raw)))
  const known = recorded('task').filter(([of]) => of === 'MirrorSourceConnector')
  const keys = known.map(([, config]) =>
    Object.keys(config)
      .filter((key) => key !== 'task.class')
      .sort(),
  )
  expect(own.map((each) => each.sort())).toEqual(keys)
  expect(await splitOf(connector, raw, 50)).toHaveLength(5)
  expect(await splitOf(connector, { ...raw, enabled: 'false' }, 50)).toEqual([])
})

test('what has come from the target is not sent back, nor what is left out or internal', async () => {
  const { cluster } = around
  const raw = pairOf({})
  const [from, to] = [raw['source.cluster.alias'], raw['target.cluster.alias']]
  const name = unique('round')
  const topics = [
    name,
    `${to}.${name}`,
    `x.${to}.${name}`,
    `x.${name}`,
    `${name}.replica`,
    `mm2.${name}.internal`,
    `__${name}`,
  ]
  await createTopics(
    cluster,
    topics.map((each) => ({ name: each, partitions: 1, replicationFactor: 1 })),
  )
  const tasks = await splitOf(connector, { ...raw, topics: `.*${name}.*` })
  expect(tasks[0]?.['task.assigned.partitions']).toBe([`${name}-0`, `x.${name}-0`].join(','))
  const copies = [...(await cluster.topics('all')).keys()].filter((each) => each.startsWith(`${from}.`)).sort()
  expect(copies).toEqual([`${from}.${name}`, `${from}.x.${name}`])
})

test('with IdentityReplicationPolicy a copy keeps its name, on another cluster', async () => {
  const topic = await newTopic(around.cluster)
  const policy = 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy'
  const { raw } = await pairFor(topic, { 'replication.policy.class': policy })
  const tasks = await splitOf(connector, raw)
  expect(tasks[0]?.['task.assigned.partitions']).toBe(`${topic}-0`)
  expect(await tendOf(connector, raw, tasks)).toBe(false)
})

test('a cluster that is missing or not there is named', async () => {
  const raw = pairOf({ topics: 't' })
  const { 'source.cluster.bootstrap.servers': _, ...missing } = raw
  await expect(splitOf(connector, missing)).rejects.toThrow(/The source cluster .* "bootstrap.servers"/)
  const away = { ...raw, 'target.cluster.bootstrap.servers': '127.0.0.1:1' }
  await expect(splitOf(connector, away)).rejects.toThrow(/127\.0\.0\.1:1/)
})
