/** A sink that an heir begins before the lease is its own, on a real Kafka. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Budget, budget } from '../../../lib/connect/budget.ts'
import { commit, committed } from '../../../lib/kafka/groups.ts'
import { Begun } from '../../../lib/slice/begun.ts'
import { beginSink, startSink } from '../../../lib/slice/start-sink.ts'
import type { TaskRun } from '../../../lib/slice/task-run.ts'
import { type Lease, NO_PROGRESS } from '../../../lib/state/leases.ts'
import { newTopic } from '../kafka/kit.ts'
import { startWorld, type World } from '../state/world.ts'
import { jdbcConfig, sinkStart } from './jdbc-slice.ts'

let world: World
let folder: string

beforeAll(async () => {
  world = await startWorld()
  folder = await mkdtemp(join(tmpdir(), 'penstock-begin-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await world[Symbol.asyncDispose]()
})

const LEASE = { clean: true, slices: 1, epoch: 2, generation: 1, progress: NO_PROGRESS } as unknown as Lease

/** A sink of a topic with three records, and an heir of it that has begun. */
async function sink(time: Budget, at: number | null, jdbc = false) {
  const { cluster } = world
  const topic = await newTopic(cluster, 1)
  const producer = await world.producer()
  await producer.prepare([topic])
  for (const value of ['one', 'two', 'three']) producer.append(topic, 0, null, value, null, [])
  await producer.flush()
  await producer.close()
  const connector = `copy-${randomUUID()}`
  const group = `connect-${connector}`
  if (at !== null) await commit(cluster, group, [{ topic, partition: 0, offset: at, leaderEpoch: -1, metadata: '' }])
  const file = join(folder, connector)
  const lines = {
    ...{ name: connector, 'connector.class': 'FileStreamSink', topics: topic, file },
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  }
  const { worker } = world.group()
  const raw = jdbc ? jdbcConfig({ cluster, worker, connector, topic, file, epoch: 2 }) : lines
  const start = await sinkStart(cluster, worker, raw, topic, 2, time)
  const begun = new Begun(start.log)
  const ahead = budget(30_000)
  const begunSink = Promise.withResolvers<void>()
  begun.begin(ahead, () => beginSink(start).finally(begunSink.resolve))
  await begunSink.promise
  return {
    begun,
    written: async () => await readFile(file, 'utf8').catch(() => ''),
    offset: async () => (await committed(cluster, group, [{ topic, partition: 0 }]))[0]?.offset,
    start: () => startSink({ ...start, lease: LEASE }),
    [Symbol.dispose]: () => ahead[Symbol.dispose](),
  }
}

async function finish(run: TaskRun, time: Budget): Promise<void> {
  await run.run(time)
  await run.drain(time)
  await run.stop()
}

test('puts and commits nothing until it is the owner, and then all from the last commit on', async () => {
  using time = budget(60_000)
  using heir = await sink(time, 1)
  expect(await heir.written()).toBe('')
  expect(await heir.offset()).toBe(1)
  const run = await heir.begun.take(LEASE, time)
  expect(run).not.toBeNull()
  if (run !== null) await finish(run, time)
  expect(await heir.written()).toBe('two\nthree\n')
  expect(await heir.offset()).toBe(3)
})

test('what an heir has begun and not got leaves nothing behind for the next owner', async () => {
  using time = budget(60_000)
  using heir = await sink(time, 1)
  await heir.begun.giveUp()
  expect(await heir.begun.take(LEASE, time)).toBeNull()
  expect(await heir.offset()).toBe(1)
  await finish(await heir.start(), time)
  expect(await heir.written()).toBe('two\nthree\n')
  expect(await heir.offset()).toBe(3)
})

test.each([
  ['positions that the group lacks are chosen', null, false],
  ['a target that keeps positions is claimed', 1, true],
])('%s by the owner alone', async (_, at, jdbc) => {
  using time = budget(60_000)
  using heir = await sink(time, at, jdbc)
  expect(await heir.begun.take(LEASE, time)).toBeNull()
  expect(await heir.offset()).toBe(at ?? undefined)
  expect(await heir.written()).toBe('')
})
