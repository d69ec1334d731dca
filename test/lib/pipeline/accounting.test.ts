import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { budget, pause } from '../../../lib/connect/budget.ts'
import type { ConnectRecord, SinkOrigin } from '../../../lib/connect/record.ts'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { createTransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { Counters, SingleTally } from '../../../lib/pipeline/counters.ts'
import { audited, total } from '../../../lib/slice/progress.ts'
import { NO_PROGRESS, type Progress } from '../../../lib/state/lease.ts'
import { CHAIN, counted, type Fate, fatesOf, isRefused, refused, texts, transformsOf } from './fates.ts'
import {
  collecting,
  committedTo,
  counting,
  ends,
  keptLog,
  open,
  openSinkOf,
  pickyConverter,
  runAndDrain,
  type Surroundings,
  surroundings,
  texts as textsOf,
  unique,
} from './kit.ts'

const COUNT = 400
const RUNS = { numRuns: 10, endOnFailure: true }

let around: Surroundings
/** The texts 0 to COUNT - 1 in short transactions, and some that were aborted. */
let topic: string
beforeAll(async () => {
  around = await surroundings()
  topic = unique('accounts')
  await createTopics(around.cluster, [{ name: topic, partitions: 2, replicationFactor: 1 }])
  await using source = await open(around, counting(topic, { count: COUNT, batch: 17 }), { exactlyOnce: true })
  await runAndDrain(source.run)
  const { producer: settings } = clientSettings(around.worker.raw, 'producer')
  const producer = createTransactionalProducer(around.cluster, settings, unique('aborted'))
  await producer.init()
  producer.begin()
  await producer.prepare([topic])
  for (let i = 0; i < 20; i++) producer.append(topic, i % 2, null, `aborted ${i}`, null, [])
  await producer.flush()
  await producer.abort()
  await producer.close()
})
afterAll(() => around.cluster.close())

const TOLERANT = { ...CHAIN, 'errors.tolerance': 'all' }
const inFlight = ({ read, filtered, written, skipped, deadLettered }: Progress) =>
  read - filtered - written - skipped - deadLettered

test.each([{ exactlyOnce: false }, { exactlyOnce: true }])(
  'whatever becomes of the records of a source, each is counted once: %o',
  async ({ exactlyOnce }) => {
    await fc.assert(
      fc.asyncProperty(fatesOf(COUNT), async (fates) => {
        const to = unique('fated')
        const log = keptLog()
        const { multiply, sift } = transformsOf(fates)
        // What is refused is refused by the converter.
        const spoil = (record: ConnectRecord) =>
          isRefused(fates, String(record.value)) ? record.withValue(null, 'bad') : record
        const config = {
          ...TOLERANT,
          transforms: 'm,f,s',
          'transforms.s.type': 'spoil',
          'value.converter': pickyConverter.class,
        }
        const options = { exactlyOnce, config, log, transforms: { multiply, sift, spoil } as never }
        await using source = await open(around, counting(to, { count: COUNT, batch: 90 }), options)
        await runAndDrain(source.run)
        expect(await textsOf(around, to)).toEqual(texts(fates, 'all of it'))
        const progress = audited(total(NO_PROGRESS, source.run.progress, 1))
        expect(progress).toMatchObject({ read: COUNT, ...counted(fates) })
        expect(progress.accounting).toMatchObject({ passed: COUNT, gaps: 0, uncounted: 0, mismatch: null })
        expect(log.lines).toEqual([])
      }),
      RUNS,
    )
  },
)

/** How a slice of a sink ends: what part of what was put it says is durable, and whether it tells of its end. */
const sliceOf = fc.record({ durable: fc.double({ min: 0, max: 1, noNaN: true }), cutOff: fc.boolean() })

test('whatever becomes of the records of a sink, over slices that end anyhow, the counters add up to the positions', async () => {
  await fc.assert(
    fc.asyncProperty(fatesOf(COUNT), fc.array(sliceOf, { maxLength: 3 }), async (fates, slices) => {
      const name = unique('fated')
      const log = keptLog()
      let known: Progress = NO_PROGRESS
      for (const { durable, cutOff } of [...slices, { durable: 1, cutOff: false }]) {
        const sink = collecting({
          beforePut: (records) => refused(fates, records),
          flush: async () => durablePart(sink.sunk.origins as SinkOrigin[], durable),
        })
        await using opened = await openSinkOf(around, sink, [topic], {
          name,
          log,
          transforms: transformsOf(fates),
          config: {
            ...TOLERANT,
            'consumer.override.max.poll.records': '7',
            'consumer.override.isolation.level': 'read_committed',
          },
          idleAfterMs: 50,
        })
        using time = budget(10_000)
        await opened.run.run(time)
        // All that is known of a slice that is cut off is what it wrote before.
        const told = total(known, opened.run.progress, 1)
        await opened.run.drain(time)
        known = audited(cutOff ? told : total(known, opened.run.progress, 1))
        expect(known.accounting.mismatch).toBeNull()
        if (!cutOff) expect(inFlight(known)).toBe(0)
      }
      const end = await ends(around.cluster, topic)
      expect(await committedTo(around, `connect-${name}`)).toBe(end)
      const { passed, gaps, uncounted, ahead, committed } = known.accounting
      expect({ passed, ahead: ahead.read, committed }).toEqual({
        passed: end,
        ahead: 0,
        committed: { generation: 1, sum: end },
      })
      expect(known.read + gaps + uncounted).toBe(end)
      if (!slices.some(({ cutOff }) => cutOff)) {
        expect(known).toMatchObject({ read: COUNT, ...counted(fates) })
        expect(gaps).toBe(end - COUNT)
      }
      expect(log.lines).toEqual([])
    }),
    RUNS,
  )
})

/** Up to some of the records that were put, in each partition; all where the part is 1. */
function durablePart(origins: readonly SinkOrigin[], part: number): 'all' | Map<string, Map<number, number>> {
  if (part === 1) return 'all'
  const partitions = new Map<number, number>()
  for (const [partition, put] of Map.groupBy(origins, (origin) => origin.partition)) {
    const last = put[Math.floor(part * put.length) - 1]
    // Of one that has more records behind, not all is durable.
    if (last !== undefined) partitions.set(partition, last.offset)
  }
  return new Map([[topic, partitions]])
}

test('what does not add up is told in the log and by the progress, and the task goes on', async () => {
  const log = keptLog()
  const fates: Fate[] = ['plain']
  const shared = { kind: 'source', partition: { name: 'p' }, offset: { o: 1 } } as const
  const wrong = counting(unique('wrong'), { count: 4 })
  // Against the contract: records that share their origin, of which a transform makes several.
  const start: typeof wrong.start = async (...args) => {
    const task = await wrong.start(...args)
    const poll: typeof task.poll = async (...rest) => {
      const polled = await task.poll(...rest)
      const records = polled.records.map((one) =>
        Object.assign(Object.create(Object.getPrototypeOf(one)), one, { origin: shared }),
      )
      return { ...polled, records }
    }
    return { poll, stop: () => task.stop() }
  }
  await using source = await open(around, { ...wrong, start }, { log, config: CHAIN, transforms: transformsOf(fates) })
  expect(await runAndDrain(source.run)).toEqual({ kind: 'done' })
  const { mismatch } = audited(total(NO_PROGRESS, source.run.progress, 1)).accounting
  expect(mismatch).toMatch(/"read":4,.*"written":1/)
  expect(log.lines).toMatchObject([{ level: 'error', fields: { mismatch } }])
})

test('a slice that was cut off takes back what it had counted ahead of its commits', async () => {
  const name = unique('ahead')
  const never = collecting({ flush: async () => new Map() })
  await using cut = await openSinkOf(around, never, [topic], { name, idleAfterMs: 10_000 })
  using time = budget(20_000)
  const running = cut.run.run(time)
  while (cut.run.progress.written < COUNT) await pause(10)
  const known = total(NO_PROGRESS, cut.run.progress, 1)
  expect(known.accounting.ahead.read).toBe(known.read)
  time.end('cut off')
  await running
  await using next = await openSinkOf(around, collecting(), [topic], { name, idleAfterMs: 50 })
  await runAndDrain(next.run)
  const after = audited(total(known, next.run.progress, 1))
  expect(after.accounting).toMatchObject({ mismatch: null, uncounted: 0 })
  expect(after.read).toBe(next.run.progress.read)
})

test('a commit that succeeds after the drain has given it up counts all the same, and once', () => {
  const log = keptLog()
  const counters = new Counters(log)
  const batch = () => Object.assign(new SingleTally(), { read: 50, written: 50 })
  const [late, dropped] = [batch(), batch()]
  for (const tally of [late, dropped]) counters.open(tally)
  counters.close(true)
  expect(counters.progress(null, null).read).toBe(0)
  for (let told = 0; told < 2; told++) counters.end(late)
  counters.pass(50)
  expect(counters.progress(null, null)).toMatchObject({
    read: 50,
    written: 50,
    accounting: { passed: 50, mismatch: null },
  })
})
