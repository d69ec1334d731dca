import { expect, test } from 'vitest'
import { budget, pause } from '../../../lib/connect/budget.ts'
import { RetriableError } from '../../../lib/connect/errors.ts'
import type { TransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { StageError } from '../../../lib/pipeline/errors.ts'
import { InDoubt } from '../../../lib/pipeline/run.ts'
import {
  around,
  counting,
  ends,
  keptLog,
  numbers,
  offsetsInMemory,
  offsetsOfTopic,
  open,
  pickyConverter,
  runAndDrain,
  surroundings,
  texts,
  unique,
  useSurroundings,
} from './kit.ts'

useSurroundings()

const BOTH = [{ exactlyOnce: false }, { exactlyOnce: true }]

test.each(BOTH)('everything arrives in order, once, and its offsets are committed: %o', async ({ exactlyOnce }) => {
  const topic = unique('all')
  const declaration = counting(topic, { count: 20_000, batch: 700 })
  await using source = await open(around, declaration, { exactlyOnce })
  expect(await runAndDrain(source.run)).toEqual({ kind: 'done' })
  expect(await texts(around, topic)).toEqual(numbers(0, 20_000))
  expect(source.offsets.get({ name: 'numbers' })).toEqual({ next: 20_000 })
  expect(declaration.committed.at(-1)).toBe(20_000)
  expect(source.producer.buffered).toBe(0)
  expect(source.run.progress).toMatchObject({ read: 20_000, written: 20_000, filtered: 0, skipped: 0 })
})

test.each(BOTH)('filtered records count, and their offsets are committed too: %o', async ({ exactlyOnce }) => {
  const topic = unique('filtered')
  const declaration = counting(topic, { count: 1_000 })
  const transforms = { even: (record: { value: unknown }) => (Number(record.value) % 2 === 0 ? record : null) as never }
  const config = { transforms: 'f', 'transforms.f.type': 'even' }
  await using source = await open(around, declaration, { exactlyOnce, transforms, config })
  await runAndDrain(source.run)
  expect(await texts(around, topic)).toHaveLength(500)
  expect(source.offsets.get({ name: 'numbers' })).toEqual({ next: 1_000 })
  expect(source.run.progress).toMatchObject({ read: 1_000, written: 500, filtered: 500 })
})

test.each(BOTH)(
  'without tolerance a failed transform ends the run and names the record: %o',
  async ({ exactlyOnce }) => {
    const topic = unique('failed')
    const offsets = offsetsInMemory('failed', around.worker.topics.offsets)
    const fails = { throws: (record: { value: unknown }) => fail(record.value === '555', 'no 555', record) as never }
    const config = { transforms: 'f', 'transforms.f.type': 'throws' }
    {
      await using source = await open(around, counting(topic, { count: 1_000 }), {
        exactlyOnce,
        config,
        transforms: fails,
        offsets,
      })
      const error = await runAndDrain(source.run).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(StageError)
      expect(error).toMatchObject({
        stage: 'TRANSFORMATION',
        javaClass: 'org.apache.kafka.connect.errors.ConnectException',
      })
      expect((error as Error).message).toMatch(
        /^Tolerance exceeded in error handler: TRANSFORMATION by throws.*"next":556.*no 555/,
      )
      using time = budget(5_000)
      await source.run.drain(time)
      expect(source.offsets.get({ name: 'numbers' })).toEqual({ next: 500 })
      expect(source.run.progress).toMatchObject({ read: 500, written: 500 })
    }
    await using source = await open(around, counting(topic, { count: 1_000 }), { exactlyOnce, offsets })
    await runAndDrain(source.run)
    expect(await texts(around, topic)).toEqual(numbers(0, 1_000))
  },
)

test.each(BOTH)('with tolerance failed records are skipped, logged and counted: %o', async ({ exactlyOnce }) => {
  const topic = unique('skipped')
  const fails = { throws: (record: { value: unknown }) => fail(record.value === '5', 'no 5', record) as never }
  const config = {
    transforms: 'f',
    'transforms.f.type': 'throws',
    'errors.tolerance': 'all',
    'errors.log.enable': 'true',
    'errors.log.include.messages': 'true',
  }
  const log = keptLog()
  await using source = await open(around, counting(topic, { count: 10 }), {
    exactlyOnce,
    config,
    transforms: fails,
    log,
    name: unique('s'),
  })
  await runAndDrain(source.run)
  expect(await texts(around, topic)).toEqual(numbers(0, 10).filter((text) => text !== '5'))
  expect(source.run.progress).toMatchObject({ read: 10, written: 9, skipped: 1 })
  const [line] = log.lines
  expect(line?.message).toMatch(
    /^Error encountered in task s-.*-0\. Executing stage 'TRANSFORMATION' with class 'throws', where source record is \{topic='skipped-.*"next":6/,
  )
})

test.each(BOTH)('a record that the converter refuses is skipped or fails the task: %o', async ({ exactlyOnce }) => {
  const transforms = {
    bad: (record: { value: unknown }) =>
      (record as never as { withValue(s: null, v: string): never }).withValue(
        null,
        record.value === '3' ? 'bad' : String(record.value),
      ),
  }
  const config = { transforms: 'f', 'transforms.f.type': 'bad', 'value.converter': pickyConverter.class }
  const topic = unique('picky')
  await using tolerant = await open(around, counting(topic, { count: 6 }), {
    exactlyOnce,
    transforms,
    config: { ...config, 'errors.tolerance': 'all' },
  })
  await runAndDrain(tolerant.run)
  expect(await texts(around, topic)).toEqual(['0', '1', '2', '4', '5'])
  expect(tolerant.run.progress).toMatchObject({ read: 6, written: 5, skipped: 1 })
  await using strict = await open(around, counting(unique('picky'), { count: 6 }), { exactlyOnce, transforms, config })
  await expect(runAndDrain(strict.run)).rejects.toThrow(
    /VALUE_CONVERTER by test.PickyConverter.*"next":4.*bad is not good/,
  )
})

test('a retriable error of a transform is tried again within errors.retry.timeout', async () => {
  let failures = 2
  const transforms = {
    flaky: (record: { value: unknown }) => {
      if (record.value === '3' && failures-- > 0) throw new RetriableError('not now')
      return record as never
    },
  }
  const config = {
    transforms: 'f',
    'transforms.f.type': 'flaky',
    'errors.retry.timeout': '10000',
    'errors.retry.delay.max.ms': '20',
  }
  const topic = unique('flaky')
  await using source = await open(around, counting(topic, { count: 10 }), { transforms, config })
  await runAndDrain(source.run)
  expect(await texts(around, topic)).toEqual(numbers(0, 10))
  expect(source.run.progress).toMatchObject({ written: 10, skipped: 0, retried: 2 })
})

test('a poll that fails retriably is tried again; any other failure ends the run', async () => {
  let failures = 1
  const flaky = counting(unique('poll'), {
    count: 10,
    beforePoll: () => {
      if (failures-- > 0) throw new RetriableError('the database is starting')
    },
  })
  const log = keptLog()
  await using source = await open(around, flaky, { log, idleAfterMs: 5_000 })
  expect(await runAndDrain(source.run)).toEqual({ kind: 'done' })
  expect(source.run.progress).toMatchObject({ written: 10, retried: 1 })
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { error: 'the database is starting' } })
  const broken = counting(unique('poll'), { count: 10, beforePoll: () => fail(true, 'no such table', undefined) })
  await using other = await open(around, broken)
  await expect(runAndDrain(other.run)).rejects.toThrow('TASK_POLL by test.Counting failed: no such table')
})

