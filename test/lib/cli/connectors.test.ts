/** What people do with connectors on the command line, against a local cloud. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Penstock, until } from '../../system/penstock.ts'
import { type CommandLine, commandLine } from './command-line.ts'
import { penstock } from './run-penstock.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'

let cloud: Penstock
let cli: CommandLine

beforeAll(async () => {
  cloud = await Penstock.start()
  cli = await commandLine(cloud.url)
  await writeFile(join(cli.folder, 'lines.txt'), 'one\ntwo\n')
}, 180_000)

afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await cloud[Symbol.asyncDispose]()
})

const lines = () => ({
  'connector.class': 'FileStreamSource',
  file: join(cli.folder, 'lines.txt'),
  topic: 'lines',
  'value.converter': STRING,
})

const copy = () => `name: copy
config:
  connector.class: FileStreamSink
  file: ${join(cli.folder, 'copy.txt')}
  topics: lines
  tasks.max: 1
  value.converter: ${STRING}
`

async function apply(name: string, config: object): Promise<void> {
  const ran = await cli.pipe(JSON.stringify({ name, config }), 'apply', '-f', '-')
  expect(ran.status, ran.output).toBe(0)
}

async function state(name: string, wanted: string): Promise<void> {
  await until(`${name} to be ${wanted}`, 30_000, async () => (await cloud.taskState(name))?.state === wanted)
}

describe('apply', () => {
  beforeAll(async () => {
    await mkdir(join(cli.folder, 'conf'), { recursive: true })
    await cli.write('conf/lines.json', { name: 'lines', config: lines() })
    await cli.write('conf/copy.yaml', copy())
  })

  test('--dry-run shows what would be created, and creates nothing', async () => {
    const ran = await cli.run('apply', '-f', 'conf', '--dry-run')
    expect(ran.status, ran.output).toBe(0)
    expect(ran.stdout).toMatch(/^lines: would be created\n {2}\+ connector.class=FileStreamSource$/m)
    expect(ran.stdout).toMatch(/^copy: would be created$/m)
    expect((await cloud.get('/connectors')).body).toEqual([])
  })

  test('a folder of JSON and YAML; again, nothing changes', async () => {
    expect(await cli.ok('apply', '-f', 'conf')).toMatch(/^copy: created$[\s\S]*^lines: created$/m)
    await state('lines', 'RUNNING')
    await state('copy', 'RUNNING')
    expect(await cli.ok('apply', '-f', 'conf')).toBe('copy: unchanged\nlines: unchanged\n')
  })

  test('the standard input as properties, named by --name; a change is shown by its lines', async () => {
    const properties = (rate: number) => `connector.class=DatagenConnector\nkafka.topic=made\nquickstart=orders
# a comment\npenstock.datagen.rate = ${rate}\niterations=1000000\n`
    expect((await cli.pipe(properties(10), 'apply', '-f', '-', '--name', 'made')).output).toMatch(/^made: created$/m)
    const changed = await cli.pipe(properties(20), 'apply', '-f', '-', '--name', 'made')
    expect(changed.stdout).toBe('made: updated\n  - penstock.datagen.rate=10\n  + penstock.datagen.rate=20\n')
  })

  test('initial_state, and -o json tells what was done', async () => {
    await cli.write('still.json', { name: 'still', config: lines(), initial_state: 'STOPPED' })
    expect(await cli.json('apply', 'still.json')).toMatchObject([
      { name: 'still', action: 'create', applied: true, changes: { topic: { before: null, after: 'lines' } } },
    ])
    await until('it to be stopped', 30_000, async () =>
      (await cli.ok('get', 'connectors', 'still')).includes('STOPPED'),
    )
  })

  test('one that is not valid keeps all from being applied, with status 1', async () => {
    await cli.write(
      'more.yaml',
      `name: good\nconnector.class: FileStreamSource\ntopic: t\n---\nname: bad\nconnector.class: FileStreamSource\ntasks.max: none\n`,
    )
    const ran = await cli.run('apply', '-f', 'more.yaml')
    expect(ran.status).toBe(1)
    expect(ran.output).toMatch(/^bad: \d errors$/m)
    expect(ran.output).toMatch(/^ {2}tasks.max: Invalid value none/m)
    expect(ran.output).toContain('nothing was applied')
    expect((await cloud.get('/connectors/good')).status).toBe(404)
  })

  test('secrets are shown neither as they are nor as they become, and a hidden one is not taken for one', async () => {
    const config = { 'connector.class': 'JdbcSinkConnector', topics: 't', 'connection.url': 'jdbc:sqlite:x.db' }
    await cli.write('db.json', { name: 'db', ...config, 'connection.password': 'hunter2' })
    const first = await cli.run('apply', '-f', 'db.json', '--dry-run')
    expect(first.output).toContain('connection.password=********')
    expect(first.output).not.toContain('hunter2')
    await cli.write('db.json', { name: 'db', ...config, 'connection.password': '********' })
    const hidden = await cli.run('apply', '-f', 'db.json')
    expect(hidden.status).toBe(1)
    expect(hidden.output).toContain('connection.password: ******** stands for a secret')
  })
})

test('get connectors and tasks; -e is the whole name', async () => {
  const ran = await cli.run('get', 'connectors')
  expect(ran.stdout).toMatch(/^NAME +TYPE +STATE +TASKS +CLASS$/m)
  expect(ran.stdout).toMatch(/^lines +source +RUNNING +0: RUNNING +FileStreamSource$/m)
  expect(await cli.json('get', 'connectors', '-e', 'l.*', '-e', 'cop.')).toMatchObject([
    { name: 'lines', type: 'source', state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }] },
    { name: 'copy', type: 'sink' },
  ])
  expect((await cli.run('get', 'connectors', '-e', 'line')).status).toBe(3)
  expect((await cli.run('get', 'connectors', 'none')).status).toBe(3)
  await until(
    'copy to have written',
    30_000,
    async () => (await cloud.progress('copy')).tasks[0]?.counters.written === 2,
  )
  expect(await cli.ok('get', 'tasks', 'copy')).toMatch(/^copy +0 +RUNNING +\S+ +2 +2 +0 /m)
  expect(await cli.ok('get', 'config', 'copy', '-o', 'yaml')).toMatch(/^tasks.max: "1"$/m)
  expect(await cli.json('get', 'instances')).toEqual(
    expect.arrayContaining([expect.objectContaining({ function: 'task' })]),
  )
})

test('describe shows config, tasks and, of a failed one, its trace', async () => {
  await apply('broken', { ...lines(), file: cli.folder })
  await state('broken', 'FAILED')
  const ran = await cli.run('describe', 'broken')
  expect(ran.stdout).toMatch(/^Name: +broken$/m)
  expect(ran.stdout).toMatch(/^ {2}0: FAILED/m)
  expect(ran.stdout).toContain('is a folder')
  expect(await cli.json('describe', 'broken')).toMatchObject([{ name: 'broken', config: { topic: 'lines' } }])
  expect(await cli.ok('describe', 'plugin', 'FileStreamSource', '--url', cloud.url)).toMatch(/^file +STRING/m)
})

test('logs: of one connector, by level, as JSON, and those that come', async () => {
  const ran = await cli.run('logs', 'broken', '--level', 'error')
  expect(ran.stdout).toMatch(/^\d{4}-.*Z ERROR broken-0 the task failed epoch=\d+/m)
  const found = await cli.json<{ level: string; connector: string }[]>('logs', 'lines', '--since', '10m')
  expect(found.length).toBeGreaterThan(0)
  expect(new Set(found.map(({ connector }) => connector))).toEqual(new Set(['lines']))
  const following = penstock(['logs', 'made', '--follow', '-o', 'json', '--url', cloud.url])
  const since = Date.now()
  await cli.ok('patch', 'made', '-s', 'penstock.datagen.rate=30')
  const came = () =>
    following
      .stdout()
      .split('\n')
      .filter((line) => line !== '')
  await until('a line that came', 30_000, async () =>
    came().some((line) => Date.parse((JSON.parse(line) as { time: string }).time) >= since),
  )
  following.child.kill()
  await following.ended
  expect(new Set(came()).size).toBe(came().length)
  expect((await cli.run('logs', 'none')).status).toBe(3)
  expect((await cli.run('logs', 'lines', '--since', 'soon')).status).toBe(2)
})

test('a slice that is killed is in the log of its connector', async () => {
  const owner = await until('the slice of made to run', 30_000, async () =>
    (await cloud.instances()).find(({ connector, state }) => connector === 'made' && state === 'owner'),
  )
  process.kill(owner.pid, 'SIGKILL')
  await until('its line', 30_000, async () => (await cli.ok('logs', 'made')).includes('signal: killed'))
})

test('patch: sets and removes settings of what matches; --dry-run validates', async () => {
  const wrong = await cli.run('patch', 'copy', '-s', 'tasks.max=none', '--dry-run')
  expect(wrong.status).toBe(1)
  expect(wrong.output).toContain('Invalid value none for configuration tasks.max')
  const ran = await cli.run('patch', '-e', 'cop.', '-s', 'tasks.max=2', 'errors.tolerance=all', '-r', 'key.converter')
  expect(ran.stdout).toBe('copy: updated\n  + errors.tolerance=all\n  - tasks.max=1\n  + tasks.max=2\n')
  expect(await cli.ok('patch', 'copy', '-s', 'tasks.max=2')).toBe('copy: unchanged\n')
  await cli.ok('patch', 'copy', '-r', 'errors.tolerance')
  expect((await cloud.get('/connectors/copy/config')).body).not.toHaveProperty('errors.tolerance')
  expect((await cli.run('patch', 'none', '-s', 'a=b')).status).toBe(3)
  expect((await cli.run('patch', 'copy')).status).toBe(2)
})

test('validate: status 1 and the settings that are wrong', async () => {
  await cli.write('wrong.json', { name: 'wrong', 'connector.class': 'FileStreamSink' })
  const ran = await cli.run('validate', '-f', 'wrong.json', 'conf')
  expect(ran.status).toBe(1)
  expect(ran.stdout).toMatch(/^copy: valid$/m)
  expect(ran.stdout).toMatch(/^wrong: \d errors?\n {2}topics: /m)
  await cli.write('wrong.json', { name: 'wrong', 'connector.class': 'Nobody' })
  expect((await cli.run('validate', 'wrong.json')).output).toMatch(/connector.class: .*Nobody/)
  expect((await cli.run('validate')).status).toBe(2)
})

test('pause, resume, stop and restart; by names, by kcctl’s noun and by expressions', async () => {
  expect(await cli.ok('pause', 'lines', 'copy', '--wait', '30')).toBe('lines: paused\ncopy: paused\n')
  expect(await cli.json('get', 'connectors', 'copy', 'lines')).toMatchObject([{ state: 'PAUSED' }, { state: 'PAUSED' }])
  expect(await cli.ok('resume', 'connector', 'copy')).toBe('copy: resumed\n')
  const some = await cli.run('stop', '-e', 'l.*s', 'none')
  expect(some.status).toBe(3)
  expect(some.output).toMatch(/^none: /m)
  expect(some.stdout).toBe('lines: stopped\n')
  await cli.ok('resume', 'lines', '--wait', '30')
  expect(await cli.ok('restart', 'copy/1')).toBe('copy/1: restarted\n')
  expect((await cli.run('restart', 'task', 'copy/7')).status).toBe(3)
  expect(await cli.ok('restart', 'copy', '--include-tasks')).toBe('copy: restarted with tasks 0, 1\n')
  await cli.ok('resume', 'copy', '--wait', '30')
  expect(await cli.ok('restart', 'copy', '--include-tasks', '--only-failed')).toBe('copy: nothing has failed\n')
  expect((await cli.run('resume')).status).toBe(2)
})

test('offsets: get, set, reset; a connector that runs is refused with what to do', async () => {
  expect(await cli.ok('offsets', 'get', 'lines')).toContain('{"position":8}')
  expect(await cli.ok('get', 'offsets', 'copy')).toMatch(/^lines +0 +\d+$/m)
  const partition = JSON.stringify({ filename: join(cli.folder, 'lines.txt') })
  const set = ['offsets', 'set', 'lines', '--source-partition', partition, '--source-offset', '{"position":4}']
  const refused = await cli.run(...set)
  expect(refused.status).toBe(1)
  expect(refused.output).toContain('penstock stop lines --wait 60')
  await cli.run('stop', 'lines', 'copy', '--wait', '30')
  await cli.ok(...set)
  expect(await cli.json('offsets', 'get', 'lines')).toMatchObject({ offsets: [{ offset: { position: 4 } }] })
  const sink = ['--kafka-topic', 'lines', '--kafka-partition', '0', '--kafka-offset', '1']
  await cli.ok('offsets', 'set', 'copy', ...sink)
  expect(await cli.ok('offsets', 'get', 'copy')).toMatch(/^lines +0 +1$/m)
  const printed = await cli.ok('offsets', 'get', 'copy', '-o', 'json')
  await cli.ok('offsets', 'reset', 'copy')
  expect((await cli.pipe(printed, 'offsets', 'set', 'copy', '-f', '-')).status).toBe(0)
  expect(await cli.ok('offsets', 'get', 'copy')).toMatch(/^lines +0 +1$/m)
})

test('offsets history and undo', async () => {
  const { versions } = await cli.json<{ versions: { change: string }[] }>('offsets', 'history', 'lines')
  expect(versions.map(({ change }) => change)).toEqual(['alter'])
  await cli.ok('offsets', 'undo', 'lines')
  expect(await cli.json('offsets', 'get', 'lines')).toMatchObject({ offsets: [{ offset: { position: 8 } }] })
})

test('history and rollback show what changes', async () => {
  const ran = await cli.run('history', 'copy')
  expect(ran.stdout).toMatch(/^1 .* create$/m)
  expect(ran.stdout).toMatch(/ patch\n {2}\+ errors.tolerance=all$/m)
  const back = await cli.run('rollback', 'copy', '--to', '1')
  expect(back.stdout).toBe('copy: rolled back\n  - tasks.max=2\n  + tasks.max=1\n')
  expect((await cli.run('rollback', 'copy', '--to', '99')).status).toBe(3)
})

test('loggers and plugins', async () => {
  await cli.ok('loggers', 'set', 'penstock.rest', 'debug')
  expect(await cli.ok('loggers')).toMatch(/^penstock.rest +DEBUG +\d{4}-/m)
  expect(await cli.ok('get', 'logger', 'penstock.rest')).toMatch(/^penstock.rest +DEBUG/m)
  expect((await cli.run('loggers', 'set', 'penstock.rest', 'loud')).status).toBe(3)
  const plugins = await cli.json<{ type: string }[]>('plugins', '-t', 'predicate,sink')
  expect(new Set(plugins.map(({ type }) => type))).toEqual(new Set(['predicate', 'sink']))
  expect((await cli.run('plugins', 'describe', 'Nobody')).status).toBe(3)
})

test('get topics; info', async () => {
  await appendFile(join(cli.folder, 'lines.txt'), 'three\n')
  await cli.run('resume', 'lines')
  await until('the topic', 30_000, async () => (await cli.ok('get', 'topics', 'lines')) === 'TOPIC\nlines\n')
  expect((await cli.run('get', 'topics', 'none')).status).toBe(3)
  expect(await cli.json('info')).toMatchObject({ url: cloud.url, server: 'Penstock', version: '4.3.1' })
})

test('top prints a table each time where there is no terminal', async () => {
  const ran = await cli.run('top', '--count', '2', '--interval', '1')
  expect(ran.status).toBe(0)
  const frames = ran.stdout.split('\n\n').filter((frame) => frame !== '')
  expect(frames).toHaveLength(2)
  expect(frames[1]).toMatch(/^made +RUNNING +1\/1 +\d+ +\d+ /m)
})

test('completion: commands, flags, names of connectors and of plugins; files where files are wanted', async () => {
  const words = async (...typed: readonly string[]) => {
    const answer = await cli.ok('complete', '--', ...typed)
    return answer.split('\n').map((line) => line.split('\t')[0])
  }
  expect(await words('pa')).toEqual(['patch', 'pause', ':4', ''])
  expect(await words('pause', 'm')).toEqual(['made', ':4', ''])
  expect(await words('get', 'config', '')).toEqual(expect.arrayContaining(['copy', 'lines']))
  expect(await words('get', 'connectors', '-o', 'y')).toEqual(['yaml', ':4', ''])
  expect(await words('restart', '--on')).toEqual(['--only-failed', ':4', ''])
  expect(await words('apply', '-f', '')).toEqual([':0', ''])
  expect(await words('plugins', 'describe', 'org.apache.kafka.connect.file.FileStreamSi')).toContain(
    'org.apache.kafka.connect.file.FileStreamSinkConnector',
  )
})

test('delete, by name and by expression', async () => {
  expect(await cli.ok('delete', 'still')).toBe('still: deleted\n')
  expect((await cli.run('delete', 'still')).status).toBe(3)
  expect(await cli.json('delete', '-e', '.*', '-y')).toEqual(
    expect.arrayContaining([
      { name: 'lines', done: 'deleted' },
      { name: 'copy', done: 'deleted' },
    ]),
  )
  expect(await cli.ok('get', 'connectors')).toBe('No connectors\n')
})
