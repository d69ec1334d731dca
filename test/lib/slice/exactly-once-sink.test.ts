/** A JDBC sink that keeps its positions in its database (`penstock.sink.exactly.once`), on a real Kafka. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { commit, committed } from '../../../lib/kafka/groups.ts'
import type { Worker } from '../../../lib/worker/settings.ts'
import { asReset } from '../../../lib/worker/sink-positions.ts'
import { startWorld, type World } from '../state/world.ts'
import { type JdbcSlice, runJdbcSlice } from './jdbc-slice.ts'

let world: World
let worker: Worker
let folder: string

beforeAll(async () => {
  world = await startWorld()
  worker = world.group().worker
  folder = await mkdtemp(join(tmpdir(), 'penstock-sink-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
  await world[Symbol.asyncDispose]()
})

/** A sink, its topic and a file for its database. */
async function sink(name: string): Promise<Omit<JdbcSlice, 'epoch'>> {
  await createTopics(world.cluster, [{ name, partitions: 1, replicationFactor: 1 }])
  return { cluster: world.cluster, worker, connector: `${name}-sink`, topic: name, file: join(folder, `${name}.db`) }
}

async function fill(topic: string, values: readonly string[]): Promise<void> {
  const producer = await world.producer()
  await producer.prepare([topic])
  for (const value of values) producer.append(topic, 0, null, value, null, [])
  await producer.flush()
  await producer.close()
}

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}`)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

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

const written = ({ file }: { readonly file: string }) => select(file, 'SELECT n FROM lines ORDER BY rowid')
const position = ({ file }: { readonly file: string }) => select(file, 'SELECT next_offset FROM penstock_offsets')

async function groupOffset({ connector }: { readonly connector: string }): Promise<number | undefined> {
  return (await committed(world.cluster, `connect-${connector}`))[0]?.offset
}

async function killed({ connector, topic, file }: Omit<JdbcSlice, 'epoch'>, epoch: number): Promise<void> {
  const bootstrap = worker.raw['bootstrap.servers'] ?? ''
  const args = [bootstrap, worker.settings['group.id'], connector, topic, file, String(epoch)]
  const child = fork(join(import.meta.dirname, 'killed-sink.ts'), args)
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
}

test('killed between the commit of the rows and that of the group, a sink without a primary key writes no row twice', async () => {
  const slice = await sink('killed')
  await fill(slice.topic, lines(0, 500))
  await killed(slice, 1)
  expect(written(slice)).toHaveLength(500)
  expect(await groupOffset(slice)).toBe(0)
  await fill(slice.topic, lines(500, 600))
  await killed(slice, 2)
  await fill(slice.topic, lines(600, 700))
  const { accounting } = await runJdbcSlice({ ...slice, epoch: 3 })
  expect(written(slice)).toEqual(range(0, 700))
  expect(position(slice)).toEqual([700])
  expect(await groupOffset(slice)).toBe(700)
  expect(accounting).toMatchObject({ passed: 100, mismatch: null })
})

test('offsets that a user sets or takes away count for more than those in the target', async () => {
  const slice = await sink('altered')
  const group = `connect-${slice.connector}`
  await fill(slice.topic, lines(0, 10))
  await runJdbcSlice({ ...slice, epoch: 1 })
  await commit(world.cluster, group, [{ topic: slice.topic, partition: 0, offset: 7 }])
  await runJdbcSlice({ ...slice, epoch: 2 })
  expect(written(slice)).toEqual([...range(0, 10), 7, 8, 9])
  await commit(world.cluster, group, [asReset({ topic: slice.topic, partition: 0 })])
  await runJdbcSlice({ ...slice, epoch: 3 })
  expect(written(slice).slice(13)).toEqual(range(0, 10))
  await runJdbcSlice({ ...slice, epoch: 4 })
  expect(written(slice)).toHaveLength(23)
})

test('a record that the database refuses is passed over with the others, once', async () => {
  const slice = await sink('refused')
  const config = { 'errors.tolerance': 'all' }
  await fill(slice.topic, [...lines(0, 5), '{"n":"x"}', ...lines(5, 8), '{"n":"y"}'])
  const db = new DatabaseSync(slice.file)
  db.exec('CREATE TABLE lines(n INTEGER) STRICT')
  db.close()
  const { accounting, ...counts } = await runJdbcSlice({ ...slice, config, epoch: 1 })
  expect(counts).toMatchObject({ read: 10, written: 8, skipped: 2 })
  expect(accounting).toMatchObject({ passed: 10, mismatch: null })
  expect(written(slice)).toEqual(range(0, 8))
  expect(position(slice)).toEqual([10])
})
