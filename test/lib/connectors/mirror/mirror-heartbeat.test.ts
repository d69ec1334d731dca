import { expect, test } from 'vitest'
import { budget } from '../../../../lib/connect/budget.ts'
import { parse } from '../../../../lib/connect/settings.ts'
import { topicConfigs } from '../../../../lib/kafka/admin.ts'
import { around, keptLog, useSurroundings } from '../../pipeline/kit.ts'
import { mirror, pairOf, rowsOf, run, splitOf } from './kit.ts'

useSurroundings()
const connector = await mirror('Heartbeat')

test('one task writes a heartbeat with each slice, and after it says when the next one is due', async () => {
  const { cluster } = around
  const raw = pairOf({ 'emit.heartbeats.interval.seconds': '60' })
  const tasks = await splitOf(connector, raw, 5)
  expect(tasks).toEqual([raw])
  const began = Date.now()
  const { offsets } = await run(connector, raw)
  const [from, to] = [raw['source.cluster.alias'] ?? '', raw['target.cluster.alias'] ?? '']
  const key = Buffer.concat([from, to].map((name) => Buffer.from(`\0${String.fromCharCode(name.length)}${name}`)))
  const own = (await rowsOf(cluster, 'heartbeats')).filter((row) => row.key === key.toString('hex'))
  expect(own).toHaveLength(1)
  const timestamp = own[0]?.timestamp ?? 0
  expect(timestamp).toBeGreaterThanOrEqual(began)
  expect(own[0]?.value).toBe(`0000${timestamp.toString(16).padStart(16, '0')}`)
  expect(offsets.get({ sourceClusterAlias: from, targetClusterAlias: to })).toEqual({ offset: 0 })
  const cleanup = (await topicConfigs(cluster, ['heartbeats'], ['cleanup.policy'])).get('heartbeats')
  expect(cleanup?.get('cleanup.policy')?.value).toBe('compact')

  using time = budget(5_000)
  const context = { connector: 'c', task: 0, raw, offsets: { get: () => undefined, all: () => [] }, log: keptLog() }
  const task = await connector.start(parse(connector.settings, raw), context, time)
  expect((await task.poll(10, time)).records).toHaveLength(1)
  const idle = await task.poll(10, time)
  expect(idle).toMatchObject({ records: [], certain: true })
  expect(idle.idleMs).toBeGreaterThan(50_000)
})

test('switched off there is no task', async () => {
  expect(await splitOf(connector, pairOf({ 'emit.heartbeats.enabled': 'false' }))).toEqual([])
})
