/** The records of a measurement: lines of one size, in a file or in a topic, and how they are counted. */

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import type { ConsumerSettings } from '../lib/kafka/client-settings.ts'
import type { Cluster } from '../lib/kafka/cluster.ts'
import { createConsumer } from '../lib/kafka/consumer.ts'
import { createProducer } from '../lib/kafka/producer.ts'
import type { ProducerSettings } from '../lib/kafka/producer-settings.ts'

const PORTION = 5_000
const FILLING = 'the quick brown fox jumps over the lazy dog, '
const LF = 10

/** `size` bytes, each line another one. */
export function line(i: number, size: number): string {
  return `${i} `.padEnd(size, FILLING)
}

export async function fillFile(file: string, lines: number, size: number): Promise<void> {
  const out = createWriteStream(file)
  for (let from = 0; from < lines; from += PORTION) {
    const portion = Array.from({ length: Math.min(PORTION, lines - from) }, (_, i) => line(from + i, size))
    if (!out.write(`${portion.join('\n')}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
}

/** The topic has to be there. */
export async function fillTopic(
  cluster: Cluster,
  settings: ProducerSettings,
  topic: string,
  lines: number,
  size: number,
): Promise<void> {
  const producer = await createProducer(cluster, settings)
  await producer.prepare([topic])
  for (let i = 0; i < lines; i++) {
    producer.append(topic, null, null, line(i, size), null, [])
    if (i % PORTION === 0) await producer.room()
  }
  await producer.flush()
  await producer.close()
}

export async function countLines(file: string): Promise<number> {
  let count = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 4 << 20 })) {
    const bytes = chunk as Buffer
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++
  }
  return count
}

/** Records of the topic's partition 0 before `end`; control records are none. */
export async function countRecords(
  cluster: Cluster,
  settings: ConsumerSettings,
  topic: string,
  end: number,
): Promise<number> {
  const consumer = createConsumer(cluster, settings)
  consumer.assign(new Map([[topic, new Map([[0, 0]])]]))
  let count = 0
  for (let quiet = 0; consumer.position(topic, 0) < end && quiet < 5; ) {
    const fetched = await consumer.poll(500)
    quiet = fetched.length === 0 ? quiet + 1 : 0
    for (const batch of fetched) count += batch.count
  }
  await consumer.close()
  return count
}
