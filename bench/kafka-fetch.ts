/**
 * How fast records are fetched and walked, one process and one thread.
 *
 *   node bench/kafka-fetch.ts BOOTSTRAP [--records 4000000] [--size 100] [--partitions 1] [--compression none]
 *
 * Fills a topic first. Prints thousands of records per second, CPU seconds per million and RSS. What counts are the
 * records visited; their bytes must add up.
 */
import { parseArgs } from 'node:util'
import { createTopics, deleteTopics } from '../lib/kafka/admin.ts'
import { clientSettings } from '../lib/kafka/client-settings.ts'
import { connect } from '../lib/kafka/cluster.ts'
import { createConsumer } from '../lib/kafka/consumer.ts'
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
const worker = { 'bootstrap.servers': positionals[0] ?? 'localhost:9092' }
const { client, producer } = clientSettings(worker, 'producer', {
  'producer.override.compression.type': values.compression,
})
const { consumer: settings } = clientSettings(worker, 'consumer')
const topic = `bench-fetch-${process.pid}`

await using cluster = await connect(client)
await createTopics(cluster, [{ name: topic, partitions, replicationFactor: 1 }])
await fill()
for (let round = 1; round <= Number(values.rounds); round++) await measure(round)
await deleteTopics(cluster, [topic])

async function fill(): Promise<void> {
  const texts = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ i, text: 'x'.repeat(size) }).slice(0, size))
  const filler = await createProducer(cluster, producer)
  await filler.prepare([topic])
  for (let sent = 0; sent < records; sent++) {
    filler.append(topic, null, null, texts[sent % texts.length] ?? '', null, [])
    if (sent % 2000 === 0) await filler.room()
  }
  await filler.flush()
  await filler.close()
}

async function measure(round: number): Promise<void> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const consumer = createConsumer(cluster, settings)
  consumer.assign(new Map([[topic, new Map(Array.from({ length: partitions }, (_, n) => [n, 0] as const))]]))
  let arrived = 0
  let bytes = 0
  while (arrived < records) {
    for (const fetched of await consumer.poll(1000)) {
      fetched.forEach((_offset, _timestamp, _keyStart, _keyEnd, valueStart, valueEnd) => {
        arrived++
        bytes += valueEnd - valueStart
      })
    }
  }
  await consumer.close()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  if (bytes !== records * size) throw new Error(`${bytes} bytes arrived instead of ${records * size}`)
  console.log(
    `round ${round}: ${arrived} records of ${size} B, ${Math.round(arrived / seconds / 1000)} k rec/s, ` +
      `${((user + system) / arrived).toFixed(3)} CPU-s/M, RSS ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  )
}
