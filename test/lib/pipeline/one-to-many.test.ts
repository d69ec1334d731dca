import { expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { DataError } from '../../../lib/connect/errors.ts'
import type { OneToMany } from '../../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../../lib/connect/record.ts'
import type { TransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { InDoubt } from '../../../lib/pipeline/run.ts'
import {
  around,
  collecting,
  committedTo,
  counting,
  keptLog,
  numbers,
  offsetsOfTopic,
  open,
  openSinkOf,
  runAndDrain,
  texts,
  unique,
  useSurroundings,
} from './kit.ts'

useSurroundings()

const PARTS = ['a', 'b', 'c', 'd', 'e']
const five: OneToMany = {
  oneToMany: true,
  apply: (record) => PARTS.map((part) => record.withValue(record.valueSchema, `${record.value}${part}`)),
}
const config = { transforms: 'x', 'transforms.x.type': 'five' }
const fivefold = (from: number, to: number) => numbers(from, to).flatMap((text) => PARTS.map((part) => text + part))

/** A topic with the texts 0, 1, ..., count - 1. */
async function filled(count: number): Promise<string> {
  const topic = unique('single')
  await using source = await open(around, counting(topic, { count }))
  await runAndDrain(source.run)
  return topic
}

test('exactly-once: after crashes all that came of each record is there, once, in order', async () => {
  const topic = unique('fivefold')
  const name = unique('fivefold')
  for (const commits of [0, 1, 2, null]) {
    const offsets = await offsetsOfTopic(around, name)
    const declaration = counting(topic, { count: 600, batch: 50 })
    const options = { exactlyOnce: true, offsets, name, config, transforms: { five } }
    await using source = await open(around, declaration, options)
    const producer = source.producer as TransactionalProducer
    const commit = producer.commit.bind(producer)
    let done = 0
    producer.commit = async () => {
      if (commits !== null && done++ >= commits) throw new Error('crash')
      await commit()
    }
    using time = budget(20_000)
    await source.run.run(time).catch(() => {})
    if (commits === null) await source.run.drain(time)
  }
  expect(await texts(around, topic)).toEqual(fivefold(0, 600))
})

test('later transforms see each of the several', async () => {
  const topic = unique('later')
  const upper = (record: ConnectRecord) => record.withValue(null, String(record.value).toUpperCase())
  const transforms = { five, upper }
  const chain = { transforms: 'x,u', 'transforms.x.type': 'five', 'transforms.u.type': 'upper' }
  await using source = await open(around, counting(topic, { count: 3 }), { config: chain, transforms })
  await runAndDrain(source.run)
  expect(await texts(around, topic)).toEqual(fivefold(0, 3).map((text) => text.toUpperCase()))
  expect(source.run.progress).toMatchObject({ read: 3, written: 3 })
})

test('a sink position passes a record once all that came of it is put, over puts of a few', async () => {
  const topic = await filled(10)
  const sink = collecting({
    beforePut: (records) => {
      if (records.some(({ value }) => value === '4d')) throw new Error('a bug')
    },
  })
  const few = { ...config, 'consumer.override.max.poll.records': '2' }
  await using opened = await openSinkOf(around, sink, [topic], { config: few, transforms: { five } })
  await expect(runAndDrain(opened.run)).rejects.toThrow(/offset 4: a bug/)
  using time = budget(5_000)
  await expect(opened.run.drain(time)).rejects.toThrow(InDoubt)
  expect(sink.sunk.values.at(-1)).toBe('4b')
  expect(await committedTo(around, opened.group)).toBe(4)
  expect(opened.run.progress).toMatchObject({ read: 4, written: 4, accounting: { passed: 4, mismatch: null } })
})

test('of a record of which the sink refuses several, one failure is told', async () => {
  const topic = await filled(3)
  const sink = collecting({
    beforePut: (records) => {
      if (records.some(({ value }) => value === '1b' || value === '1d')) throw new DataError('not welcome')
    },
  })
  const log = keptLog()
  const tolerant = { ...config, 'errors.tolerance': 'all', 'errors.log.enable': 'true' }
  await using opened = await openSinkOf(around, sink, [topic], { config: tolerant, transforms: { five }, log })
  await runAndDrain(opened.run)
  expect(sink.sunk.values).toEqual(fivefold(0, 3).filter((text) => text !== '1b' && text !== '1d'))
  expect(opened.run.progress).toMatchObject({ read: 3, written: 2, skipped: 1 })
  expect(log.lines).toHaveLength(1)
})

test('a transform that gives a record another origin fails by name', async () => {
  const stray: OneToMany = {
    oneToMany: true,
    apply: (record) => [Object.assign(record.withTopic('t'), { origin: { ...record.origin } })],
  }
  await using source = await open(around, counting(unique('stray'), { count: 1 }), {
    config: { transforms: 'x', 'transforms.x.type': 'stray' },
    transforms: { stray },
  })
  await expect(runAndDrain(source.run)).rejects.toThrow(/stray gave a record another origin/)
})
