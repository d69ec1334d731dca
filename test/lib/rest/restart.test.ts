import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lease } from '../../../lib/state/leases.ts'
import { NO_PROGRESS } from '../../../lib/state/leases.ts'
import { type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
})

afterAll(() => rest[Symbol.asyncDispose]())

const NAME = 'restarted'
const config = { name: NAME, 'connector.class': 'FileStreamSink', topics: 't', 'tasks.max': '3' }

/** Three tasks: 0 runs, 1 has failed for good, 2 waits between two slices. */
beforeAll(async () => {
  const { configs, statuses, leases } = rest.state
  await rest.request('POST', '/connectors', { name: NAME, config })
  const view = await configs.view(NAME)
  if (view === null) throw new Error('not made')
  const tasks = [0, 1, 2].map((task) => ({ kind: 'task' as const, connector: NAME, task, config }))
  const commit = { kind: 'commit' as const, connector: NAME, tasks: 3 }
  await configs.write(NAME, { configPosition: view.configPosition }, [...tasks, commit])
  const status = { state: 'RUNNING' as const, trace: null, workerId: 'w:1', generation: 1, version: '4.3.1' }
  await statuses.publish([
    { kind: 'connector', connector: NAME, status },
    { kind: 'task', connector: NAME, task: 0, status },
    { kind: 'task', connector: NAME, task: 1, status: { ...status, state: 'FAILED', trace: 'why' } },
    { kind: 'task', connector: NAME, task: 2, status },
  ])
  for (const task of [0, 1, 2]) {
    const now = Date.now()
    await leases.invite(NAME, task, { after: null, epoch: 1, generation: 1, invitedAt: now, restarts: 0 })
    const owner = `request-${task}/1`
    await leases.claim(NAME, task, { epoch: 1, owner, deadline: now + 600_000, plannedEnd: now + 300_000 })
    if (task === 0) continue
    const error = { message: 'no', trace: 'why', retriable: false }
    const end =
      task === 1 ? ({ kind: 'failed', error } as const) : ({ kind: 'at', at: now + 60_000, idle: null } as const)
    const sealed = await leases.seal(NAME, task, {
      epoch: 1,
      owner,
      end,
      progress: NO_PROGRESS,
      made: false,
      clean: true,
    })
    if (task === 1 && sealed !== null)
      await leases.setRestart(NAME, task, sealed.lease, { restarts: 10, nextRestart: null })
  }
})

async function lease(task: number): Promise<Lease> {
  const found = await rest.state.leases.get(NAME, task)
  if (found === null) throw new Error(`Task ${task} has no lease`)
  return found
}

describe('restart', () => {
  test('of failed tasks only: they may start at once, and the others run on', async () => {
    const answer = await rest.request('POST', `/connectors/${NAME}/restart?includeTasks=true&onlyFailed=true`)
    expect(answer).toMatchObject({
      status: 202,
      body: {
        name: NAME,
        connector: { state: 'RUNNING' },
        tasks: [{ state: 'RUNNING' }, { state: 'RESTARTING' }, { state: 'RUNNING' }],
        type: 'sink',
      },
    })
    const failed = await lease(1)
    expect(failed.restarts).toBe(0)
    expect(failed.nextRestart).toBeLessThanOrEqual(Date.now())
    expect((await lease(0)).wanted).toBe('run')
    expect(rest.told.at(-1)).toEqual({ type: 'connector.changed', detail: { connector: NAME } })
  })

  test('with tasks: a running slice is asked to stop, and an idle task is not to wait', async () => {
    const answer = await rest.request('POST', `/connectors/${NAME}/restart?includeTasks=true`)
    expect(answer).toMatchObject({
      status: 202,
      body: { connector: { state: 'RESTARTING' }, tasks: [0, 1, 2].map((id) => ({ id, state: 'RESTARTING' })) },
    })
    expect((await rest.request('GET', `/connectors/${NAME}/status`)).body).toEqual(answer.body)
    expect((await lease(0)).wanted).toBe('stop')
    expect((await lease(2)).nextRestart).toBeLessThanOrEqual(Date.now())
  })

  test('without flags, or with others than true: 204', async () => {
    for (const query of ['', '?includeTasks=false&onlyFailed=false', '?includeTasks=maybe'])
      expect(await rest.request('POST', `/connectors/${NAME}/restart${query}`)).toMatchObject({
        status: 204,
        body: null,
      })
    expect((await rest.request('POST', `/connectors/${NAME}/restart?onlyFailed=true`)).status).toBe(202)
  })

  test('of one task', async () => {
    expect(await rest.request('POST', `/connectors/${NAME}/tasks/1/restart`)).toMatchObject({ status: 204, body: null })
  })

  test.for([
    ['/connectors/nobody/restart', 'Unknown connector: nobody'],
    ['/connectors/nobody/restart?includeTasks=true', 'Unknown connector: nobody'],
    ['/connectors/nobody/tasks/0/restart', 'Unknown connector: nobody'],
    [`/connectors/${NAME}/tasks/9/restart`, `Unknown task: ${NAME}-9`],
    [`/connectors/${NAME}/tasks/-1/restart`, `Unknown task: ${NAME}--1`],
  ] as const)('%s is 404', async ([path, message]) => {
    expect(await rest.request('POST', path)).toMatchObject({ status: 404, body: { error_code: 404, message } })
  })
})

test('progress beyond the status', async () => {
  expect((await rest.request('GET', `/penstock/connectors/${NAME}`)).body).toEqual({
    name: NAME,
    state: 'RESTARTING',
    guarantee: 'at-least-once',
    generation: expect.any(Number),
    tasks: [0, 1, 2].map((id) => ({
      id,
      epoch: 1,
      owner: id === 0 ? 'request-0/1' : null,
      deadline: id === 0 ? expect.any(Number) : null,
      slices: id === 0 ? 0 : 1,
      lastPoll: null,
      lastCommit: null,
      lastProgress: null,
      lag: null,
      latency: null,
      note: null,
      nextWake: id === 2 ? expect.any(Number) : null,
      stalled: null,
      restarts: 0,
      nextRestart: id === 0 ? null : expect.any(Number),
      counters: { read: 0, filtered: 0, written: 0, skipped: 0, deadLettered: 0, retried: 0 },
      accounting: { passed: 0, gaps: 0, uncounted: 0, ahead: 0, mismatch: null },
    })),
  })
  expect((await rest.request('GET', '/penstock/connectors')).body).toMatchObject([{ name: NAME }])
  expect((await rest.request('GET', '/penstock/connectors/nobody')).status).toBe(404)
})

test('the guarantee is that of the settings which the config refers to', async () => {
  process.env['PENSTOCK_TEST_BATCH_SIZE'] = '500'
  await using other = await rest.another({
    'config.providers': 'env',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
  })
  const config = { 'connector.class': 'FileStreamSource', topic: 't', file: '/tmp/none' }
  for (const [name, size] of [
    ['told', '${env:PENSTOCK_TEST_BATCH_SIZE}'],
    ['untold', '${env:PENSTOCK_TEST_NO_SIZE}'],
  ] as const)
    await other.state.configs.write(name, { configPosition: null }, [
      { kind: 'connector', connector: name, config: { ...config, name, 'batch.size': size } },
    ])
  const guaranteeOf = async (name: string) => (await other.request('GET', `/penstock/connectors/${name}`)).body
  expect(await guaranteeOf('told')).toMatchObject({ guarantee: 'exactly-once' })
  expect(await guaranteeOf('untold')).toMatchObject({ guarantee: 'at-least-once' })
})
