import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DataError } from '../../../lib/connect/errors.ts'
import type { Position } from '../../../lib/connect/record.ts'
import { Boxed } from '../../../lib/connect/value.ts'
import { deleteTopics } from '../../../lib/kafka/admin.ts'
import type { TransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { openLog } from '../../../lib/state/log.ts'
import { encodeOffsetKey, encodeOffsetValue } from '../../../lib/state/offset-records.ts'
import type { Resume, SourceOffsetsState, SourceOffsetsStore } from '../../../lib/state/source-offsets.ts'
import { type Group, startWorld, type World } from './world.ts'

let world: World
let group: Group
let store: SourceOffsetsStore
let topic: string
let name: string

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'offset.storage.partitions': '5' })
  const state = group.open()
  await state.rebuild()
  store = state.offsets
  topic = group.worker.topics.offsets
})

afterAll(() => world[Symbol.asyncDispose]())

beforeEach(() => {
  name = `c-${randomUUID()}`
})

const CLEAN: Resume = { task: 0, generation: 1, afterCleanEnd: true }
const table = (t: string): Position => ({ db: 'x', table: t })

function record(partition: Position, offset: Position | null): { readonly key: string; readonly value: string | null } {
  return { key: encodeOffsetKey(name, partition), value: encodeOffsetValue(offset) }
}

async function write(partition: Position, offset: Position | null): Promise<void> {
  await store.alter(name, [{ partition, offset }])
}

async function transact(producer: TransactionalProducer, partition: Position, offset: Position | null): Promise<void> {
  const { key, value } = record(partition, offset)
  await producer.prepare([topic])
  producer.append(topic, null, key, value, null, [])
  await producer.flush()
}

