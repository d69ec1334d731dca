/** What Penstock adds: the history of configs and of offsets with the way back, and cost. */
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { taskUsage } from '../../../lib/slice/task-usage.ts'
import { NO_USAGE } from '../../../lib/state/usage.ts'
import { ask, type RestServer, startRest } from './rest-server.ts'

let rest: RestServer

beforeAll(async () => {
  rest = await startRest()
})

afterAll(() => rest?.[Symbol.asyncDispose]())

const DATABASE = `jdbc:sqlite:${join(tmpdir(), `penstock-${randomUUID()}.db`)}`
const source = (file: string) => ({ 'connector.class': 'FileStreamSource', file, topic: 't' })
const create = async (name: string, config: object) => {
  expect((await rest.request('POST', '/connectors', { name, config })).status).toBe(201)
}
const put = (name: string, config: object) => rest.request('PUT', `/connectors/${name}/config`, config)
const history = async (name: string) => {
  const { status, body } = await rest.request('GET', `/penstock/connectors/${name}/history`)
  expect(status).toBe(200)
  return (body as { versions: Version[] }).versions
}
const rollback = (name: string, body?: object) => rest.request('POST', `/penstock/connectors/${name}/rollback`, body)
const configOf = async (name: string) => (await rest.request('GET', `/connectors/${name}/config`)).body

interface Version {
  readonly version: number
  readonly time: number
  readonly change: string
  readonly by: string | null
  readonly config: Readonly<Record<string, string>> | null
}

describe('the history of configs', () => {
  test('has every change, the youngest first, and leaves out what changes nothing', async () => {
    const begun = Date.now()
    await create('life', source('/tmp/1'))
    await put('life', source('/tmp/2'))
    await put('life', source('/tmp/2'))
    await rest.request('PUT', '/connectors/life/pause')
    await rest.request('PATCH', '/connectors/life/config', { file: '/tmp/3' })
    await rest.request('DELETE', '/connectors/life')
    const versions = await history('life')
    expect(versions.map(({ version, change, config }) => [version, change, config?.['file'] ?? null])).toEqual([
      [4, 'delete', null],
      [3, 'patch', '/tmp/3'],
      [2, 'put', '/tmp/2'],
      [1, 'create', '/tmp/1'],
    ])
    for (const { time } of versions) expect(time).toBeGreaterThanOrEqual(begun)
    expect(versions[1]?.config).toEqual({ ...source('/tmp/3'), name: 'life' })
    expect((await rest.request('GET', '/penstock/connectors/nobody/history')).status).toBe(404)
  })

  test('what another worker wrote to the topic is there too, whoever reads it first', async () => {
    await create('shared', source('/tmp/1'))
    await using other = await rest.another()
    const view = await other.state.configs.view('shared')
    const record = { kind: 'connector', connector: 'shared', config: source('/tmp/2') } as const
    await other.state.configs.write('shared', { configPosition: view?.configPosition ?? null }, [record])
    expect((await history('shared')).map(({ change }) => change)).toEqual(['write', 'create'])
  })

  test('says who it was, where users log in by name', async () => {
    await using guarded = await rest.another({ 'penstock.rest.auth.basic': '/run/users' })
    const config = source('/tmp/1')
    const authorization = `Basic ${Buffer.from('anna:pässword').toString('base64')}`
    await ask(guarded.app, 'POST', '/connectors', { name: 'mine', config }, { authorization })
    await ask(guarded.app, 'DELETE', '/connectors/mine', undefined, { authorization: 'Bearer token' })
    expect((await history('mine')).map(({ change, by }) => [change, by])).toEqual([
      ['delete', null],
      ['create', 'anna'],
    ])
  })

  test('keeps the last fifty', async () => {
    await create('often', source('/tmp/1'))
    for (let i = 2; i <= 53; i++) await put('often', source(`/tmp/${i}`))
    const versions = await history('often')
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, i) => 53 - i))
    expect((await rollback('often', { version: 3 })).status).toBe(404)
  })

  test('hides passwords and shows references', async () => {
    await create('secret', {
      'connector.class': 'JdbcSink',
      topics: 't',
      'connection.url': DATABASE,
      'connection.user': 'anna',
      'connection.password': 'hunter2',
      'producer.override.sasl.jaas.config': 'x required password="hunter2";',
      'consumer.override.ssl.key.password': '$' + '{file:/run/secrets:key}',
    })
    const [version] = await history('secret')
    expect(JSON.stringify(version)).not.toContain('hunter2')
    expect(version?.config).toMatchObject({
      'connection.user': 'anna',
      'connection.password': '[hidden]',
      'producer.override.sasl.jaas.config': '[hidden]',
      'consumer.override.ssl.key.password': '$' + '{file:/run/secrets:key}',
    })
  })
})

