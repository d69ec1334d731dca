import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeConfigRecord } from '../../../lib/state/config-records.ts'
import type { ConfigRecord, Configs, ConnectorView } from '../../../lib/state/configs.ts'
import { CONNECTORS, connectorKey } from '../../../lib/state/connector-view.ts'
import type { State } from '../../../lib/state/open.ts'
import { type Table, TableGone } from '../../../lib/state/table.ts'
import { type Group, startWorld, type World } from './world.ts'

let world: World
let group: Group
let state: State

beforeAll(async () => {
  world = await startWorld()
  group = world.group({ 'offset.storage.partitions': '3' })
  state = group.open()
  await state.rebuild()
})

afterAll(() => world[Symbol.asyncDispose]())

const config = (connector: string, value = '1'): ConfigRecord => ({
  kind: 'connector',
  connector,
  config: { name: connector, 'tasks.max': value, empty: null },
})

function taskRecords(connector: string, count: number, value = 'v'): ConfigRecord[] {
  const tasks = Array.from(
    { length: count },
    (_, task) => ({ kind: 'task', connector, task, config: { value } }) as const,
  )
  return [...tasks, { kind: 'commit', connector, tasks: count }]
}

async function seen(configs: Configs, name: string): Promise<ConnectorView> {
  await configs.catchUp()
  const view = await configs.view(name)
  if (view === null) throw new Error(`${name} was never seen`)
  return view
}

/** As a JVM worker, or anyone else, writes. */
async function foreign(records: readonly ConfigRecord[], to = group): Promise<void> {
  const producer = await world.producer()
  await producer.prepare([to.worker.topics.configs])
  for (const { key, value } of records.map(encodeConfigRecord))
    producer.append(to.worker.topics.configs, null, key, value, null, [])
  await producer.flush()
  await producer.close()
}

