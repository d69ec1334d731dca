import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { budget } from '../../../lib/connect/budget.ts'
import { jsonText } from '../../../lib/converters/record-text.ts'
import { createTopics } from '../../../lib/kafka/admin.ts'
import { clientSettings } from '../../../lib/kafka/client-settings.ts'
import { type Cluster, connect } from '../../../lib/kafka/cluster.ts'
import { createProducer } from '../../../lib/kafka/producer.ts'
import { openPreview } from '../../../lib/preview/preview.ts'
import { topicSamples } from '../../../lib/preview/topic-samples.ts'
import { LOCAL_DEFAULTS, worker as parseWorker, type Worker } from '../../../lib/worker/settings.ts'
import { startKafka } from '../../kafka-broker.ts'
import { penstock } from '../cli/run-penstock.ts'

let worker: Worker
let cluster: Cluster
const topic = `preview-${process.pid}`

beforeAll(async () => {
  worker = parseWorker({ ...LOCAL_DEFAULTS, 'bootstrap.servers': (await startKafka()).bootstrap })
  const { client, producer: settings } = clientSettings(worker.raw, 'producer')
  cluster = await connect(client)
  await createTopics(cluster, [{ name: topic, partitions: 3, replicationFactor: 1 }])
  const producer = await createProducer(cluster, settings)
  await producer.prepare([topic])
  for (let i = 0; i < 10; i++) {
    const value = i === 8 ? Buffer.from([0, 0, 0, 0, 12, 2]) : `{"id":${i}}`
    producer.append(topic, i % 2, `"k${i}"`, value, 1_000 + i, [{ key: 'n', value: Buffer.from(String(i)) }])
  }
  await producer.flush()
  await producer.close()
})
afterAll(() => cluster.close())

const last = async (limit: number) => {
  using time = budget(30_000)
  return topicSamples(topic, limit, { consumerOverrides: {} }, worker, time)
}

test('the youngest records of all partitions, through the converters of a sink', async () => {
  const opened = await openPreview({ 'connector.class': 'FileStreamSink', topics: topic }, { worker })
  const answers = await opened.run(await last(3))
  expect(answers.map((one) => JSON.parse(jsonText(one)) as unknown)).toMatchObject([
    {
      record: {
        kind: 'sink',
        topic,
        partition: 1,
        offset: 3,
        timestamp: 1_007,
        key: { payload: 'k7' },
        value: { payload: { id: 7 } },
        headers: [{ key: 'n', schema: { type: 'int8' }, payload: 7 }],
      },
    },
    { error: { at: 'value.converter', hint: expect.stringContaining('magic byte 0 and schema id 12') } },
    { record: { timestamp: 1_009, value: { payload: { id: 9 } } } },
  ])
})

test('no more than there are', async () => {
  expect((await last(100)).map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 10 }, (_, i) => 1_000 + i))
})

test('from the command line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-preview-'))
  const config = join(folder, 'copy.json')
  await writeFile(config, JSON.stringify({ name: 'copy', 'connector.class': 'FileStreamSink', topics: topic }))
  const bootstrap = worker.settings['bootstrap.servers'].join(',')
  const run = penstock(['preview', '--config', config, '--topic', topic, '--limit', '1', '--bootstrap', bootstrap])
  expect(await run.ended, run.output()).toBe(0)
  expect(JSON.parse(run.output())).toMatchObject({ record: { offset: 4, timestamp: 1_009 } })
  await rm(folder, { recursive: true })
})

test('a source is not tried on a topic', async () => {
  const opened = await openPreview({ 'connector.class': 'FileStreamSource', topic }, { worker })
  await expect(opened.run(await last(1))).rejects.toThrow(/is a source/)
})
