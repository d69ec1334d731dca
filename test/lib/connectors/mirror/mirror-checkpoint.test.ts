/** Where groups would go on in the copies: checkpoints, and offsets that are committed for them. */
import { expect, test } from 'vitest'
import type { RawConfig } from '../../../../lib/connect/settings.ts'
import { decodeCheckpoint } from '../../../../lib/connectors/mirror/records.ts'
import { commit, committed } from '../../../../lib/kafka/groups.ts'
import { newTopic } from '../../kafka/kit.ts'
import { around, unique, useSurroundings } from '../../pipeline/kit.ts'
import { fill, mirror, pairOf, rowsOf, run, splitOf, tendOf } from './kit.ts'

useSurroundings()
const [source, connector] = await Promise.all([mirror('Source'), mirror('Checkpoint')])

/** A topic with 100 records that is replicated, a group that has read 40 of them, and the connector's config. */
async function replicated(config: RawConfig = {}) {
  const { cluster } = around
  const topic = await newTopic(cluster)
  const group = unique('readers')
  const raw = pairOf({ topics: topic, groups: `${group}.*`, 'offset.lag.max': '10', ...config })
  const copy = `${raw['source.cluster.alias']}.${topic}`
  await fill(cluster, topic, 0, 100)
  const [task = {}] = await splitOf(source, raw)
  const { offsets } = await run(source, task)
  await commit(cluster, group, [{ topic, partition: 0, offset: 40, metadata: 'm' }])
  const more = async (count: number) => {
    await fill(cluster, topic, 0, count)
    await run(source, task, { offsets })
  }
  return { topic, copy, group, raw, more, checkpoints: `${raw['source.cluster.alias']}.checkpoints.internal` }
}

async function checkpointsOf(topic: string) {
  const rows = await rowsOf(around.cluster, topic)
  return rows.map(({ key, value }) => {
    return decodeCheckpoint({ key: Buffer.from(key ?? '', 'hex'), value: Buffer.from(value ?? '', 'hex') })
  })
}

test('a checkpoint is never past what a group has read, and exact once it has read all', async () => {
  const { cluster } = around
  const { topic, copy, group, raw, checkpoints } = await replicated()
  const [task = {}] = await splitOf(connector, raw)
  expect(task['task.assigned.groups']).toBe(group)
  await run(connector, task)
  const [first] = await checkpointsOf(checkpoints)
  expect(first).toMatchObject({ group, topic: copy, partition: 0, upstreamOffset: 40, metadata: 'm' })
  expect(first?.downstreamOffset).toBeGreaterThan(0)
  expect(first?.downstreamOffset).toBeLessThanOrEqual(40)

  // Another slice knows what there is, and says it no second time.
  await run(connector, task)
  expect(await checkpointsOf(checkpoints)).toHaveLength(1)

  await commit(cluster, group, [{ topic, partition: 0, offset: 100 }])
  await run(connector, task)
  await commit(cluster, group, [{ topic, partition: 0, offset: 5 }])
  await run(connector, task)
  const [, read, rewound] = await checkpointsOf(checkpoints)
  expect(read).toMatchObject({ upstreamOffset: 100, downstreamOffset: 100 })
  expect(rewound?.downstreamOffset).toBeLessThanOrEqual(5)
})

test('a warm instance goes on from the syncs that it has read', async () => {
  const { cluster } = around
  const { topic, group, raw, more, checkpoints } = await replicated()
  const [task = {}] = await splitOf(connector, raw)
  await run(connector, task)
  await more(50)
  await commit(cluster, group, [{ topic, partition: 0, offset: 150 }])
  await run(connector, task)
  expect((await checkpointsOf(checkpoints)).at(-1)).toMatchObject({ upstreamOffset: 150, downstreamOffset: 150 })
})

test('with sync.group.offsets.enabled the group can go on, never back, and never under its members', async () => {
  const { cluster } = around
  const { topic, copy, group, raw } = await replicated({ 'sync.group.offsets.enabled': 'true' })
  const [task = {}] = await splitOf(connector, raw)
  const there = async () => (await committed(cluster, group)).find((one) => one.topic === copy)
  await commit(cluster, group, [{ topic, partition: 0, offset: 100 }])
  await run(connector, task)
  expect(await there()).toMatchObject({ offset: 100, partition: 0 })
  await commit(cluster, group, [{ topic: copy, partition: 0, offset: 200 }])
  await run(connector, task)
  expect(await there()).toMatchObject({ offset: 200 })
})

test('only groups that are meant and have read a topic that is meant, shared out evenly', async () => {
  const { cluster } = around
  const { topic, group, raw } = await replicated()
  const groups = ['-b', '-c', '-d', '-e'].map((end) => group + end)
  for (const each of groups) await commit(cluster, each, [{ topic, partition: 0, offset: 1 }])
  const other = await newTopic(cluster)
  await commit(cluster, `${group}-other`, [{ topic: other, partition: 0, offset: 0 }])
  const config = { ...raw, 'groups.exclude': '.*-e' }
  const tasks = await splitOf(connector, config, 3)
  expect(tasks.map((task) => task['task.assigned.groups'])).toEqual([`${group},${group}-b`, `${group}-c`, `${group}-d`])
  expect(await tendOf(connector, config, tasks)).toBe(false)
  await commit(cluster, `${group}-f`, [{ topic, partition: 0, offset: 1 }])
  expect(await tendOf(connector, config, tasks)).toBe(true)
  expect(await splitOf(connector, { ...raw, groups: 'nobody' })).toEqual([])
})

test('while nothing is replicated yet it waits, and says for what', async () => {
  const topic = await newTopic(around.cluster)
  const group = unique('early')
  await commit(around.cluster, group, [{ topic, partition: 0, offset: 0 }])
  const raw = pairOf({ topics: topic, groups: group })
  const [task = {}] = await splitOf(connector, raw)
  await run(connector, task)
  expect(await checkpointsOf(`${raw['source.cluster.alias']}.checkpoints.internal`)).toEqual([])
})
