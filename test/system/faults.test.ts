/**
 * What breaks beside the tasks: instances killed, the table dropped, the broker gone for a while. Nothing is lost, and
 * an exactly-once source doubles nothing. PENSTOCK_LONG=1 kills ten times.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { startKafka } from '../kafka-broker.ts'
import { Penstock, until } from './penstock.ts'
import { percentile, readTopic } from './topic.ts'

const KILLS = process.env['PENSTOCK_LONG'] === '1' ? 10 : 3
const STRING = 'org.apache.kafka.connect.storage.StringConverter'

const GENERATOR = {
  'connector.class': 'DatagenConnector',
  'kafka.topic': 'orders',
  quickstart: 'orders',
  'penstock.datagen.rate': '1000',
}
const written = async (penstock: Penstock, name: string) =>
  (await penstock.progress(name)).tasks[0]?.counters.written ?? 0

/** The order ids that Datagen has made, from 0 on without a gap, and how many were written again. */
async function orders(penstock: Penstock): Promise<{ readonly ids: readonly number[]; readonly doubled: number }> {
  const records = await readTopic((await penstock.local()).bootstrap, 'orders')
  const ids = records.map((record) => (JSON.parse(record.value ?? '') as { orderid: number }).orderid)
  const once = [...new Set(ids)].sort((a, b) => a - b)
  expect(once).toEqual(once.map((_, i) => i))
  return { ids, doubled: ids.length - once.length }
}

async function kill(penstock: Penstock, connector: string): Promise<number> {
  const owner = await until(`an owner of ${connector}`, 20_000, async () =>
    (await penstock.instances()).find((one) => one.connector === connector && one.state === 'owner'),
  )
  const before = await written(penstock, connector)
  const at = Date.now()
  process.kill(owner.pid, 'SIGKILL')
  await until(`${connector} to go on after a kill`, 30_000, async () => (await written(penstock, connector)) > before)
  return Date.now() - at
}

test('a busy owner killed again and again: an exactly-once source and a sink go on, nothing lost', {
  timeout: 300_000,
}, async () => {
  await using penstock = await Penstock.start()
  const file = join(penstock.folder, 'copy.txt')
  await penstock.create('orders', GENERATOR)
  await penstock.create('copy', {
    'connector.class': 'FileStreamSink',
    topics: 'orders',
    file,
    'value.converter': STRING,
  })
  await until('records to flow', 30_000, async () => (await written(penstock, 'copy')) > 1_000)
  const times: number[] = []
  for (let i = 0; i < KILLS; i++) {
    times.push(await kill(penstock, 'orders'), await kill(penstock, 'copy'))
    await sleep(1_000 + Math.random() * 1_000)
  }
  times.sort((a, b) => a - b)
  console.log(`seen to go on after a kill: p50 ${percentile(times, 0.5)} ms, most ${times.at(-1)} ms`)
  await penstock.request('PUT', '/connectors/orders/pause')
  await until('the source to pause', 20_000, async () => (await penstock.taskState('orders'))?.state === 'PAUSED')
  const { ids, doubled } = await orders(penstock)
  expect(doubled).toBe(0)
  expect(ids).toEqual(ids.map((_, i) => i))
  const lines = await until('the sink to have caught up', 30_000, async () => {
    const found = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
    return new Set(found).size >= ids.length && found
  })
  const copied = new Set(lines.map((line) => (JSON.parse(line) as { orderid: number }).orderid))
  expect(copied.size).toBe(ids.length)
  console.log(`the sink, at least once, wrote ${lines.length - ids.length} of ${lines.length} lines again`)
})

test('the table dropped while records flow: they go on, and the views are made again', {
  timeout: 180_000,
}, async () => {
  await using penstock = await Penstock.start({ settings: { 'penstock.slice.ms': '5000' } })
  await penstock.create('orders', GENERATOR)
  await until('records to flow', 30_000, async () => (await written(penstock, 'orders')) > 500)
  const { dynamodb, table } = await penstock.local()
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint: dynamodb, region: 'us-east-1', credentials })
  await client.send(new DeleteTableCommand({ TableName: table }))
  client.destroy()
  const epoch = await until('the views to be back', 60_000, async () => {
    const task = (await penstock.progress('orders')).tasks?.[0]
    return task?.owner != null && task.epoch
  })
  await until(
    'a later slice',
    60_000,
    async () => ((await penstock.progress('orders')).tasks[0]?.epoch ?? 0) > epoch + 1,
  )
  await penstock.request('PUT', '/connectors/orders/pause')
  await until('the source to pause', 20_000, async () => (await penstock.taskState('orders'))?.state === 'PAUSED')
  const { ids, doubled } = await orders(penstock)
  expect(ids.length).toBeGreaterThan(5_000)
  expect(doubled).toBe(0)
})

test('the broker stopped and started again: tasks recover by themselves', { timeout: 240_000 }, async () => {
  const kafka = await startKafka({ own: true })
  try {
    await using penstock = await Penstock.start({
      bootstrap: kafka.bootstrap,
      settings: { 'penstock.slice.ms': '5000' },
    })
    const database = join(penstock.folder, 'orders.sqlite')
    await penstock.create('orders', GENERATOR)
    await penstock.create('db', {
      'connector.class': 'JdbcSink',
      topics: 'orders',
      'connection.url': `jdbc:sqlite:${database}`,
      'auto.create': 'true',
      'insert.mode': 'upsert',
      'pk.mode': 'kafka',
    })
    await until('rows to come', 30_000, async () => (await written(penstock, 'db')) > 500)
    await kafka.kill()
    await sleep(4_000)
    await kafka.start()
    const before = await written(penstock, 'db')
    await until('rows to come again', 90_000, async () => (await written(penstock, 'db')) > before + 500)
    await penstock.request('PUT', '/connectors/orders/pause')
    await until('the source to pause', 30_000, async () => (await penstock.taskState('orders'))?.state === 'PAUSED')
    const { ids, doubled } = await orders(penstock)
    expect(doubled).toBe(0)
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite')
    await until('all rows to be there', 60_000, async () => {
      const db = new DatabaseSync(database, { readOnly: true })
      const row = db.prepare('SELECT count(DISTINCT orderid) AS n FROM orders').get() as { n: number }
      db.close()
      return row.n === ids.length
    })
  } finally {
    await kafka.stop()
  }
})
