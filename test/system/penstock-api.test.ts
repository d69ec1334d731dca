/** What Penstock adds to Connect's REST API, where it takes tasks that run: cost, and tasks that get nowhere. */

import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'

let penstock: Penstock
beforeAll(async () => {
  penstock = await Penstock.start()
}, 180_000)
afterAll(async () => penstock?.[Symbol.asyncDispose]())

const path = (name: string) => join(penstock.folder, name)
const source = (file: string, more: Record<string, string> = {}) => ({
  'connector.class': 'FileStreamSource',
  file: path(file),
  topic: file.replace(/\W/g, '-'),
  'value.converter': STRING,
  ...more,
})

interface Used {
  readonly cost: number
  readonly gbSeconds: number
  readonly invocations: number
  readonly tableReads: number
  readonly tableWrites: number
  readonly kafkaRequests: number
}
interface Cost {
  readonly today: Used
  readonly total: Used
  readonly days: readonly { readonly day: string; readonly cost: number }[]
  readonly perMonth: number
  readonly connectors: readonly { readonly name: string; readonly total: Used }[]
}
const body = async <T>(url: string) => (await penstock.get(url)).body as T

test('a connector costs what its slices use, and nothing while it is idle', async () => {
  await writeFile(path('in.txt'), 'one\n')
  await penstock.create('lines', source('in.txt'))
  await penstock.create('copy', {
    'connector.class': 'FileStreamSink',
    topics: 'in-txt',
    file: path('out.txt'),
    'value.converter': STRING,
  })
  const costOf = (name: string) => body<Cost>(`/penstock/connectors/${name}/cost`)
  const isIdle = async (name: string) => ((await penstock.progress(name)).tasks[0]?.nextWake ?? 0) > 0
  await until('both to have worked and to be idle', 60_000, async () => {
    const [{ counters } = { counters: null }] = (await penstock.progress('copy')).tasks
    return counters?.written === 1 && (await isIdle('copy')) && (await isIdle('lines'))
  })
  const before = await costOf('copy')
  for (const field of ['cost', 'gbSeconds', 'invocations', 'tableReads', 'tableWrites', 'kafkaRequests'] as const)
    expect(before.today[field], field).toBeGreaterThan(0)
  expect(before.today).toEqual(before.total)
  expect(before.days).toEqual([{ day: new Date().toISOString().slice(0, 10), ...before.today }])
  expect(before.perMonth).toBeGreaterThan(before.total.cost)

  // The coordinator looks at idle tasks twice a second here.
  await sleep(3_000)
  expect(await costOf('copy')).toEqual({ ...before, perMonth: expect.any(Number) })

  await appendFile(path('in.txt'), 'two\n')
  await until('the second line', 30_000, async () => (await penstock.progress('copy')).tasks[0]?.counters.written === 2)
  await until('its cost', 30_000, async () => (await costOf('copy')).total.cost > before.total.cost)

  const all = await body<Cost>('/penstock/cost')
  const names = all.connectors.map(({ name }) => name)
  expect(names).toEqual(['_coordinator', '_rest', 'copy', 'lines'])
  const sum = all.connectors.reduce((total, { total: { cost } }) => total + cost, 0)
  expect(all.total.cost).toBeCloseTo(sum, 7)
}, 240_000)

test('what a deleted connector has cost stays', async () => {
  const name = `short-${randomUUID()}`
  await writeFile(path(`${name}.txt`), 'one\n')
  await penstock.create(name, source(`${name}.txt`))
  await until('its record', 30_000, async () => (await penstock.progress(name)).tasks[0]?.counters.written === 1)
  expect((await penstock.request('DELETE', `/connectors/${name}`)).status).toBe(204)
  await until('its slices to have ended', 30_000, async () =>
    (await penstock.instances()).every(({ connector, state }) => connector !== name || state === 'idle'),
  )
  // What a lease has counted is filed just after the lease is removed.
  await until('its cost', 30_000, async () => {
    const { status, body: kept } = await penstock.get(`/penstock/connectors/${name}/cost`)
    return status === 200 && (kept as Cost).total.invocations > 0
  })
  expect((await penstock.get('/penstock/connectors/nobody/cost')).status).toBe(404)
})

/** A pipe that nobody writes to: the read doesn't come back. */
test('a task that gets nowhere is shown as stalled, then FAILED with the reason, and starts again', async () => {
  execFileSync('mkfifo', [path('pipe')])
  await penstock.create('pipe', source('pipe', { 'penstock.stall.restart.ms': '6000' }))
  const taskOf = async () => (await penstock.progress('pipe')).tasks[0]
  const stalled = await until(
    'the task to be shown as stalled',
    30_000,
    async () => (await taskOf())?.stalled ?? undefined,
  )
  expect(stalled.restartAt).toBe(stalled.since + 6_000)
  expect((await penstock.taskState('pipe'))?.state).not.toBe('RUNNING')
  const trace = await until('FAILED', 30_000, async () => {
    const shown = await penstock.taskState('pipe')
    return shown?.state === 'FAILED' && shown.trace
  })
  expect(trace).toMatch(/The task pipe-0 has moved nothing since .*its poll has not come back/)
  await until('it to have been started again', 30_000, async () => ((await taskOf())?.restarts ?? 0) > 0)
  await rm(path('pipe'))
  await writeFile(path('pipe'), 'one\ntwo\n')
  await until('the lines, from a file now', 60_000, async () => (await taskOf())?.counters.written === 2)
  expect((await penstock.taskState('pipe'))?.state).toBe('RUNNING')
}, 240_000)
