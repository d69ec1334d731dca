/** Where a sink goes on, on a real Kafka. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../../lib/kafka/cluster.ts'
import { commit, type GroupOffset } from '../../../lib/kafka/groups.ts'
import { resumeSink } from '../../../lib/slice/resume-sink.ts'
import { topicEnds } from '../../../lib/state/log.ts'
import { type KafkaBroker, startKafka } from '../../kafka-broker.ts'
import { connectTo, newTopic } from '../kafka/kit.ts'

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

/** How many commits of single partitions the broker has noted so far. */
async function noted(): Promise<number> {
  const ends = await topicEnds(cluster, '__consumer_offsets', 'read_uncommitted')
  return ends.reduce((sum, end) => sum + end, 0)
}

test('offsets that were committed long ago are committed again, as they are: the broker would forget them', async () => {
  const topic = await newTopic(cluster, 2)
  const group = `connect-${randomUUID()}`
  const sink = {
    cluster,
    group,
    assignment: new Map([[topic, [0, 1]]]),
    reset: 'latest',
    isolation: 'read_committed',
    commit: (offsets: readonly GroupOffset[]) => commit(cluster, group, offsets),
  } as const
  await commit(cluster, group, [{ topic, partition: 0, offset: 0, leaderEpoch: -1, metadata: '' }])
  const positions = new Map([
    [
      topic,
      new Map([
        [0, 0],
        [1, 0],
      ]),
    ],
  ])

  let before = await noted()
  expect(await resumeSink({ ...sink, renew: false })).toEqual(positions)
  // That of the partition that had none.
  expect((await noted()) - before).toBe(1)
  before = await noted()
  expect(await resumeSink({ ...sink, renew: false })).toEqual(positions)
  expect((await noted()) - before).toBe(0)
  expect(await resumeSink({ ...sink, renew: true })).toEqual(positions)
  expect((await noted()) - before).toBe(2)
})
