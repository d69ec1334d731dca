import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, penstock, penstockUp, type Up } from './run-penstock.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-cli-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a local cloud', () => {
  let up: Up

  beforeAll(async () => {
    const config = join(folder, 'worker.properties')
    await writeFile(config, 'group.id = from-file\nplugin.path=/opt\npenstock.slice.ms=\\\n  20000\n')
    up = await penstockUp(['--config', config])
  })

  afterAll(() => up[Symbol.asyncDispose]())

  test('is healthy, and says where its parts are', async () => {
    const health = await fetch(`${up.url}/health`)
    expect(health.status).toBe(200)
    expect(await health.json()).toMatchObject({ status: 'healthy' })
    const local = await (await fetch(`${up.url}/penstock/local`)).json()
    expect(local).toEqual({
      bootstrap: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      dynamodb: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      lambda: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      table: 'penstock-from-file',
      data: up.data,
      pids: expect.objectContaining({
        cloud: up.run.child.pid,
        kafka: expect.any(Number),
        dynamodb: expect.any(Number),
      }),
    })
  })

  test('shows its instances', async () => {
    const instances = (await (await fetch(`${up.url}/penstock/instances`)).json()) as { function: string }[]
    expect(new Set(instances.map((instance) => instance.function))).toEqual(new Set(['rest', 'coordinator', 'task']))
    for (const instance of instances)
      expect(instance).toMatchObject({
        pid: expect.any(Number),
        state: 'idle',
        connector: null,
        task: null,
        epoch: null,
      })
  })

  test('names the settings that mean nothing here, once', () => {
    expect(up.run.output().match(/plugin\.path/g)).toHaveLength(1)
  })

  test('keeps its data folder to itself', async () => {
    const second = penstock(['up', '--port', '0', '--kafka-port', '0', '--data', up.data])
    expect(await second.ended).toBe(1)
    expect(second.output()).toContain(`is in use by another penstock up (pid ${up.run.child.pid})`)
    expect(second.output()).not.toContain(' at ')
  })

  test('ends at SIGINT with status 0 and leaves no process', async () => {
    const pids = await up.pids()
    up.run.child.kill('SIGINT')
    // As npm and the terminal send it twice.
    up.run.child.kill('SIGINT')
    expect(await up.run.ended).toBe(0)
    expect(pids.filter(isAlive)).toEqual([])
  })
})

test('a cloud that is killed leaves no process, and its data folder can be used again', {
  timeout: 180_000,
}, async () => {
  await using killed = await penstockUp()
  const pids = await killed.pids()
  expect(pids.length).toBeGreaterThanOrEqual(6)
  killed.run.child.kill('SIGKILL')
  while (pids.some(isAlive)) await sleep(20)
  const again = penstock(['up', '--port', '0', '--kafka-port', '0', '--data', killed.data])
  while (!again.output().includes('Penstock is up')) {
    expect(again.child.exitCode).toBe(null)
    await sleep(50)
  }
  again.child.kill('SIGTERM')
  expect(await again.ended).toBe(0)
})

test('a cloud that is stopped while it starts ends with status 0', async () => {
  const run = penstock(['up', '--port', '0', '--kafka-port', '0', '--data', join(folder, 'early')])
  while (!run.output().includes('Starting')) await sleep(10)
  await sleep(300)
  run.child.kill('SIGTERM')
  expect(await run.ended).toBe(0)
})

describe('a mistake is told in one line with a hint:', () => {
  test.each(['--port', '--kafka-port'])('%s is taken', async (flag) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const other = flag === '--port' ? '--kafka-port' : '--port'
    const run = penstock(['up', flag, String(port), other, '0', '--data', join(folder, 'taken')])
    expect(await run.ended).toBe(1)
    server.close()
    expect(run.output()).toMatch(new RegExp(`penstock: Port ${port} is taken: .+\n  Choose another with ${flag}`))
    expect(run.output()).not.toContain(' at ')
  })

  test.each([
    [['up', '--port', 'x'], 2, /'--port <port>' argument 'x' is invalid/],
    [
      ['up', '--bootstrap', 'localhost:1', '--port', '0', '--data', 'none'],
      1,
      /No Kafka answers at localhost:1\n {2}Mend --bootstrap/,
    ],
    [['up', '--bootstrap', 'nonsense', '--port', '0', '--data', 'none'], 1, /"nonsense" is not the address of a Kafka/],
    [['up', '--config', 'missing.properties'], 1, /The worker's file missing.properties can't be read/],
    [['sideways'], 2, /unknown command 'sideways'/],
  ])('%j', async (args, status, message) => {
    const run = penstock(args, folder)
    expect(await run.ended).toBe(status)
    expect(run.output()).toMatch(message)
    expect(run.output()).not.toMatch(/^\s+at /m)
  })

  test('worker settings that are wrong', async () => {
    const config = join(folder, 'wrong.properties')
    await writeFile(config, 'penstock.slice.ms=soon\n')
    const run = penstock([
      'up',
      '--port',
      '0',
      '--kafka-port',
      '0',
      '--config',
      config,
      '--data',
      join(folder, 'wrong'),
    ])
    expect(await run.ended).toBe(1)
    expect(run.output()).toMatch(
      /The worker settings are wrong: Invalid value soon for configuration penstock.slice.ms/,
    )
  })
})

test('--version and --help', async () => {
  const version = penstock(['--version'])
  expect(await version.ended).toBe(0)
  expect(version.output()).toMatch(/^\d+\.\d+\.\d+\n$/)
  const help = penstock(['--help'])
  expect(await help.ended).toBe(0)
  expect(help.output()).toMatch(/^ {2}up +start the local cloud/m)
})
