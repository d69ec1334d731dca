import { expect, test } from 'vitest'
import { budget, pause } from '../../../lib/connect/budget.ts'
import { DataError, RetriableError } from '../../../lib/connect/errors.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import { createTopics, deleteRecords } from '../../../lib/kafka/admin.ts'
import { commit } from '../../../lib/kafka/groups.ts'
import { StageError } from '../../../lib/pipeline/errors.ts'
import { InDoubt } from '../../../lib/pipeline/run.ts'
import {
  around,
  collecting,
  committedTo,
  counting,
  ends,
  keptLog,
  numbers,
  open,
  openSinkOf,
  pickyConverter,
  runAndDrain,
  unique,
  useSurroundings,
} from './kit.ts'

useSurroundings()

/** A topic with the texts 0, 1, ..., count - 1. */
async function filled(count: number, partitions = 1): Promise<string> {
  const topic = unique('sink')
  await createTopics(around.cluster, [{ name: topic, partitions, replicationFactor: 1 }])
  await using source = await open(around, counting(topic, { count }))
  await runAndDrain(source.run)
  return topic
}

const IDLE = { kind: 'idle' }

test('every record is put, in order by partition, and the group has the positions', async () => {
  const topic = await filled(20_000, 3)
  const sink = collecting()
  await using opened = await openSinkOf(around, sink, [topic])
  expect(await runAndDrain(opened.run)).toMatchObject(IDLE)
  expect(sink.sunk.values.map(Number).sort((a, b) => a - b)).toEqual(numbers(0, 20_000).map(Number))
  for (const partition of [0, 1, 2]) {
    const mine = sink.sunk.origins.flatMap((one) =>
      one.kind === 'sink' && one.partition === partition ? [one.offset] : [],
    )
    expect(mine).toEqual(mine.map((_, offset) => offset))
  }
  expect(await committedTo(around, opened.group)).toBe(20_000)
  expect(opened.run.progress).toMatchObject({ read: 20_000, written: 20_000, lag: 0 })
})

test('the next slice goes on where the last one ended', async () => {
  const topic = await filled(300)
  const name = unique('again')
  for (const expected of [300, 0]) {
    const sink = collecting()
    await using opened = await openSinkOf(around, sink, [topic], { name })
    await runAndDrain(opened.run)
    expect(sink.sunk.values).toHaveLength(expected)
    expect(opened.run.progress).toMatchObject({ read: expected, written: expected })
  }
})

test('the position passes records that a transform filters, and the ends of transactions', async () => {
  const topic = unique('control')
  await using source = await open(around, counting(topic, { count: 500 }), { exactlyOnce: true })
  await runAndDrain(source.run)
  const sink = collecting()
  const config = { transforms: 'f', 'transforms.f.type': 'none' }
  await using opened = await openSinkOf(around, sink, [topic], { config, transforms: { none: () => null } })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toEqual([])
  expect(await committedTo(around, opened.group)).toBe(await ends(around.cluster, topic))
  expect(opened.run.progress).toMatchObject({ read: 500, filtered: 500, written: 0 })
})

test('a put that fails retriably is made again with the same records', async () => {
  const topic = await filled(1_000)
  let failures = 2
  const sink = collecting({
    beforePut: () => {
      if (failures-- > 0) throw new RetriableError('the target is busy')
    },
  })
  const log = keptLog()
  await using opened = await openSinkOf(around, sink, [topic], { log })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toEqual(numbers(0, 1_000))
  expect(opened.run.progress).toMatchObject({ written: 1_000, retried: 2_000 })
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn'])
})

const poisoned = () =>
  collecting({
    beforePut: (records) => {
      if (records.some(({ value }) => value === '617')) throw new DataError('617 is not welcome')
    },
  })

test('with tolerance, the record that makes a put fail is found and skipped', async () => {
  const topic = await filled(1_000)
  const sink = poisoned()
  await using opened = await openSinkOf(around, sink, [topic], { config: { 'errors.tolerance': 'all' } })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toEqual(numbers(0, 1_000).filter((text) => text !== '617'))
  expect(opened.run.progress).toMatchObject({ read: 1_000, written: 999, skipped: 1 })
  expect(await committedTo(around, opened.group)).toBe(1_000)
})

test('without tolerance it fails the task by name, and its batch is not committed', async () => {
  const topic = await filled(1_000)
  await using opened = await openSinkOf(around, poisoned(), [topic])
  const error = await runAndDrain(opened.run).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(StageError)
  expect((error as Error).message).toBe(
    `Tolerance exceeded in error handler: TASK_PUT by test.Collecting failed for the record at topic ${topic}, partition 0, offset 617: 617 is not welcome`,
  )
  using time = budget(5_000)
  await opened.run.drain(time)
  expect(await committedTo(around, opened.group)).toBe(0)
  expect(opened.run.progress).toMatchObject({ read: 0, written: 0 })
})

