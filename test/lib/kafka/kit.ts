/** What the tests of the data plane need again and again. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { createTopics, listOffsets } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { type Consumer, type ConsumerOptions, createConsumer, type FetchSettings } from '../../../lib/kafka/consumer.ts'
import { type ProducerSettings, producerSettings } from '../../../lib/kafka/producer-settings.ts'
import { readHeaders } from '../../../lib/kafka/record-batch-decoder.ts'

export interface Row {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly string[]
}

export function connectTo(bootstrap: string): Promise<Cluster> {
  return connect(clientSettings({ 'bootstrap.servers': bootstrap }, 'producer').client)
}

/** A producer's settings, from Kafka's names. */
export function producing(raw: Record<string, string> = {}): ProducerSettings {
  return producerSettings(raw)
}

export function consuming(raw: Record<string, string> = {}): FetchSettings {
  const worker = Object.fromEntries(Object.entries(raw).map(([name, value]) => [`consumer.${name}`, value]))
  return clientSettings({ 'bootstrap.servers': 'localhost:9092', ...worker }, 'consumer').consumer
}

let topics = 0

/** A new topic with a name of its own. */
export async function newTopic(
  cluster: Cluster,
  partitions = 1,
  configs: Record<string, string> = {},
): Promise<string> {
  const name = `data-plane-${process.pid}-${Date.now()}-${topics++}`
  await createTopics(cluster, [{ name, partitions, replicationFactor: 1, configs }])
  return name
}

export function positions(topic: string, offsets: readonly number[]): Map<string, Map<number, number>> {
  return new Map([[topic, new Map(offsets.entries())]])
}

/** All records of a topic up to its end; while a transaction is open, who reads committed records waits for it. */
export async function readAll(
  cluster: Cluster,
  topic: string,
  raw: Record<string, string> = {},
  options: ConsumerOptions = {},
): Promise<Row[]> {
  const count = cluster.partitionCount(topic) ?? (await cluster.topic(topic)).partitions.length
  const all = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  const settings = consuming(raw)
  // A commit is answered before its markers are written to the partitions: the stable end follows the end.
  const ends = await listOffsets(cluster, all, 'latest')
  const consumer = createConsumer(cluster, settings, options)
  consumer.assign(positions(topic, Array(count).fill(0)))
  const rows: Row[] = []
  const isDone = () => ends.every(({ partition, offset }) => consumer.position(topic, partition) >= offset)
  while (!isDone()) rows.push(...(await pollRows(consumer)))
  await consumer.close()
  return rows
}

/** One poll's records. */
export async function pollRows(consumer: Consumer, maxWaitMs = 1000): Promise<Row[]> {
  const rows: Row[] = []
  for (const fetched of await consumer.poll(maxWaitMs)) {
    if (fetched.control !== null) continue
    const { partition, buffer } = fetched
    const text = (start: number, end: number) => (end < 0 ? null : buffer.toString('utf8', start, end))
    fetched.forEach((offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headersStart, headerCount) => {
      const headers = readHeaders(buffer, headersStart, headerCount).map(({ key, value }) => `${key}=${value}`)
      const [key, value] = [text(keyStart, keyEnd), text(valueStart, valueEnd)]
      rows.push({ partition, offset, timestamp, key, value, headers })
    })
  }
  return rows
}

/** The values of each partition, in the order of offsets. */
export function valuesByPartition(rows: readonly Row[]): Map<number, (string | null)[]> {
  const byPartition = new Map<number, (string | null)[]>()
  for (const { partition, value } of rows) {
    const values = byPartition.get(partition) ?? []
    byPartition.set(partition, values)
    values.push(value)
  }
  return byPartition
}

/** Cuts this process's connections to a broker. */
export class Connections implements Disposable {
  readonly #sockets = new Set<Socket>()
  readonly #port: number
  readonly #onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket }
    this.#sockets.add(socket)
  }

  constructor(bootstrap: string) {
    this.#port = Number(bootstrap.split(':').at(-1))
    subscribe('net.client.socket', this.#onSocket)
  }

  /** Answers how many there were. */
  cut(): number {
    let cut = 0
    for (const socket of this.#sockets) {
      if (socket.remotePort === this.#port && !socket.destroyed) {
        socket.destroy()
        cut++
      }
      if (socket.destroyed) this.#sockets.delete(socket)
    }
    return cut
  }

  [Symbol.dispose](): void {
    unsubscribe('net.client.socket', this.#onSocket)
  }
}