describe('the way back to a config', () => {
  test('without a version undoes the last change, and is a change itself', async () => {
    await create('undo', source('/tmp/1'))
    await put('undo', source('/tmp/2'))
    const told = rest.told.length
    expect(await rollback('undo')).toMatchObject({
      status: 200,
      body: { name: 'undo', config: source('/tmp/1'), type: 'source' },
    })
    expect(await configOf('undo')).toEqual({ ...source('/tmp/1'), name: 'undo' })
    expect(rest.told.slice(told)).toEqual([{ type: 'connector.changed', detail: { connector: 'undo' } }])
    expect((await history('undo')).map(({ change }) => change)).toEqual(['rollback', 'put', 'create'])
    await rollback('undo')
    expect(await configOf('undo')).toMatchObject({ file: '/tmp/2' })
  })

  test('brings back a deleted connector, passwords included', async () => {
    const config = { 'connector.class': 'JdbcSink', topics: 't', 'connection.url': DATABASE }
    await create('gone', { ...config, 'connection.password': 'hunter2' })
    await rest.request('DELETE', '/connectors/gone')
    expect((await rest.request('GET', '/connectors/gone')).status).toBe(404)
    expect(await rollback('gone')).toMatchObject({ status: 201, location: '/connectors/gone', body: { tasks: [] } })
    expect(await configOf('gone')).toMatchObject({ 'connection.password': 'hunter2' })
    expect(await rollback('gone', { version: 2 })).toMatchObject({ status: 400 })
  })

  test('is checked as PUT is, and says what is kept', async () => {
    await create('checked', source('/tmp/1'))
    const { configs } = rest.state
    const position = (await configs.view('checked'))?.configPosition ?? null
    const bad = {
      kind: 'connector',
      connector: 'checked',
      config: { name: 'checked', 'connector.class': 'Gone' },
    } as const
    await configs.write('checked', { configPosition: position }, [bad])
    await put('checked', source('/tmp/3'))
    expect(await rollback('checked', { version: 2 })).toMatchObject({ status: 400 })
    expect(await rollback('checked', { version: 9 })).toMatchObject({
      status: 404,
      body: { message: 'Connector checked has no version 9; kept are 3, 2, 1' },
    })
    for (const body of [{ version: 'x' }, { version: 0 }, { verzion: 1 }, []])
      expect((await rollback('checked', body)).status).toBe(400)
    expect((await rollback('nobody')).status).toBe(404)
    expect(await configOf('checked')).toMatchObject({ file: '/tmp/3' })
  })
})

describe('the history of offsets', () => {
  const at = (file: string, position: number) => ({ partition: { filename: file }, offset: { position } })
  const patch = (name: string, ...offsets: object[]) =>
    rest.request('PATCH', `/connectors/${name}/offsets`, { offsets })
  const undo = (name: string, body?: object) => rest.request('POST', `/penstock/connectors/${name}/offsets/undo`, body)
  const offsets = async (name: string) =>
    ((await rest.request('GET', `/connectors/${name}/offsets`)).body as { offsets: unknown[] }).offsets
  const kept = async (name: string) => {
    const { status, body } = await rest.request('GET', `/penstock/connectors/${name}/offsets/history`)
    expect(status).toBe(200)
    return (body as { versions: { version: number; change: string; offsets: unknown[] }[] }).versions
  }

  test('has what each change replaced, and undo puts it back', async () => {
    await create('moves', source('/tmp/a'))
    await rest.request('PUT', '/connectors/moves/stop')
    expect((await patch('moves', at('/tmp/a', 10))).status).toBe(200)
    expect((await patch('moves', at('/tmp/a', 20), at('/tmp/b', 5))).status).toBe(200)
    expect((await rest.request('DELETE', '/connectors/moves/offsets')).status).toBe(200)
    expect(await offsets('moves')).toEqual([])
    expect((await kept('moves')).map(({ version, change, offsets: before }) => [version, change, before])).toEqual([
      [3, 'reset', expect.toSatisfy((before: unknown[]) => before.length === 2)],
      [2, 'alter', [at('/tmp/a', 10)]],
      [1, 'alter', []],
    ])

    expect(await undo('moves')).toMatchObject({
      status: 200,
      body: { message: 'The offsets for this connector have been altered successfully' },
    })
    expect(await offsets('moves')).toEqual(expect.arrayContaining([at('/tmp/a', 20), at('/tmp/b', 5)]))
    await undo('moves')
    expect(await offsets('moves')).toEqual([])
    await undo('moves', { version: 3 })
    await undo('moves', { version: 2 })
    expect(await offsets('moves')).toEqual([at('/tmp/a', 10)])
    expect((await kept('moves')).map(({ change }) => change).slice(0, 4)).toEqual(['undo', 'undo', 'undo', 'undo'])
  })

  test('keeps the last twenty', async () => {
    await create('steps', source('/tmp/a'))
    await rest.request('PUT', '/connectors/steps/stop')
    for (let i = 1; i <= 22; i++) await patch('steps', at('/tmp/a', i))
    const versions = await kept('steps')
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, i) => 22 - i))
    expect((await undo('steps', { version: 2 })).status).toBe(404)
  })

  test('an undo needs a stopped connector and a version; what is refused leaves no trace', async () => {
    await create('runs', source('/tmp/a'))
    expect((await undo('runs')).status).toBe(400)
    await rest.request('PUT', '/connectors/runs/stop')
    expect((await undo('runs')).status).toBe(404)
    expect((await undo('nobody')).status).toBe(404)
    expect((await patch('runs', { partition: { filename: '/tmp/a' }, offset: { position: 'x' } })).status).toBe(400)
    expect(await kept('runs')).toEqual([])
    expect((await rest.request('GET', '/penstock/connectors/nobody/offsets/history')).status).toBe(404)
  })
})

