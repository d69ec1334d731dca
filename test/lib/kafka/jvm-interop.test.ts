/** Records between this client and Kafka's own Java client, in every compression, both ways. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { createProducer } from '../../../lib/kafka/producer.ts'
import { createTransactionalProducer } from '../../../lib/kafka/transactional-producer.ts'
import { jars } from '../../../lib/local/jars.ts'
import { findJava } from '../../../lib/local/java.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { connectTo, newTopic, producing, readAll } from './kit.ts'

const TYPES = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
let broker: KafkaBroker
let cluster: Cluster

beforeAll(async () => {
  broker = await startKafka()
  cluster = await connectTo(broker.bootstrap)
})
afterAll(async () => {
  await cluster.close()
  await broker.stop()
})

/** Runs a class of Kafka's tools with this input and answers its output's lines. */
async function kafkaTool(name: string, args: readonly string[], input = ''): Promise<string[]> {
  const flags = ['-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
  const classPath = join(await jars('connect'), '*')
  const java = await findJava()
  return new Promise((resolve, reject) => {
    const all = [...flags, '-cp', classPath, `org.apache.kafka.tools.${name}`, '--bootstrap-server', broker.bootstrap]
    const child = execFile(java, [...all, ...args], { maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error === null) resolve(stdout.split('\n').slice(0, -1))
      else reject(error)
    })
    child.stdin?.end(input)
  })
}

test("Kafka's own consumer reads what is written here, compressed in every way, committed or not", async () => {
  const topic = await newTopic(cluster)
  const expected: string[] = []
  const large = Array.from({ length: 20_000 }, (_, n) => `${n}`).join('-')
  for (const type of TYPES) {
    const producer = await createProducer(cluster, producing({ 'compression.type': type }))
    await producer.prepare([topic])
    for (let n = 0; n < 500; n++) {
      const headers = [
        { key: 'type', value: Buffer.from(type) },
        { key: 'none', value: null },
      ]
      const value = n === 250 ? `${large}€` : `${type} value ${n} ä`
      producer.append(topic, 0, n % 2 === 0 ? `key ${n}` : null, value, 1_700_000_000_000 + n, headers)
      const key = n % 2 === 0 ? `key ${n}` : 'null'
      expected.push(`CreateTime:${1_700_000_000_000 + n}|0|type:${type},none:null|${key}|${value}`)
    }
    await producer.flush()
    await producer.close()
  }
  const transactional = createTransactionalProducer(cluster, producing({ 'compression.type': 'lz4' }), `jvm-${topic}`)
  await transactional.init()
  await transactional.prepare([topic])
  for (const commit of [false, true]) {
    transactional.begin()
    transactional.append(topic, 0, 'transaction', `committed ${commit}`, 1, [])
    await transactional.flush()
    await (commit ? transactional.commit() : transactional.abort())
  }
  await transactional.close()
  expected.push('CreateTime:1|0|NO_HEADERS|transaction|committed true')
  const show = ['timestamp', 'partition', 'headers', 'key', 'value'].flatMap((what) => {
    return ['--formatter-property', `print.${what}=true`]
  })
  const separators = ['--formatter-property', 'key.separator=|', '--formatter-property', 'headers.separator=,']
  const lines = await kafkaTool('consumer.ConsoleConsumer', [
    ...['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
    ...['--max-messages', `${expected.length}`, '--timeout-ms', '30000', ...show, ...separators],
  ])
  expect(lines.map((line) => line.replace(/\|Partition:|^Partition:/, '|'))).toEqual(expected)
})

test.each(TYPES.slice(1))("what Kafka's own code compresses with %s is read here", async (type) => {
  // A topic with a compression of its own: the broker takes the batch apart and compresses it with Kafka's classes.
  const topic = await newTopic(cluster, 1, { 'compression.type': type })
  const producer = await createProducer(cluster, producing({ 'linger.ms': '20' }))
  await producer.prepare([topic])
  const values = Array.from({ length: 5000 }, (_, n) => `${type} ${n} ${'some text '.repeat(n % 30)}`)
  for (const [n, value] of values.entries()) producer.append(topic, 0, `k${n}`, value, n, [{ key: 'h', value: 'v' }])
  await producer.flush()
  const rows = await readAll(cluster, topic)
  expect(rows.map(({ value }) => value)).toEqual(values)
  expect(rows[4999]).toMatchObject({ key: 'k4999', timestamp: 4999, headers: ['h=v'] })
  await producer.close()
})

test("what Kafka's own producer sends is read here, and a key goes to the same partition", async () => {
  const topic = await newTopic(cluster, 7)
  const keys = Array.from({ length: 300 }, (_, n) => `key-${n * 7919}-é`)
  const input = keys.map((key) => `h1:v1,h2:v2\t${key}\tvalue of ${key}\n`).join('')
  const readers = ['parse.key=true', 'parse.headers=true'].flatMap((property) => ['--reader-property', property])
  const codec = ['--compression-codec', 'snappy', '--command-property', 'linger.ms=100']
  await kafkaTool('ConsoleProducer', ['--topic', topic, ...codec, ...readers], input)
  const rows = await readAll(cluster, topic)
  expect(rows.map(({ value }) => value).sort()).toEqual(keys.map((key) => `value of ${key}`).sort())
  expect(rows[0]?.headers).toEqual(['h1=v1', 'h2=v2'])
  const producer = await createProducer(cluster, producing())
  await producer.prepare([topic])
  for (const { key, partition } of rows) expect(producer.append(topic, null, key, 'again', null, [])).toBe(partition)
  await producer.flush()
  await producer.close()
})
