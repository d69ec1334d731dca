import { expect, test } from 'vitest'
import type { VisitRecord } from '../../../lib/kafka/record-batch-decoder.ts'
import { buildChain } from '../../../lib/pipeline/chain.ts'
import { ConsumeStage } from '../../../lib/pipeline/consume.ts'
import { Counters, SingleTally } from '../../../lib/pipeline/counters.ts'
import { ErrorPolicy } from '../../../lib/pipeline/errors.ts'
import { find } from '../../../lib/registry.ts'
import { connectorSettings } from '../../../lib/worker/connector-settings.ts'
import { worker } from '../../../lib/worker/settings.ts'
import { keptLog } from './kit.ts'

const BYTES = 'org.apache.kafka.connect.converters.ByteArrayConverter'

/** A buffer that doesn't start where its memory does, as those of fetch responses. */
const buffer = Buffer.from(new Uint8Array([1, 2, 3, 10, 11, 12, 13, 14]).buffer, 3)

async function consume(...visited: readonly Parameters<VisitRecord>[]) {
  const log = keptLog()
  const raw = { name: 'c', 'connector.class': 'C', 'key.converter': BYTES, 'value.converter': BYTES }
  const settings = connectorSettings(raw, worker({}))
  const plugins = {
    converter: (name: string) => find('converter', name),
    headerConverter: (name: string) => find('header_converter', name),
    transform: (name: string) => find('transformation', name),
    predicate: (name: string) => find('predicate', name),
  }
  const errors = new ErrorPolicy('c-0', settings.errors, new Counters(log), log)
  const stage = new ConsumeStage(await buildChain(settings, plugins, log), errors, new Set())
  const batch = {
    topic: 't',
    partition: 0,
    buffer,
    count: visited.length,
    baseOffset: 0,
    nextOffset: visited.length,
    highWatermark: visited.length,
    lastStableOffset: visited.length,
    timestampType: 'CreateTime',
    timestamp: 0,
    isTransactional: false,
    producerId: -1,
    producerEpoch: -1,
    control: null,
    forEach: (visit: VisitRecord) => {
      for (const one of visited) visit(...one)
    },
  } as const
  return stage.consume([batch], new SingleTally())
}

test('keys and values are the bytes at their places in the fetched buffer, without a copy', async () => {
  const records = await consume([0, 0, 0, 2, 2, 5, 0, 0], [1, 0, 1, -1, 5, 5, 0, 0], [2, 0, 4, 5, 5, -1, 0, 0])
  expect(records.map(({ key, value }) => [key, value])).toEqual([
    [Uint8Array.of(10, 11), Uint8Array.of(12, 13, 14)],
    [null, Uint8Array.of()],
    [Uint8Array.of(14), null],
  ])
  const { value } = records[0] ?? {}
  expect((value as Uint8Array).buffer).toBe(buffer.buffer)
})
