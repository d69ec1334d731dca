import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopics, topicConfigs } from '../../../lib/kafka/admin.ts'
import { startWorld, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

test("are made as Connect makes them, with the worker's settings", async () => {
  const group = world.group({ 'status.storage.partitions': '2', 'status.storage.segment.bytes': '2000000' })
  await group.open().rebuild()
  const { configs, offsets, status } = group.worker.topics
  const topics = await world.cluster.topics([configs, offsets, status], { refresh: true })
  expect([configs, offsets, status].map((name) => topics.get(name)?.partitions.length)).toEqual([1, 25, 2])
  const found = await topicConfigs(world.cluster, [configs, offsets, status], ['cleanup.policy', 'segment.bytes'])
  for (const name of [configs, offsets, status]) expect(found.get(name)?.get('cleanup.policy')?.value).toBe('compact')
  expect(found.get(status)?.get('segment.bytes')?.value).toBe('2000000')
})

test('that are there already are taken as they are', async () => {
  const group = world.group()
  const { status } = group.worker.topics
  const configs = { 'cleanup.policy': 'compact' }
  await createTopics(world.cluster, [{ name: status, partitions: 7, replicationFactor: 1, configs }])
  const state = group.open()
  await Promise.all([state.rebuild(), group.open().rebuild()])
  expect((await world.cluster.topic(status)).partitions).toHaveLength(7)
  await state.statuses.catchUp()
})

test('are refused where configs could be lost or be out of order', async () => {
  const several = world.group()
  const name = several.worker.topics.configs
  const configs = { 'cleanup.policy': 'compact' }
  await createTopics(world.cluster, [{ name, partitions: 2, replicationFactor: 1, configs }])
  await expect(several.open().rebuild()).rejects.toThrow(
    `Topic '${name}' supplied via the 'config.storage.topic' property is required to have a single partition`,
  )
  const deleting = world.group()
  const { offsets } = deleting.worker.topics
  await createTopics(world.cluster, [{ name: offsets, partitions: 1, replicationFactor: 1 }])
  await expect(deleting.open().rebuild()).rejects.toThrow(
    `Topic '${offsets}' supplied via the 'offset.storage.topic' property is required to have 'cleanup.policy=compact'`,
  )
})
