import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect, type WireRequest } from '../../../lib/kafka/cluster.ts'
import { metadataRequest } from '../../../lib/kafka/metadata.ts'
import { WireReader, WireWriter } from '../../../lib/kafka/wire.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'

const RETRIABLE = { kind: 'retriable', code: 13, codeName: 'NETWORK_EXCEPTION' }
const settings = (bootstrap: string, more: Record<string, string> = {}) =>
  clientSettings({ 'bootstrap.servers': bootstrap, ...more }, 'admin').client
const connected = (bootstrap: string) => connect(settings(bootstrap))

/** A Fetch of nothing, which the broker answers after so long. */
function waiting(ms: number, timeoutMs?: number): WireRequest<number> {
  return {
    apiKey: 1,
    apiVersion: 4,
    apiName: 'Fetch',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    encode: () =>
      new WireWriter()
        .int32(-1)
        .int32(ms)
        .int32(1)
        .int32(1024)
        .int8(0)
        .array(['waits'], (topic, w) => w.string(topic).array([0], () => w.int32(0).int64(0).int32(1024)))
        .finish(),
    decode: (body) => new WireReader(body).int32(),
  }
}

describe('a cluster', () => {
  let broker: KafkaBroker
  let cluster: Cluster
  beforeAll(async () => {
    broker = await startKafka()
    cluster = await connected(broker.bootstrap)
    await createTopics(cluster, [
      { name: 'cluster-test', partitions: 3, replicationFactor: 1 },
      { name: 'waits', partitions: 1, replicationFactor: 1 },
    ])
  })
  afterAll(() => cluster.close())

  test('knows topics, their leaders and itself', async () => {
    const { partitions } = await cluster.topic('cluster-test')
    expect(partitions.map(({ partition, error }) => [partition, error])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
    expect(cluster.leader('cluster-test', 2)).toBe(await cluster.anyNode())
    expect([cluster.leader('cluster-test', 3), cluster.leader('nowhere', 0)]).toEqual([-1, -1])
    expect([cluster.partitionCount('cluster-test'), cluster.partitionCount('nowhere')]).toEqual([3, undefined])
    expect(cluster.nodes()).toContain(await cluster.controller())
    expect(cluster.clusterId).toEqual(expect.any(String))
  })

  test('says which topics are missing', async () => {
    expect([...(await cluster.topics(['cluster-test', 'nowhere'])).keys()]).toEqual(['cluster-test'])
    expect((await cluster.topics('all')).has('cluster-test')).toBe(true)
    await expect(cluster.topic('nowhere')).rejects.toMatchObject({
      kind: 'retriable',
      codeName: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  test('finds a topic that came later', async () => {
    await expect(cluster.topic('came-later')).rejects.toThrow('came-later')
    await createTopics(cluster, [{ name: 'came-later', partitions: 1, replicationFactor: 1 }])
    expect((await cluster.topic('came-later')).partitions).toHaveLength(1)
  })

  test('answers many requests in flight, each with its own answer, in the order of calls', async () => {
    const node = await cluster.anyNode()
    const order: number[] = []
    const asked = Array.from({ length: 200 }, async (_, i) => {
      const name = i % 2 === 0 ? 'cluster-test' : `nowhere-${i}`
      const { topics } = await cluster.send(node, metadataRequest([name]))
      order.push(i)
      return topics[0]?.name === name
    })
    expect(await Promise.all(asked)).toEqual(Array(200).fill(true))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  })

  test('a fetch that waits holds up nothing but fetches', async () => {
    const node = await cluster.anyNode()
    let fetched = false
    const fetching = cluster.send(node, waiting(1_500)).then(() => {
      fetched = true
    })
    await cluster.send(node, metadataRequest([]))
    expect(fetched).toBe(false)
    await fetching
  })

  test('a request without an answer in time is told so, and the next is served', async () => {
    const node = await cluster.anyNode()
    await expect(cluster.send(node, waiting(5_000, 100))).rejects.toMatchObject({
      kind: 'retriable',
      codeName: 'REQUEST_TIMED_OUT',
    })
    expect(await cluster.send(node, waiting(10))).toBe(0)
  })

  test('an error of a request or its decoder is its own', async () => {
    const node = await cluster.anyNode()
    const broken = (part: 'encode' | 'decode'): WireRequest<unknown> => ({
      ...metadataRequest([]),
      [part]: () => {
        throw new Error(`broken ${part}`)
      },
    })
    const settled = await Promise.allSettled([
      cluster.send(node, broken('encode')),
      cluster.send(node, broken('decode')),
      cluster.send(node, metadataRequest([])),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })

  test('a node that does not exist is a retriable error', async () => {
    await expect(cluster.send(99, metadataRequest([]))).rejects.toMatchObject(RETRIABLE)
  })

  test('an idle connection is made anew before its next use', async () => {
    const idle = await connect(settings(broker.bootstrap, { 'connections.max.idle.ms': '0' }))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await idle.topics('all')).size).toBeGreaterThan(0)
    await idle.close()
  })

  test('lets the process end, in silence, once it is closed', async () => {
    const script = `
      import { connect } from './lib/kafka/cluster.ts'
      import { clientSettings } from './lib/kafka/client-settings.ts'
      const cluster = await connect(clientSettings({ 'bootstrap.servers': '${broker.bootstrap}' }, 'admin').client)
      for (let i = 0; i < 20; i++) await cluster.topics('all')
      await cluster.coordinator('group', 'some')
      await cluster.close()
      await cluster.topics('all').catch((error) => console.log(error.message))`
    const args = ['--input-type=module-typescript', '-e', script]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
    expect([stdout.trim(), stderr]).toEqual(['The Kafka client is closed', ''])
  })
})

describe('a cluster that can not be had', () => {
  test('is an error that names the addresses and what to check', async () => {
    const failure = connected('127.0.0.1:1,localhost:2')
    await expect(failure).rejects.toMatchObject(RETRIABLE)
    await expect(failure).rejects.toThrow(/127\.0\.0\.1:1 \(ECONNREFUSED\).*localhost:2.*bootstrap\.servers/)
  })

  test('a first address that is dead or silent is passed over', async () => {
    const { bootstrap } = await startKafka()
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const cluster = await connected(`127.0.0.1:1,127.0.0.1:${port},${bootstrap}`)
    expect(cluster.nodes()).toHaveLength(1)
    await cluster.close()
    server.close()
  })

  test('a broker that accepts and says nothing costs no more than the configured time', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const slow = settings(`127.0.0.1:${port}`, { 'socket.connection.setup.timeout.ms': '300' })
    await expect(connect(slow)).rejects.toThrow(`127.0.0.1:${port}`)
    server.close()
  })
})

describe('a broker that is stopped and started again', () => {
  test('rejects what was in flight, and serves the same cluster afterwards', { timeout: 90_000 }, async () => {
    await using broker = await startKafka({ own: true })
    await using cluster = await connected(broker.bootstrap)
    await createTopics(cluster, [{ name: 'waits', partitions: 1, replicationFactor: 1 }])
    const node = await cluster.coordinator('group', 'some')
    const inFlight = Array.from({ length: 5 }, () => cluster.send(node, waiting(30_000)).catch((error) => error))
    await cluster.send(node, metadataRequest([]))
    await broker.kill()
    for (const error of await Promise.all(inFlight)) expect(error).toMatchObject(RETRIABLE)
    await expect(cluster.send(node, metadataRequest([]))).rejects.toMatchObject(RETRIABLE)
    await expect(cluster.topic('waits')).rejects.toThrow(broker.bootstrap)
    await broker.start()
    await expect
      .poll(
        () =>
          cluster.topic('waits').then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true)
    expect(await cluster.send(await cluster.coordinator('group', 'some'), metadataRequest([]))).toBeDefined()
  })
})