function sorted(state: SourceOffsetsState) {
  return [...state.all()].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

describe('resume', () => {
  test('answers what is in the topic, by the content of the partition', async () => {
    await write({ a: 1, b: 'x' }, { pos: 7, ratio: new Boxed('float64', 1) })
    await write(table('gone'), { pos: 1 })
    await write(table('gone'), null)
    const state = await store.resume(name, CLEAN)
    expect(state.get({ b: 'x', a: 1 })).toEqual({ pos: 7, ratio: new Boxed('float64', 1) })
    expect(state.get({ a: new Boxed('int32', 1), b: 'x' })).toEqual({ pos: 7, ratio: new Boxed('float64', 1) })
    expect(state.get({ a: 1 })).toBeUndefined()
    expect(state.get(table('gone'))).toBeUndefined()
    expect(state.all()).toEqual([{ partition: { a: 1, b: 'x' }, offset: { pos: 7, ratio: new Boxed('float64', 1) } }])
  })

  test('does not mix connectors whose names begin alike', async () => {
    await write(table('t'), { pos: 1 })
    expect((await store.resume(name.slice(0, -1), CLEAN)).all()).toEqual([])
    expect((await store.resume(`${name}"`, CLEAN)).all()).toEqual([])
  })

  test('counts a transaction once it is committed, and never an aborted one', async () => {
    const producer = await world.transactional(name)
    producer.begin()
    await transact(producer, table('t'), { pos: 1 })
    await producer.commit()
    producer.begin()
    await transact(producer, table('t'), { pos: 2 })
    await transact(producer, table('u'), { pos: 2 })
    await producer.abort()
    await expect
      .poll(async () => (await store.resume(name, CLEAN)).all())
      .toEqual([{ partition: table('t'), offset: { pos: 1 } }])
    await producer.close()
  })

  test("is not held up by a stranger's open transaction, nor by one of its own connector", async () => {
    const [stranger, dead] = [await world.transactional(`${name}-stranger`), await world.transactional(name)]
    const own = name
    for (const partition of ['t', 'u', 'v', 'w', 'x']) await write(table(partition), { pos: 1 })
    name = `${own}-stranger`
    stranger.begin()
    for (const partition of ['t', 'u', 'v', 'w', 'x']) await transact(stranger, table(partition), { pos: 9 })
    name = own
    dead.begin()
    await transact(dead, table('t'), { pos: 2 })
    await write(table('u'), { pos: 3 })
    const state = await store.resume(own, { ...CLEAN, afterCleanEnd: false })
    expect(state.get(table('t'))).toEqual({ pos: 1 })
    expect(state.get(table('u'))).toEqual({ pos: 3 })
    expect(state.all()).toHaveLength(5)
    await stranger.abort()
    await dead.abort()
    await Promise.all([stranger.close(), dead.close()])
  })

  test("sees the end of the predecessor's transaction after InitProducerId", async () => {
    const [lost, dead] = [await world.transactional(`${name}-0`), await world.transactional(`${name}-1`)]
    lost.begin()
    await transact(lost, table('t'), { pos: 1 })
    dead.begin()
    await transact(dead, table('u'), { pos: 1 })
    const state = await store.resume(name, { ...CLEAN, afterCleanEnd: false })
    expect(state.all()).toEqual([])
    await lost.commit()
    const [heir, other] = [await world.transactional(`${name}-0`), await world.transactional(`${name}-1`)]
    await state.catchUp()
    expect(state.all()).toEqual([{ partition: table('t'), offset: { pos: 1 } }])
    await dead.close()
    await Promise.all([lost.close(), heir.close(), other.close()])
  })

  test('after a clean end without a view waits for the markers of the last commit', async () => {
    const producer = await world.transactional(name)
    for (let pos = 0; pos < 5; pos++) {
      producer.begin()
      for (const t of ['t', 'u', 'v', 'w']) await transact(producer, table(t), { pos })
      await producer.commit()
      const state = await store.resume(name, CLEAN)
      for (const t of ['t', 'u', 'v', 'w']) expect(state.get(table(t))).toEqual({ pos })
    }
    await producer.close()
  })
})

describe('view and tail', () => {
  test('begin with what the task committed, and add what came since', async () => {
    await write(table('old'), { pos: 1 })
    const first = await store.resume(name, CLEAN)
    const encoded = first.encode(table('t'), { pos: 5 })
    const producer = await world.producer()
    await producer.prepare([first.topic])
    producer.append(first.topic, encoded.kafkaPartition, encoded.key, encoded.value, null, [])
    await producer.flush()
    first.put(table('t'), { pos: 5 })
    expect(first.get(table('t'))).toEqual({ pos: 5 })
    await store.seal(name, 0, 1, first)
    await write(table('new'), { pos: 9 })
    for (const options of [CLEAN, { ...CLEAN, generation: 2 }, { ...CLEAN, task: 7 }, { afterCleanEnd: false }]) {
      const state = await store.resume(name, options)
      expect(sorted(state)).toEqual([
        { partition: table('new'), offset: { pos: 9 } },
        { partition: table('old'), offset: { pos: 1 } },
        { partition: table('t'), offset: { pos: 5 } },
      ])
    }
    await producer.close()
  })

  test('do not need the marker of a transaction that the view knows to be committed', async () => {
    const [producer, state] = [await world.transactional(name), await store.resume(name, CLEAN)]
    producer.begin()
    await transact(producer, table('t'), { pos: 1 })
    // Not committed for Kafka yet: the slice says that it is, as between the answer to a commit and its markers.
    state.put(table('t'), { pos: 1 })
    await store.seal(name, 0, 1, state)
    expect((await store.resume(name, CLEAN)).get(table('t'))).toEqual({ pos: 1 })
    expect((await store.resume(name, { ...CLEAN, generation: 2, task: 1 })).get(table('t'))).toEqual({ pos: 1 })
    await producer.commit()
    await producer.close()
  })

  test('of several tasks become one for a new generation: the newest of each partition', async () => {
    const [a, b] = [await store.resume(name, CLEAN), await store.resume(name, { ...CLEAN, task: 1 })]
    await write(table('shared'), { pos: 1 })
    await write(table('a'), { pos: 1 })
    a.put(table('a'), { pos: 1 })
    await store.seal(name, 0, 1, a)
    await write(table('shared'), { pos: 2 })
    await write(table('b'), { pos: 2 })
    b.put(table('b'), { pos: 2 })
    await store.seal(name, 1, 1, b)
    await write(table('a'), null)
    const merged = await store.resume(name, { ...CLEAN, generation: 2 })
    expect(sorted(merged)).toEqual([
      { partition: table('b'), offset: { pos: 2 } },
      { partition: table('shared'), offset: { pos: 2 } },
    ])
  })

  test('that is too long for the table is left out, and nothing is missing', async () => {
    const state = await store.resume(name, CLEAN)
    await store.alter(
      name,
      Array.from({ length: 12_000 }, () => ({ partition: { id: randomUUID() }, offset: { etag: randomUUID() } })),
    )
    await state.catchUp()
    expect(state.all()).toHaveLength(12_000)
    await store.seal(name, 0, 1, state)
    expect((await store.resume(name, CLEAN)).all()).toHaveLength(12_000)
  })

  test('of a topic that was made anew are not believed', async () => {
    const renewed = world.group({ 'offset.storage.partitions': '1' })
    const state = renewed.open()
    await state.rebuild()
    for (let pos = 0; pos < 3; pos++) await state.offsets.alter(name, [{ partition: table('t'), offset: { pos } }])
    await state.offsets.seal(name, 0, 1, await state.offsets.resume(name, CLEAN))
    await deleteTopics(world.cluster, [renewed.worker.topics.offsets])
    await state.rebuild()
    expect((await renewed.open().offsets.resume(name, CLEAN)).all()).toEqual([])
  })

  test('go on without the views of a connector that was forgotten', async () => {
    await write(table('t'), { pos: 1 })
    await store.seal(name, 0, 1, await store.resume(name, CLEAN))
    await store.forget(name)
    expect((await store.resume(name, CLEAN)).get(table('t'))).toEqual({ pos: 1 })
  })
})

describe('encode', () => {
  test('takes the key as the topic has it, whatever the order of its members', async () => {
    await write({ b: 1, a: 2 }, { pos: 1 })
    const state = await store.resume(name, CLEAN)
    const { key, value, kafkaPartition } = state.encode({ a: 2, b: 1 }, { pos: 2 })
    expect(Buffer.from(key).toString()).toBe(`["${name}",{"b":1,"a":2}]`)
    expect(value === null ? null : Buffer.from(value).toString()).toBe('{"pos":2}')
    expect(kafkaPartition).toBe(state.encode({ b: 1, a: 2 }, null).kafkaPartition)
    await store.alter(name, [{ partition: { a: 2, b: 1 }, offset: { pos: 2 } }])
    await state.catchUp()
    expect(state.all()).toEqual([{ partition: { b: 1, a: 2 }, offset: { pos: 2 } }])
  })

  test('refuses what Connect refuses', async () => {
    const state = await store.resume(name, CLEAN)
    expect(() => state.encode({ t: { deep: 1 } }, {})).toThrow(DataError)
    expect(() => state.encode(table('t'), { at: new Date(0) })).toThrow('field at contains class java.util.Date')
  })
})

describe('what a reader of uncommitted records would take for the newest', () => {
  /** The value of the topic's last record of the partition, whatever became of its transaction. */
  async function newest(partition: Position): Promise<string | null | undefined> {
    const log = openLog(world.cluster, topic, 'read_uncommitted', 1_000)
    const { key } = record(partition, null)
    const records = await log.read([], await log.ends())
    return records.findLast((one) => one.key === key)?.value
  }

  async function abortedOver(): Promise<TransactionalProducer> {
    await write(table('t'), { pos: 1 })
    const producer = await world.transactional(name)
    producer.begin()
    await transact(producer, table('t'), { pos: 2 })
    await transact(producer, table('new'), { pos: 2 })
    await producer.abort()
    await expect.poll(async () => (await store.resume(name, CLEAN)).overlaid(null).length).toBe(2)
    return producer
  }

  test('is told with what counts', async () => {
    const producer = await abortedOver()
    const state = await store.resume(name, CLEAN)
    expect(new Set(state.overlaid(null))).toEqual(
      new Set([
        { partition: table('t'), offset: { pos: 1 } },
        { partition: table('new'), offset: null },
      ]),
    )
    producer.begin()
    await transact(producer, table('t'), { pos: 3 })
    await producer.commit()
    await expect
      .poll(async () => (await store.resume(name, CLEAN)).overlaid(null))
      .toEqual([{ partition: table('new'), offset: null }])
    await producer.close()
  })

  test('is told by the producer whose transaction was aborted: another task may have the partition by now', async () => {
    const producer = await abortedOver()
    const other = await world.transactional(`${name}-other`)
    const state = await store.resume(name, CLEAN)
    expect(state.overlaid(producer.producerId)).toHaveLength(2)
    expect(state.overlaid(other.producerId)).toEqual([])
    await Promise.all([producer.close(), other.close()])
  })

  test('is what counts, once that alone is written again', async () => {
    const producer = await abortedOver()
    await write(table('beside'), { pos: 7 })
    await store.confirmOverlaid(name)
    expect(await newest(table('t'))).toBe('{"pos":1}')
    expect(await newest(table('new'))).toBeNull()
    expect((await store.resume(name, CLEAN)).overlaid(null)).toEqual([])
    await producer.close()
  })

  test('is what counts, once it is written again', async () => {
    const producer = await abortedOver()
    expect(await newest(table('t'))).toBe('{"pos":2}')
    expect(await store.confirm(name)).toBe(2)
    expect(await newest(table('t'))).toBe('{"pos":1}')
    expect(await newest(table('new'))).toBeNull()
    expect((await store.resume(name, CLEAN)).overlaid(null)).toEqual([])
    await producer.close()
  })
})
