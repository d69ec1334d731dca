/** How a source's topics are made (KIP-158), on a real broker. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopics, topicConfigs } from '../../../lib/kafka/admin.ts'
import { worker as parseWorker } from '../../../lib/worker/settings.ts'
import { counting, ends, open, runAndDrain, type Surroundings, surroundings, unique } from './kit.ts'

let around: Surroundings

beforeAll(async () => {
  around = await surroundings()
})

afterAll(() => around?.[Symbol.asyncDispose]())

test('topic.creation.groups: the first that matches wins, with its own configs, and the default for the rest', async () => {
  const base = unique('groups')
  const config = {
    'topic.creation.default.partitions': '2',
    'topic.creation.default.replication.factor': '-1',
    'topic.creation.default.retention.ms': '60000',
    'topic.creation.groups': 'compacted,wide',
    'topic.creation.compacted.include': `${base}-[ab]`,
    'topic.creation.compacted.exclude': '.*-b',
    'topic.creation.compacted.cleanup.policy': 'compact',
    'topic.creation.wide.include': `${base}-(a|b)`,
    'topic.creation.wide.partitions': '-1',
    'topic.creation.wide.segment.bytes': '1048576',
  }
  const topicOf = (n: number) => `${base}-${'abc'[n % 3]}`
  await using source = await open(around, counting(base, { count: 30, topicOf }), { config })
  await runAndDrain(source.run)
  const shape = async (letter: string) => {
    const names = ['cleanup.policy', 'segment.bytes', 'retention.ms']
    const name = `${base}-${letter}`
    const configs = (await topicConfigs(around.cluster, [name], names)).get(name)
    const { partitions } = await around.cluster.topic(name)
    return [partitions.length, ...names.map((key) => configs?.get(key)?.value)]
  }
  expect(await shape('a')).toEqual([2, 'compact', '1073741824', '604800000'])
  expect(await shape('b')).toEqual([1, 'delete', '1048576', '604800000'])
  expect(await shape('c')).toEqual([2, 'delete', '1073741824', '60000'])
})

test('topic.creation.enable=false on the worker leaves topics to the broker', async () => {
  const worker = parseWorker({ ...around.worker.raw, 'topic.creation.enable': 'false' })
  const topic = unique('left')
  const config = { 'topic.creation.default.partitions': '3', 'topic.creation.default.replication.factor': '1' }
  await using source = await open({ ...around, worker }, counting(topic, { count: 10 }), { config })
  await runAndDrain(source.run)
  expect((await around.cluster.topic(topic)).partitions).toHaveLength(1)
})

test('a topic that is there is left as it is, whatever topic.creation says', async () => {
  const topic = unique('kept')
  await createTopics(around.cluster, [{ name: topic, partitions: 2, replicationFactor: 1 }])
  const config = { 'topic.creation.default.partitions': '5', 'topic.creation.default.replication.factor': '1' }
  await using source = await open(around, counting(topic, { count: 10 }), { config })
  await runAndDrain(source.run)
  expect((await around.cluster.topic(topic, { refresh: true })).partitions).toHaveLength(2)
  expect(await ends(around.cluster, topic)).toBe(10)
})

test('a topic that can not be made fails the task by its name and the reason of the broker', async () => {
  const topic = unique('refused')
  const config = { 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '3' }
  await using source = await open(around, counting(topic, { count: 10 }), { config })
  await expect(runAndDrain(source.run)).rejects.toThrow(new RegExp(`${topic}.*[Rr]eplication factor`, 's'))
})