test('what was put before a failure is committed by the drain', async () => {
  const topic = await filled(100)
  const sink = collecting({
    beforePut: (records) => {
      if (records.some(({ value }) => value === '55')) throw new Error('a bug')
    },
  })
  await using opened = await openSinkOf(around, sink, [topic], {
    config: { 'consumer.override.max.poll.records': '10' },
  })
  await expect(runAndDrain(opened.run)).rejects.toThrow(
    /TASK_PUT by test.Collecting failed for 10 records, the first one at topic .*, offset 50: a bug/,
  )
  using time = budget(5_000)
  // For all that is known of an unknown error, the target may still get what was put.
  await expect(opened.run.drain(time)).rejects.toThrow(InDoubt)
  expect(await committedTo(around, opened.group)).toBe(50)
})

test('records that the sink answers as failed go the way of the error policy', async () => {
  const topic = await filled(100)
  const odd = (records: readonly ConnectRecord[]) =>
    records
      .filter(({ value }) => Number(value) % 10 === 3)
      .map((record) => ({ record, error: new DataError('a three') }))
  const sink = collecting({ beforePut: odd })
  await using opened = await openSinkOf(around, sink, [topic], { config: { 'errors.tolerance': 'all' } })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toHaveLength(90)
  expect(opened.run.progress).toMatchObject({ read: 100, written: 90, skipped: 10 })
})

test('records that the converter can not read are skipped or fail the task', async () => {
  const topic = unique('unreadable')
  const transforms = {
    bad: (record: ConnectRecord) => record.withValue(null, record.value === '7' ? 'bad' : record.value),
  }
  await using source = await open(around, counting(topic, { count: 20 }), {
    transforms,
    config: { transforms: 'b', 'transforms.b.type': 'bad' },
  })
  await runAndDrain(source.run)
  const config = { 'value.converter': pickyConverter.class }
  const sink = collecting()
  await using tolerant = await openSinkOf(around, sink, [topic], { config: { ...config, 'errors.tolerance': 'all' } })
  await runAndDrain(tolerant.run)
  expect(sink.sunk.values).toHaveLength(19)
  expect(tolerant.run.progress).toMatchObject({ read: 20, written: 19, skipped: 1 })
  await using strict = await openSinkOf(around, collecting(), [topic], { config })
  const failure = await runAndDrain(strict.run).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    message: expect.stringMatching(
      /VALUE_CONVERTER by test.PickyConverter failed for the record at topic .*, partition 0, offset 7: bad is not good; what it read: plain text$/,
    ),
    cause: { message: 'bad is not good' },
  })
})

test('only what the sink says is durable is committed, and the rest is not counted', async () => {
  const topic = await filled(100)
  const name = unique('durable')
  const part = new Map([[topic, new Map([[0, 40]])]])
  const sink = collecting({ flush: () => Promise.resolve(part) })
  await using opened = await openSinkOf(around, sink, [topic], { name })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toHaveLength(100)
  expect(await committedTo(around, opened.group)).toBe(40)
  expect(opened.run.progress).toMatchObject({ read: 40, written: 40 })
  const next = collecting()
  await using again = await openSinkOf(around, next, [topic], { name })
  await runAndDrain(again.run)
  expect(next.sunk.values).toEqual(numbers(40, 100))
})

test('the run ends with its budget while a put is slow, and the drain waits for the put', async () => {
  const topic = await filled(50)
  let release = () => {}
  let putting = false
  const slow = new Promise<void>((resolve) => {
    release = resolve
  })
  const sink = collecting({
    beforePut: () => {
      putting = true
      return slow
    },
  })
  await using opened = await openSinkOf(around, sink, [topic])
  using time = budget(30_000)
  const running = opened.run.run(time)
  while (!putting) await pause(5)
  time.end('stopped')
  expect(await running).toEqual({ kind: 'budget' })
  expect(sink.sunk.values).toEqual([])
  using rest = budget(10_000)
  const draining = opened.run.drain(rest)
  release()
  await draining
  expect(sink.sunk.values).toHaveLength(50)
  expect(await committedTo(around, opened.group)).toBe(50)
})

test('where records are gone that were still to be read, auto.offset.reset says where to go on', async () => {
  const topic = await filled(100)
  await deleteRecords(around.cluster, [{ topic, partition: 0, offset: 60 }])
  const name = unique('cut')
  await commit(around.cluster, `connect-${name}`, [{ topic, partition: 0, offset: 10 }])
  const sink = collecting()
  const log = keptLog()
  await using opened = await openSinkOf(around, sink, [topic], { name, log })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toEqual(numbers(60, 100))
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { topic, partition: 0, goesOnAt: 60 } })
  const none = { 'consumer.override.auto.offset.reset': 'none' }
  await expect(openSinkOf(around, collecting(), [topic], { config: none })).rejects.toThrow(/no reset policy/)
})

test('penstock.rate.limit hands records on in small portions', async () => {
  const topic = await filled(60)
  const sizes: number[] = []
  const sink = collecting({ beforePut: (records) => void sizes.push(records.length) })
  await using opened = await openSinkOf(around, sink, [topic], { config: { 'penstock.rate.limit': '200' } })
  await runAndDrain(opened.run)
  expect(sizes).toEqual([20, 20, 20])
  expect(await committedTo(around, opened.group)).toBe(60)
})
