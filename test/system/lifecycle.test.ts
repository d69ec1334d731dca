/** A user's day with one `penstock up`: stop and start again, idle connectors, mistakes and their mending. */

import { spawn } from 'node:child_process'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite')

let penstock: Penstock
beforeAll(async () => {
  penstock = await Penstock.start()
}, 180_000)
afterAll(async () => penstock?.[Symbol.asyncDispose]())

const path = (name: string) => join(penstock.folder, name)
const source = (file: string, topic: string) => {
  return { 'connector.class': 'FileStreamSource', file: path(file), topic, 'value.converter': STRING }
}
const sink = (file: string, topics: string) => {
  return { 'connector.class': 'FileStreamSink', file: path(file), topics, 'value.converter': STRING }
}
const linesOf = async (file: string) => (await readFile(path(file), 'utf8').catch(() => '')).split('\n').slice(0, -1)
const traceOf = (name: string) =>
  until(`${name} to show FAILED with its reason`, 30_000, async () => {
    const task = await penstock.taskState(name)
    return task?.state === 'FAILED' && task.trace
  })
const rows = (file: string, sql: string) => {
  const db = new DatabaseSync(path(file), { readOnly: true, timeout: 5_000 })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

test('lines added to a file come through, and an idle connector holds no instance until it looks again', async () => {
  await writeFile(path('in.txt'), 'one\ntwo\n')
  await penstock.create('lines', source('in.txt', 'lines'))
  await penstock.create('copy', sink('out.txt', 'lines'))
  await until('the first lines', 30_000, async () => (await linesOf('out.txt')).length === 2)
  await until('no instance to hold the idle task, and its next look to be known', 20_000, async () => {
    const held = (await penstock.instances()).some((one) => one.connector === 'copy' && one.state === 'owner')
    const { nextWake, owner } = (await penstock.progress('copy')).tasks[0] ?? {}
    return !held && owner === null && (nextWake ?? 0) > Date.now() - 1_000
  })
  await appendFile(path('in.txt'), 'three\n')
  await until('the added line', 10_000, async () => (await linesOf('out.txt')).length === 3)
  expect(await linesOf('out.txt')).toEqual(['one', 'two', 'three'])
})

test("a file that isn't there is waited for, and said so", async () => {
  await penstock.create('waits', source('later.txt', 'later'))
  await until('the note about the file', 20_000, async () =>
    (await penstock.progress('waits')).tasks[0]?.note?.includes('later.txt'),
  )
  await writeFile(path('later.txt'), 'here\n')
  await until(
    'its line',
    20_000,
    async () => ((await penstock.progress('waits')).tasks[0]?.counters.written ?? 0) === 1,
  )
})

test('Connect answers a config that cannot be', async () => {
  const post = (name: string, config: object) => penstock.request('POST', '/connectors', { name, config })
  const unknown = await post('no', { 'connector.class': 'NoSuchThing' })
  expect(unknown.status).toBe(400)
  expect(JSON.stringify(unknown.body)).toContain('Failed to find any class that implements Connector')
  const missing = await post('no', { 'connector.class': 'FileStreamSource', file: 'x' })
  expect(missing.status).toBe(400)
  expect(JSON.stringify(missing.body)).toContain('Missing required configuration \\"topic\\"')
  await penstock.create('taken', source('none.txt', 'taken'))
  const taken = await post('taken', source('none.txt', 'taken'))
  expect(taken).toEqual({ status: 409, body: { error_code: 409, message: 'Connector taken already exists' } })
  expect((await penstock.get('/connectors/no')).status).toBe(404)
})

test("a record that isn't JSON fails the task by name, and after the fix it goes on from there", async () => {
  await writeFile(path('mixed.txt'), '{"id":1,"n":"a"}\nnot json\n{"id":2,"n":"b"}\n')
  await penstock.create('mixed', source('mixed.txt', 'mixed'))
  const database = {
    'connector.class': 'JdbcSink',
    topics: 'mixed',
    'connection.url': `jdbc:sqlite:${path('mixed.sqlite')}`,
    'auto.create': 'true',
    'insert.mode': 'upsert',
    'pk.mode': 'kafka',
    'penstock.restart.delay.ms': '200',
  }
  await penstock.create('mixed-db', database)
  const trace = await traceOf('mixed-db')
  expect(trace).toMatch(/topic mixed, partition 0, offset 1/)
  const config = { ...database, 'errors.tolerance': 'all' }
  expect((await penstock.request('PUT', '/connectors/mixed-db/config', config)).status).toBe(200)
  await until('the records around it', 30_000, async () => {
    const progress = (await penstock.progress('mixed-db')).tasks[0]
    return progress?.counters.skipped === 1 && progress.counters.written >= 2
  })
  expect(rows('mixed.sqlite', 'SELECT id, n FROM mixed ORDER BY id')).toEqual([
    { id: 1, n: 'a' },
    { id: 2, n: 'b' },
  ])
  expect((await penstock.taskState('mixed-db'))?.state).toBe('RUNNING')
})

test('a missing column fails the task with what to do, and after doing it the row is there', async () => {
  const db = new DatabaseSync(path('narrow.sqlite'))
  db.exec('CREATE TABLE narrow (id INTEGER)')
  db.close()
  await writeFile(path('narrow.txt'), '{"id":1,"name":"a"}\n')
  await penstock.create('narrow', source('narrow.txt', 'narrow'))
  await penstock.create('narrow-db', {
    'connector.class': 'JdbcSink',
    topics: 'narrow',
    'connection.url': `jdbc:sqlite:${path('narrow.sqlite')}`,
    'penstock.restart.delay.ms': '200',
    'penstock.restart.delay.max.ms': '500',
    'penstock.restart.max.attempts': '-1',
  })
  const trace = await traceOf('narrow-db')
  expect(trace).toMatch(/name/)
  expect(trace).toMatch(/auto\.evolve/)
  const again = new DatabaseSync(path('narrow.sqlite'))
  again.exec('ALTER TABLE narrow ADD COLUMN name TEXT')
  again.close()
  await until('the row', 30_000, async () => rows('narrow.sqlite', 'SELECT id, name FROM narrow').length === 1)
  await until('RUNNING again', 20_000, async () => (await penstock.taskState('narrow-db'))?.state === 'RUNNING')
})

test('pause, resume, restart and delete', async () => {
  await writeFile(path('p.txt'), 'a\n')
  await penstock.create('p', source('p.txt', 'p'))
  await until('RUNNING', 30_000, async () => (await penstock.taskState('p'))?.state === 'RUNNING')
  expect((await penstock.request('PUT', '/connectors/p/pause')).status).toBe(202)
  await until('PAUSED', 20_000, async () => (await penstock.taskState('p'))?.state === 'PAUSED')
  await appendFile(path('p.txt'), 'b\n')
  expect((await penstock.request('PUT', '/connectors/p/resume')).status).toBe(202)
  await until(
    'the second line',
    20_000,
    async () => ((await penstock.progress('p')).tasks[0]?.counters.written ?? 0) === 2,
  )
  expect((await penstock.request('POST', '/connectors/p/restart')).status).toBe(204)
  expect((await penstock.request('DELETE', '/connectors/p')).status).toBe(204)
  expect((await penstock.get('/connectors/p')).status).toBe(404)
})

test('a port that is taken is said in one line', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const flags = ['up', '--port', String(port), '--kafka-port', '0', '--data', path('other')]
  const child = spawn(process.execPath, ['bin/penstock.mjs', ...flags])
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  server.close()
  expect(code).not.toBe(0)
  expect(text).toContain(String(port))
  expect(text).not.toMatch(/^\s+at /m)
})

/** Last: it ends the one that the others use. */
test('stopped with Ctrl-C and started again on the same folder: connectors go on, no process is left', async () => {
  const { code, left } = await penstock.stop('SIGINT')
  expect({ code, left }).toEqual({ code: 0, left: [] })
  await appendFile(path('in.txt'), 'four\n')
  penstock = await Penstock.start({ folder: penstock.folder })
  await until('the line that came meanwhile', 30_000, async () => (await linesOf('out.txt')).length >= 4)
  expect(await linesOf('out.txt')).toEqual(['one', 'two', 'three', 'four'])
  const names = (await penstock.get('/connectors')).body as string[]
  expect(names.sort()).toEqual(['copy', 'lines', 'mixed', 'mixed-db', 'narrow', 'narrow-db', 'taken', 'waits'])
}, 120_000)