test('after a crash before the commit nothing is missing', async () => {
  const topic = unique('crash')
  const offsets = offsetsInMemory('crash', around.worker.topics.offsets)
  {
    await using source = await open(around, counting(topic, { count: 500, idleMs: 60_000 }), {
      offsets,
      idleAfterMs: 100,
    })
    using time = budget(10_000)
    expect(await source.run.run(time)).toMatchObject({ kind: 'idle' })
    await source.crash()
  }
  expect(offsets.all()).toEqual([])
  await using source = await open(around, counting(topic, { count: 1_000 }), { offsets })
  await runAndDrain(source.run)
  expect(new Set(await texts(around, topic))).toEqual(new Set(numbers(0, 1_000)))
})

test('exactly-once: after crashes before and after commits every record is there once', async () => {
  const topic = unique('once')
  const name = unique('once')
  for (const commits of [0, 1, 2, 3, null]) {
    const offsets = await offsetsOfTopic(around, name)
    // Not a flood, which would go into one transaction.
    const beforePoll = (next: number) => pause(next % 100 === 0 ? 20 : 0)
    const declaration = counting(topic, { count: 4_000, batch: 50, beforePoll })
    await using source = await open(around, declaration, { exactlyOnce: true, offsets, name })
    if (commits !== null) crashAfter(source.producer as TransactionalProducer, commits)
    using time = budget(20_000)
    const ended = await source.run.run(time).catch((error: Error) => error)
    if (commits === null) await source.run.drain(time)
    else {
      expect(ended).toBeInstanceOf(StageError)
      await expect(source.run.drain(time)).rejects.toThrow(InDoubt)
    }
  }
  expect(await texts(around, topic)).toEqual(numbers(0, 4_000))
})