describe('views', () => {
  test('follow what is written, in this process and in others', async () => {
    const { configs } = state
    expect(await configs.view('a')).toBeNull()
    expect(await configs.write('a', { configPosition: null }, [config('a')])).toBe('written')
    const written = await configs.view('a')
    expect(written).toMatchObject({
      name: 'a',
      targetState: 'STARTED',
      targetPosition: -1,
      generation: null,
      tasks: [],
    })
    expect(written?.config).toEqual({ name: 'a', 'tasks.max': '1', empty: null })
    expect(Object.keys(written?.config ?? {})).toEqual(['name', 'tasks.max', 'empty'])
    const other = group.open()
    expect(await other.configs.view('a')).toEqual(written)
    expect((await configs.views()).map(({ name }) => name)).toContain('a')
  })

  test('take task configs with their commit record', async () => {
    await foreign([config('tasks'), ...taskRecords('tasks', 2).slice(0, 2)])
    expect(await seen(state.configs, 'tasks')).toMatchObject({ generation: null, tasks: [] })
    await foreign([{ kind: 'commit', connector: 'tasks', tasks: 2 }])
    const view = await seen(state.configs, 'tasks')
    expect(view.tasks).toEqual([{ value: 'v' }, { value: 'v' }])
    expect(view.generation).toBeGreaterThan(view.configPosition)
    await foreign(taskRecords('tasks', 1, 'w'))
    const next = await seen(state.configs, 'tasks')
    expect(next.tasks).toEqual([{ value: 'w' }])
    expect(next.generation).toBeGreaterThan(view.generation ?? 0)
  })

  test('know no tasks where a commit names more than there are', async () => {
    await foreign([config('half'), { kind: 'task', connector: 'half', task: 1, config: {} }])
    await foreign([{ kind: 'commit', connector: 'half', tasks: 2 }])
    expect(await seen(state.configs, 'half')).toMatchObject({ generation: null, tasks: [] })
  })

  test('show target states, fencing and the end', async () => {
    await foreign([
      { kind: 'target-state', connector: 'life', state: 'STOPPED' },
      config('life'),
      ...taskRecords('life', 1),
      { kind: 'tasks-fencing', connector: 'life', tasks: 1 },
    ])
    const view = await seen(state.configs, 'life')
    expect(view).toMatchObject({ targetState: 'STOPPED', fencedTasks: 1 })
    expect(view.fencingPosition).toBe((view.generation ?? 0) + 1)
    const gone: ConfigRecord[] = [
      { kind: 'connector', connector: 'life', config: null },
      { kind: 'target-state', connector: 'life', state: null },
    ]
    expect(await state.configs.write('life', view, gone)).toBe('written')
    const after = await seen(state.configs, 'life')
    expect(after).toMatchObject({ config: null, tasks: [], generation: null, targetState: 'STARTED', fencedTasks: 1 })
    expect((await state.configs.views()).map(({ name }) => name)).not.toContain('life')
    expect((await state.configs.views({ deleted: true })).map(({ name }) => name)).toContain('life')
    expect(await state.configs.write('life', after, [config('life', '2')])).toBe('written')
  })

  test('hold long sets of task configs', async () => {
    const many = Array.from({ length: 300 }, (_, task) => {
      return { kind: 'task', connector: 'many', task, config: { tables: `${task}-`.repeat(500) } } as const
    })
    const records: ConfigRecord[] = [config('many'), ...many, { kind: 'commit', connector: 'many', tasks: 300 }]
    expect(await state.configs.write('many', { configPosition: null }, records)).toBe('written')
    const view = await seen(group.open().configs, 'many')
    expect(view.tasks[299]).toEqual(many[299]?.config)
  })

  test('hold what no item has room for, and nothing of it is left behind', async () => {
    const { configs } = state
    const table = group.openTable()
    const noise = (bytes: number) => randomBytes(bytes).toString('base64')
    const huge = (text: string): ConfigRecord => ({ kind: 'connector', connector: 'huge', config: { text } })
    const own = async () => (await table.query('config#huge')).length
    const texts = [noise(500_000), noise(500_000), noise(500_000)]
    for (const text of texts) {
      await foreign([huge(text), config('beside', text.slice(0, 9))])
      expect((await seen(configs, 'huge')).config).toEqual({ text })
      expect((await seen(configs, 'beside')).config?.['tasks.max']).toBe(text.slice(0, 9))
    }
    expect((await configs.views()).find(({ name }) => name === 'huge')?.config).toEqual({ text: texts.at(-1) })
    expect(await own()).toBeLessThanOrEqual(6)
    for (const text of ['short', 'shorter']) await foreign([huge(text)]).then(() => configs.catchUp())
    expect((await seen(configs, 'huge')).config).toEqual({ text: 'shorter' })
    expect(await own()).toBe(0)
    table.close()
  })

  test('pass by what is of no connector, and show it', async () => {
    const seenKeys: string[] = []
    const watching = group.open({
      onOther: (record) => seenKeys.push(record.kind === 'other' ? record.key : record.kind),
    })
    await watching.configs.catchUp()
    await foreign([{ kind: 'restart', connector: 'a', includeTasks: true, onlyFailed: false }])
    const producer = await world.producer()
    await producer.prepare([group.worker.topics.configs])
    producer.append(group.worker.topics.configs, null, 'session-key', '{"key":"AA=="}', null, [])
    producer.append(group.worker.topics.configs, null, 'connector-odd', 'not JSON', null, [])
    await producer.flush()
    await producer.close()
    const position = await watching.configs.catchUp()
    expect(seenKeys).toEqual(['restart', 'session-key', 'connector-odd'])
    expect(await state.configs.catchUp()).toBe(position)
  })

  test('are of committed records only', async () => {
    const leader = await world.transactional(`${group.table}-leader`)
    const { configs: topic } = group.worker.topics
    const append = async (record: ConfigRecord) => {
      const { key, value } = encodeConfigRecord(record)
      await leader.prepare([topic])
      leader.append(topic, null, key, value, null, [])
      await leader.flush()
    }
    await leader.begin()
    await append(config('transacted', 'aborted'))
    await leader.abort()
    await leader.begin()
    await append(config('transacted', 'committed'))
    await leader.commit()
    await leader.close()
    await expect.poll(async () => (await seen(state.configs, 'transacted')).config?.['tasks.max']).toBe('committed')
  })
})

