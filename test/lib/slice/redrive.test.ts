/** Dead letters of a JDBC sink that keeps its positions in its database, redriven between slices, on a real Kafka. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { type RedriveOrder, redrive } from '../../../lib/dead-letters/redrive.ts'
import { createTopics, listOffsets } from '../../../lib/kafka/admin.ts'
import { remove } from '../../../lib/kafka/groups.ts'
import { QUEUE_PARTITION, redriveName } from '../../../lib/pipeline/redrive-queue.ts'
import type { DeadLetters } from '../../../lib/worker/connector-settings.ts'
import { connectorSettings } from '../../../lib/worker/connector-settings.ts'
import type { Worker } from '../../../lib/worker/settings.ts'
import { startWorld, type World } from '../state/world.ts'
import { type JdbcSlice, jdbcConfig, runJdbcSlice } from './jdbc-slice.ts'

let world: World
let worker: Worker
let folder: string
beforeAll(async () => {
  world = await startWorld()
  worker = world.group().worker
  folder = await mkdtemp(join(tmpdir(), 'penstock-redrive-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await world[Symbol.asyncDispose]()
})

const BROKEN = ['{"n":1}', '{broken', '{"n":2}', '{broken too']
const ALL: Pick<RedriveOrder, 'selection' | 'from' | 'edits' | 'again' | 'dryRun'> = {
  selection: { error: null, stage: null, letters: null },
  from: 'start',
  edits: new Map(),
  again: false,
  dryRun: false,
}

async function poisoned(name: string): Promise<Omit<JdbcSlice, 'epoch'>> {
  await createTopics(world.cluster, [{ name, partitions: 1, replicationFactor: 1 }])
  const producer = await world.producer()
  await producer.prepare([name])
  for (const value of BROKEN) producer.append(name, 0, null, value, null, [])
  await producer.flush()
  await producer.close()
  const config = {
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': `${name}-dlq`,
    'errors.deadletterqueue.topic.replication.factor': '1',
    'errors.deadletterqueue.context.headers.enable': 'true',
  }
  return {
    cluster: world.cluster,
    worker,
    connector: `${name}-sink`,
    topic: name,
    file: join(folder, `${name}.db`),
    config,
  }
}

async function redriveAll(slice: Omit<JdbcSlice, 'epoch'>, order: Partial<RedriveOrder> = {}) {
  using time = budget(30_000)
  const settings = connectorSettings(jdbcConfig({ ...slice, epoch: 0 }), worker)
  const deadLetters = settings.errors.deadLetters as DeadLetters
  const all = { ...ALL, connector: slice.connector, kind: 'sink', settings, deadLetters } as const
  return await redrive(world.cluster, worker, { ...all, ...order }, time)
}

function select(file: string, sql: string): unknown[] {
  const db = new DatabaseSync(file)
  try {
    return db
      .prepare(sql)
      .all()
      .flatMap((row) => Object.values(row))
  } finally {
    db.close()
  }
}

const edit = (letter: string, n: number) =>
  [letter, { letter, form: 'bytes', key: null, value: `{"n":${n}}`, headers: [] }] as const

test('redriven letters are written once, with their place in the queue, whatever the group forgets', async () => {
  const slice = await poisoned('once')
  expect(await runJdbcSlice({ ...slice, epoch: 1 })).toMatchObject({ read: 4, written: 2, deadLettered: 2 })
  const edits = new Map([edit('0:0', 3), edit('0:1', 4)])
  expect(await redriveAll(slice, { edits })).toMatchObject({ redriven: ['0:0', '0:1'], more: false })
  const ran = await runJdbcSlice({ ...slice, epoch: 2 })
  expect(ran).toMatchObject({ read: 2, written: 2, deadLettered: 0, accounting: { mismatch: null } })
  const written = () => select(slice.file, 'SELECT n FROM lines ORDER BY rowid')
  expect(written()).toEqual([1, 2, 3, 4])

  const queue = redriveName(worker, slice.connector)
  const [end] = await listOffsets(world.cluster, [{ topic: queue, partition: QUEUE_PARTITION }], 'latest')
  expect(select(slice.file, `SELECT next_offset FROM penstock_offsets WHERE topic = '${queue}'`)).toEqual([end?.offset])
  await remove(world.cluster, queue, 'all')
  expect(await redriveAll(slice)).toMatchObject({ redriven: [], left: { redriven: ['0:0', '0:1'] } })
  await runJdbcSlice({ ...slice, epoch: 3 })
  expect(written()).toEqual([1, 2, 3, 4])
})

test('what fails after each redrive is passed over in the end', async () => {
  const slice = await poisoned('loop')
  await runJdbcSlice({ ...slice, epoch: 1 })
  for (let epoch = 2; epoch <= 4; epoch++) {
    expect((await redriveAll(slice)).redriven).toHaveLength(2)
    expect(await runJdbcSlice({ ...slice, epoch })).toMatchObject({ read: 2, deadLettered: 2 })
  }
  const { redriven, left } = await redriveAll(slice)
  expect(redriven).toEqual([])
  expect(left.loop).toEqual(['0:6', '0:7'])
})

test('of two redrives at once each letter is redriven by one', async () => {
  const slice = await poisoned('race')
  await runJdbcSlice({ ...slice, epoch: 1 })
  const both = await Promise.allSettled([redriveAll(slice), redriveAll(slice)])
  const done = both.flatMap((one) => (one.status === 'fulfilled' ? one.value.redriven : []))
  expect(done.toSorted()).toEqual(['0:0', '0:1'])
  expect(await runJdbcSlice({ ...slice, epoch: 2 })).toMatchObject({ read: 2 })
})