test.each(Array.from({ length: 24 }, (_, ticks) => ({ ticks })))(
  'exactly-once: a source that waits for the commit of one record before it brings the next is not left waiting, $ticks ticks after the commit',
  async ({ ticks }) => {
    const topic = unique('acknowledged')
    let onCommitted = () => {}
    let committed = 0
    const beforePoll = async (next: number) => {
      const isNext = new Promise<void>((resolve) => {
        onCommitted = resolve
      })
      if (committed < next) await isNext
      for (let i = 0; i < ticks; i++) await null
    }
    const declaration = counting(topic, {
      count: 3,
      batch: 1,
      beforePoll,
      onCommitted(next) {
        committed = next
        onCommitted()
      },
    })
    await using source = await open(around, declaration, { exactlyOnce: true })
    using time = budget(15_000)
    expect(await source.run.run(time)).toEqual({ kind: 'done' })
    await source.run.drain(time)
    expect(await texts(around, topic)).toEqual(numbers(0, 3))
  },
)

/** The process ends when the broker has done so many commits: it doesn't learn of the last one. */
function crashAfter(producer: TransactionalProducer, commits: number): void {
  const commit = producer.commit.bind(producer)
  let done = 0
  producer.commit = async () => {
    if (done++ < commits) await commit()
    if (done >= commits) throw new Error('crash')
  }
}

test('transaction.boundary=interval: nothing is visible before the transaction ends', async () => {
  const topic = unique('interval')
  const config = { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '3600000' }
  await using source = await open(around, counting(topic, { count: 300, idleMs: 60_000 }), {
    exactlyOnce: true,
    config,
    idleAfterMs: 100,
  })
  using time = budget(10_000)
  expect(await source.run.run(time)).toEqual({ kind: 'idle', idleMs: 60_000, certain: false, mark: null })
  expect(source.offsets.all()).toEqual([])
  await source.run.drain(time)
  expect(await texts(around, topic)).toEqual(numbers(0, 300))
  expect(source.offsets.get({ name: 'numbers' })).toEqual({ next: 300 })
})

test('a missing topic is created as topic.creation.default says', async () => {
  const topic = unique('created')
  const config = { 'topic.creation.default.partitions': '3', 'topic.creation.default.replication.factor': '1' }
  await using source = await open(around, counting(topic, { count: 1_000 }), { config })
  await runAndDrain(source.run)
  expect((await around.cluster.topic(topic)).partitions).toHaveLength(3)
  expect(await ends(around.cluster, topic)).toBe(1_000)
})

test('records may go to several topics, each made when it is first needed', async () => {
  const base = unique('many')
  await using source = await open(around, counting(base, { count: 100, topicOf: (n) => `${base}-${n % 4}` }))
  await runAndDrain(source.run)
  expect(await texts(around, `${base}-3`)).toEqual(numbers(0, 25).map((n) => String(Number(n) * 4 + 3)))
})

test('the end of the budget ends a poll that waits, and the drain takes what it brings', async () => {
  const topic = unique('abort')
  const waits = counting(topic, {
    count: 100,
    batch: 50,
    beforePoll: (next, { signal }) =>
      next === 50
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        : undefined,
  })
  await using source = await open(around, waits)
  using time = budget(60_000)
  const running = source.run.run(time)
  while ((source.run.progress.read ?? 0) < 50) await pause(5)
  time.end('stopped')
  expect(await running).toEqual({ kind: 'budget' })
  using rest = budget(10_000)
  await source.run.drain(rest)
  expect(await texts(around, topic)).toEqual(numbers(0, 100))
  expect(source.offsets.get({ name: 'numbers' })).toEqual({ next: 100 })
})

test.each(BOTH)('a run ends in time where the brokers take nothing more: %o', async ({ exactlyOnce }) => {
  await using own = await surroundings({}, { own: true })
  await using broker = own.broker
  const config = { 'producer.override.buffer.memory': '50000' }
  let polls = 0
  const beforePoll = async () => {
    if (++polls === 5) await broker.kill()
  }
  const declaration = counting(unique('stuck'), { count: 1_000_000, beforePoll })
  await using source = await open(own, declaration, { exactlyOnce, config })
  using time = budget(4_000)
  expect(await source.run.run(time)).toEqual({ kind: 'budget' })
})

test('offsets are committed at offset.flush.interval.ms without a drain', async () => {
  const often = await surroundings({ 'offset.flush.interval.ms': '50' })
  const declaration = counting(unique('flush'), { count: 100, idleMs: 20 })
  await using source = await open(often, declaration, { idleAfterMs: 60_000 })
  using time = budget(10_000)
  const running = source.run.run(time)
  while (source.offsets.all().length === 0 && !time.signal.aborted) await pause(10)
  expect(source.offsets.get({ name: 'numbers' })).toEqual({ next: 100 })
  expect(source.run.progress.lastCommit).not.toBeNull()
  time.end('enough')
  await running
  await often.cluster.close()
})

function fail<T>(condition: boolean, message: string, otherwise: T): T {
  if (condition) throw new Error(message)
  return otherwise
}