describe('write', () => {
  test('conflicts where the connector is not as expected', async () => {
    const { configs } = state
    await configs.write('expected', { configPosition: null }, [config('expected'), ...taskRecords('expected', 1)])
    const view = await seen(configs, 'expected')
    const { configPosition, generation, targetPosition } = view
    expect(await configs.write('expected', { configPosition: null }, [config('expected')])).toBe('conflict')
    expect(await configs.write('expected', { configPosition, generation: null }, [config('expected')])).toBe('conflict')
    expect(await configs.write('expected', { configPosition, targetPosition: 5 }, [config('expected')])).toBe(
      'conflict',
    )
    expect(await seen(configs, 'expected')).toEqual(view)
    const records = taskRecords('expected', 1)
    expect(await configs.write('expected', { configPosition, generation, targetPosition }, records)).toBe('written')
  })

  test('refuses what no record can hold, and leaves nothing behind', async () => {
    const { configs } = state
    const text = 'x'.repeat(1_100_000)
    const write = configs.write('long', { configPosition: null }, [
      { kind: 'connector', connector: 'long', config: { text } },
    ])
    await expect(write).rejects.toThrow('The config of connector long has 11000')
    expect(await configs.write('long', { configPosition: null }, [config('long')])).toBe('written')
  })

  test('conflicts where another record came before it was seen', async () => {
    const { configs } = state
    await configs.write('stale', { configPosition: null }, [config('stale')])
    const { configPosition } = await seen(configs, 'stale')
    await foreign([config('stale', '2')])
    await configs.catchUp()
    expect(await configs.write('stale', { configPosition }, taskRecords('stale', 1))).toBe('conflict')
    expect(await seen(configs, 'stale')).toMatchObject({ generation: null, tasks: [] })
  })

  test('conflicts after the append where another record came that no view reflects', async () => {
    const { configs } = state
    await configs.write('late', { configPosition: null }, [config('late')])
    const { configPosition } = await seen(configs, 'late')
    await foreign([config('late', '2'), config('beside', '2')])
    expect(await configs.write('late', { configPosition }, [config('late', '3')])).toBe('conflict')
    expect(await configs.view('late')).toMatchObject({ config: { 'tasks.max': '3' }, revision: 3, intent: null })
    expect(await configs.view('beside')).toMatchObject({ config: { 'tasks.max': '2' } })
    expect((await configs.history('late')).map(({ config }) => config?.['tasks.max'])).toEqual(['3', '2', '1'])
    await foreign([config('beside', '3')])
    expect(await configs.write('late', { ...(await seen(configs, 'late')) }, [config('late', '4')])).toBe('written')
    expect(await configs.view('beside')).toMatchObject({ config: { 'tasks.max': '3' } })
  })

  test('that ends after its append is there with the next catch-up, and keeps out whoever has not seen it', async () => {
    const [writer, other] = [group.open(), group.open()]
    await writer.configs.catchUp()
    await other.configs.catchUp()
    const dying = group.open({ table: dyingWhenApplied(group.openTable()) })
    const write = dying.configs.write('orphan', { configPosition: null }, [config('orphan')])
    await expect(write).rejects.toThrow('dead')
    expect(await other.configs.write('orphan', { configPosition: null }, [config('orphan', '2')])).toBe('conflict')
    expect(await writer.configs.write('else', { configPosition: null }, [config('else')])).toBe('written')
    expect(await writer.configs.view('orphan')).toMatchObject({ config: { 'tasks.max': '1' } })
    const table = group.openTable()
    await table.update(connectorKey('orphan'), { set: [[['intent', 'at'], Date.now() - 6_000]] })
    expect(await other.configs.write('orphan', { configPosition: null }, [config('orphan', '2')])).toBe('conflict')
    expect(await seen(other.configs, 'orphan')).toMatchObject({ config: { 'tasks.max': '1' } })
    table.close()
  })

  test('of one connector never interleaves, whoever writes', async () => {
    const writers = Array.from({ length: 6 }, () => group.open().configs)
    let written = 0
    await Promise.all(
      writers.map(async (configs, writer) => {
        for (let done = 0; done < 4; ) {
          await configs.catchUp()
          const view = await configs.view('busy')
          const expected = { configPosition: view?.configPosition ?? null }
          const value = `${writer}/${done}/${expected.configPosition}`
          const outcome = await configs.write('busy', expected, [
            config('busy', value),
            ...taskRecords('busy', 3, value),
          ])
          if (outcome === 'written') {
            done++
            written++
          } else await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
        }
      }),
    )
    expect(written).toBe(24)
    const log = (await topicRecords()).filter(({ key }) => /-busy(-\d)?$/.test(key))
    expect(log).toHaveLength(24 * 5)
    let before: number | null = null
    for (let i = 0; i < log.length; i += 5) {
      const [first, ...others] = log.slice(i, i + 5)
      const value = /\/(null|\d+)"/.exec(first?.value ?? '')?.[1]
      // Each write was decided on the one just before it.
      expect(value).toBe(String(before))
      before = first?.position ?? null
      expect(others.map(({ key }) => key)).toEqual(['task-busy-0', 'task-busy-1', 'task-busy-2', 'commit-busy'])
    }
  })

  test('waits for an intent, and not for one that is void', async () => {
    const table = group.openTable()
    const { configs } = state
    await configs.write('held', { configPosition: null }, [config('held')])
    const view = await seen(configs, 'held')
    const hold = (at: number) => table.update(connectorKey('held'), { set: [['intent', { id: 'other', at }]] })
    await hold(Date.now())
    expect((await seen(configs, 'held')).intent).toMatchObject({ id: 'other' })
    expect(await configs.write('held', view, [config('held', '2')])).toBe('conflict')
    await hold(Date.now() - 6_000)
    expect(await configs.write('held', view, [config('held', '2')])).toBe('written')
    expect(await seen(configs, 'held')).toMatchObject({ intent: null, config: { 'tasks.max': '2' } })
    table.close()
  })
})

