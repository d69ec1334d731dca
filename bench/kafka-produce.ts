/**
 * How fast records are produced, one process and one thread.
 *
 *   node bench/kafka-produce.ts BOOTSTRAP [--records 4000000] [--size 100] [--partitions 1] [--compression none]
 *
 * Prints thousands of records per second, CPU seconds per million and RSS. What counts is what arrived: the growth of
 * the topic's end offsets.
 */
import { parseArgs } from 'node:util'
import { createTopics, deleteTopics, listOffsets } from '../lib/kafka/admin.ts'
import { clientSettings } from '../lib/kafka/client-settings.ts'
import { connect } from '../lib/kafka/cluster.ts'
import { createProducer } from '../lib/kafka/producer.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: 'string', default: '4000000' },
    size: { type: 'string', default: '100' },
    partitions: { type: 'string', default: '1' },
    compression: { type: 'string', default: 'none' },
    rounds: { type: 'string', default: '3' },
  },
})
const [records, size, partitions] = [Number(values.records), Number(values.size), Number(values.partitions)]
const { client, producer: settings } = clientSettings(
  { 'bootstrap.servers': positionals[0] ?? 'localhost:9092' },
  'producer',
  { 'producer.override.compression.type': values.compression },
)
const topic = `bench-produce-${process.pid}`
const SLICE = 2000

await using cluster = await connect(client)
await createTopics(cluster, [{ name: topic, partitions, replicationFactor: 1 }])
const texts = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ i, text: 'x'.repeat(size) }).slice(0, size))
const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
let before = 0
for (let round = 1; round <= Number(values.rounds); round++) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const producer = await createProducer(cluster, settings)
  await producer.prepare([topic])
  for (let sent = 0; sent < records; ) {
    for (let left = Math.min(SLICE, records - sent); left > 0; left--) {
      producer.append(topic, null, null, texts[sent++ % texts.length] ?? '', null, [])
    }
    await producer.room()
  }
  await producer.flush()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await producer.close()
  const ends = await listOffsets(cluster, all, 'latest')
  const arrived = ends.reduce((sum, { offset }) => sum + offset, 0) - before
  before += arrived
  console.log(
    `round ${round}: ${arrived} records of ${size} B, ${Math.round(arrived / seconds / 1000)} k rec/s, ` +
      `${((user + system) / arrived).toFixed(3)} CPU-s/M, RSS ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  )
}
await deleteTopics(cluster, [topic])