describe('cost', () => {
  const DAY_MS = 86_400_000
  const day = (back: number) => new Date(Date.now() - back * DAY_MS).toISOString().slice(0, 10)
  const used = (back: number, gbSeconds: number) => ({
    ...NO_USAGE,
    gbSeconds,
    invocations: 10,
    day: day(back),
    since: Date.now() - back * DAY_MS,
  })
  const cost = async (path: string) => {
    const { status, body } = await rest.request('GET', path)
    expect(status).toBe(200)
    return body as Costs
  }
  interface Costs {
    readonly connectors: readonly { readonly name: string; readonly total: { readonly cost: number } }[]
    readonly today: { readonly cost: number; readonly gbSeconds: number }
    readonly days: readonly { readonly day: string; readonly gbSeconds: number }[]
    readonly total: { readonly cost: number; readonly gbSeconds: number; readonly invocations: number }
    readonly perMonth: number
  }

  test('is by day, in total and for a month, at the prices of the worker', async () => {
    const { usage } = rest.state
    for (const [back, gbSeconds] of [
      [40, 1_000],
      [2, 30_000],
      [2, 5_000],
      [0, 7_000],
    ] as const)
      await usage.file('dear', used(back, gbSeconds))
    const dear = await cost('/penstock/connectors/dear/cost')
    expect(dear.days.map((one) => [one.day, one.gbSeconds])).toEqual([
      [day(0), 7_000],
      [day(2), 35_000],
    ])
    expect(dear.total).toMatchObject({ gbSeconds: 43_000, invocations: 40 })
    expect(dear.today.cost).toBeCloseTo(7_000 * 0.0000133334 + 10 * 0.0000002, 8)
    // Of the last seven days, the present one as far as it has come.
    const pace = 42_000 * 0.0000133334 + 30 * 0.0000002
    const elapsedDays = (Date.now() - Date.parse(day(6))) / DAY_MS
    expect(dear.perMonth).toBeCloseTo((pace / elapsedDays) * 30, 3)

    await usage.file('_rest', used(0, 100))
    const all = await cost('/penstock/cost')
    expect(all.connectors.map(({ name }) => name)).toEqual(expect.arrayContaining(['_rest', 'dear', 'moves']))
    expect(all.connectors.find(({ name }) => name === 'moves')?.total.cost).toBe(0)
    expect(all.total.gbSeconds).toBe(43_100)
  })

  test("a task's day is filed once it is over, and its lease's when it goes", async () => {
    const { leases, usage } = rest.state
    const invitation = { after: null, epoch: 1, generation: 1, invitedAt: Date.now(), restarts: 0 }
    await leases.invite('days', 0, invitation)
    const by = { epoch: 1, owner: 'request/1', deadline: Date.now() + 60_000, plannedEnd: Date.now() + 30_000 }
    const claimed = await leases.claim('days', 0, by)
    if (claimed === null) throw new Error('not claimed')
    const yesterday = used(1, 50)
    const before = { ...claimed, progress: { ...claimed.progress, usage: yesterday } }
    const spent = taskUsage(before, () => ({ ...NO_USAGE, gbSeconds: 7, invocations: 1 }))
    expect(spent.over).toEqual(yesterday)
    expect(spent.now()).toMatchObject({ day: day(0), gbSeconds: 7, invocations: 1 })
    const later = taskUsage({ ...before, progress: { ...before.progress, usage: spent.now() } }, spent.now)
    expect(later.over).toBeNull()
    expect(later.now()).toMatchObject({ day: day(0), gbSeconds: 14, since: spent.now().since })

    await usage.file('days', yesterday)
    const progress = { ...claimed.progress, usage: spent.now() }
    const sealed = await leases.seal('days', 0, { ...by, end: { kind: 'stopped' }, progress, made: true, clean: true })
    expect((await cost('/penstock/connectors/days/cost')).total.gbSeconds).toBe(57)
    if (sealed === null) throw new Error('not sealed')
    expect(await leases.remove('days', 0, sealed.lease)).toBe(true)
    const kept = await cost('/penstock/connectors/days/cost')
    expect(kept.days.map((one) => one.gbSeconds)).toEqual([7, 50])
    expect(kept.total.gbSeconds).toBe(57)
  })
})