async function topicRecords() {
  const { openLog } = await import('../../../lib/state/log.ts')
  const log = openLog(world.cluster, group.worker.topics.configs, 'read_committed', 2_000)
  return log.read([0], await log.ends())
}

describe('a lost table', () => {
  test('is known by TableGone, and rebuilt with the same views', async () => {
    const lost = world.group()
    const writer = lost.open()
    await expect(writer.configs.catchUp()).rejects.toThrow(TableGone)
    await writer.rebuild()
    await writer.configs.write('one', { configPosition: null }, [config('one'), ...taskRecords('one', 2)])
    await writer.configs.write('two', { configPosition: null }, [config('two')])
    const before = await writer.configs.views()
    await lost.dropTable()
    await expect(writer.configs.catchUp()).rejects.toThrow(TableGone)
    await expect(writer.configs.view('one')).rejects.toThrow(TableGone)
    await expect(writer.configs.write('one', { configPosition: 0 }, [config('one')])).rejects.toThrow(TableGone)
    await Promise.all([writer.rebuild(), lost.open().rebuild(), lost.open().rebuild()])
    expect(await writer.configs.views()).toEqual(before)
  })

  test('in the middle of a write keeps what is in the topic', async () => {
    const lost = world.group()
    const [writer, mender] = [lost.open(), lost.open()]
    await writer.rebuild()
    await writer.configs.write('kept', { configPosition: null }, [config('kept')])
    const { configPosition } = await seen(writer.configs, 'kept')
    const writing = writer.configs
      .write('kept', { configPosition }, taskRecords('kept', 2))
      .catch((error: Error) => error)
    await lost.dropTable()
    await mender.rebuild()
    await writing
    await mender.configs.catchUp()
    const view = await seen(writer.configs, 'kept')
    expect(view.config).toMatchObject({ name: 'kept' })
    expect(await seen(mender.configs, 'kept')).toEqual(view)
    await lost.dropTable()
    await mender.rebuild()
    expect({ ...(await seen(mender.configs, 'kept')), intent: null }).toEqual({ ...view, intent: null })
  })

  test('is noticed by a process that was about to apply records to the old one', async () => {
    const lost = world.group()
    const mender = lost.open()
    const slow = lost.open({
      table: interrupted(lost.openTable(), async () => {
        await lost.dropTable()
        await mender.rebuild()
      }),
    })
    await mender.rebuild()
    await mender.configs.write('x', { configPosition: null }, [config('x')])
    await foreign(taskRecords('x', 1), lost)
    await expect(slow.configs.catchUp()).rejects.toThrow(TableGone)
    const view = await seen(mender.configs, 'x')
    expect(view).toMatchObject({ config: { name: 'x' }, tasks: [{ value: 'v' }] })
    expect(await seen(slow.configs, 'x')).toEqual(view)
  })

  test('gets nothing half known from a process that knew the old one', async () => {
    const lost = world.group()
    const mender = lost.open()
    const renew = async () => {
      await lost.dropTable()
      await lost.openTable().create()
    }
    const slow = lost.open({ table: interrupted(lost.openTable(), renew) })
    await mender.rebuild()
    await mender.configs.write('x', { configPosition: null }, [config('x')])
    await foreign(taskRecords('x', 1), lost)
    await slow.configs.catchUp().catch(() => {})
    await mender.rebuild()
    expect(await seen(mender.configs, 'x')).toMatchObject({ config: { name: 'x' }, tasks: [{ value: 'v' }] })
    await expect(slow.configs.catchUp()).resolves.toBeGreaterThan(0)
  })
})

/** The table, to a process that ends when it comes to applying what it has appended. */
function dyingWhenApplied(table: Table): Table {
  const dead = async () => {
    throw new Error('dead')
  }
  return { ...passing(table), updateAll: dead }
}

/** The table, but that something happens to it just before a connector's item is read for the first time. */
function interrupted(table: Table, happens: () => Promise<void>): Table {
  let happened = false
  return {
    ...passing(table),
    async get(key) {
      if (key.pk === CONNECTORS && !happened) {
        happened = true
        await happens()
      }
      return table.get(key)
    },
  }
}

function passing(table: Table): Table {
  return {
    name: table.name,
    get: (key) => table.get(key),
    batchGet: (keys) => table.batchGet(keys),
    query: (pk) => table.query(pk),
    put: (...put) => table.put(...put),
    update: (...update) => table.update(...update),
    updateWhere: (...update) => table.updateWhere(...update),
    updateAll: (updates) => table.updateAll(updates),
    delete: (...deletion) => table.delete(...deletion),
    create: () => table.create(),
    close: () => table.close(),
  }
}
