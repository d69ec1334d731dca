/** The brokers as `lib/kafka` speaks to them, as far as the coordinator and a starting sink do. */
import type { Cluster, TopicMetadata, WireRequest } from '../../lib/kafka/cluster.ts'
import { WireReader, WireWriter } from '../../lib/kafka/wire.ts'
import type { SimulatedKafka } from './kafka.ts'

const NODE = 1
const READ_COMMITTED = 1

export function simulatedCluster(kafka: SimulatedKafka): Cluster {
  const metadata = (name: string): TopicMetadata => {
    const partitions = kafka.partitions(name).map((_, partition) => {
      return { partition, leader: NODE, leaderEpoch: 0, replicas: [NODE], isr: [NODE] }
    })
    return { name, internal: false, partitions } as unknown as TopicMetadata
  }
  const cluster: Partial<Cluster> = {
    settings: { apiTimeoutMs: 5_000, retryBackoffMs: 100, requestTimeoutMs: 3_000 } as Cluster['settings'],
    topic: (name) => kafka.request(() => metadata(name)),
    topics: (names) =>
      kafka.request(() => {
        const asked = names === 'all' ? [...kafka.topics.keys()] : names.filter((name) => kafka.topics.has(name))
        return new Map(asked.map((name) => [name, metadata(name)]))
      }),
    leader: () => NODE,
    coordinator: async () => NODE,
    anyNode: async () => NODE,
    nodes: () => [NODE],
    maxVersion: () => undefined,
    forget: () => {},
    send: <T>(_node: number, request: WireRequest<T>) =>
      answer(kafka, request.apiName, request.encode()).then((body) => request.decode(body)),
  }
  return cluster as Cluster
}

async function answer(kafka: SimulatedKafka, api: string, body: Buffer): Promise<Buffer> {
  const r = new WireReader(body)
  switch (api) {
    case 'InitProducerId': {
      const { producerId, epoch } = await kafka.init(r.string())
      return new WireWriter().int32(0).int16(0).int64(producerId).int16(epoch).finish()
    }
    case 'ListOffsets':
      return kafka.request(() => listOffsets(kafka, r))
    case 'OffsetFetch':
      return kafka.request(() => offsetFetch(kafka, r))
    case 'OffsetCommit':
      return kafka.request(() => offsetCommit(kafka, r))
    case 'DescribeGroups':
      return kafka.request(() => describeGroups(r))
    default:
      throw new Error(`The simulated broker does not know ${api}`)
  }
}

function listOffsets(kafka: SimulatedKafka, r: WireReader): Buffer {
  r.int32()
  const isolation = r.int8()
  const asked = r.array(() => {
    const topic = r.string()
    const partitions = r.array(() => {
      const partition = r.int32()
      r.int32()
      return { partition, at: r.int64() }
    })
    return { topic, partitions }
  })
  const offset = (topic: string, partition: number, at: number) => {
    if (at === -2) return 0
    return isolation === READ_COMMITTED
      ? kafka.stableEnd(topic, partition)
      : (kafka.partitions(topic)[partition]?.length ?? 0)
  }
  return new WireWriter()
    .int32(0)
    .array(asked, ({ topic, partitions }, w) =>
      w.string(topic).array(partitions, ({ partition, at }) =>
        w
          .int32(partition)
          .int16(0)
          .int64(-1)
          .int64(offset(topic, partition, at))
          .int32(-1),
      ),
    )
    .finish()
}

function offsetFetch(kafka: SimulatedKafka, r: WireReader): Buffer {
  const offsets = kafka.groups.get(r.string()) ?? new Map<string, number>()
  const asked = r.array(() => ({ topic: r.string(), partitions: r.array(() => r.int32()) }))
  return new WireWriter()
    .int32(0)
    .array(asked, ({ topic, partitions }, w) =>
      w.string(topic).array(partitions, (partition) =>
        w
          .int32(partition)
          .int64(offsets.get(`${topic}-${partition}`) ?? -1)
          .int32(-1)
          .string('')
          .int16(0),
      ),
    )
    .int16(0)
    .finish()
}

function offsetCommit(kafka: SimulatedKafka, r: WireReader): Buffer {
  const group = r.string()
  const offsets = kafka.groups.get(group) ?? new Map<string, number>()
  kafka.groups.set(group, offsets)
  r.int32()
  r.string()
  r.nullableString()
  const committed = r.array(() => {
    const topic = r.string()
    const partitions = r.array(() => {
      const partition = r.int32()
      offsets.set(`${topic}-${partition}`, r.int64())
      r.int32()
      r.nullableString()
      return partition
    })
    return { topic, partitions }
  })
  return new WireWriter()
    .int32(0)
    .array(committed, ({ topic, partitions }, w) =>
      w.string(topic).array(partitions, (partition) => w.int32(partition).int16(0)),
    )
    .finish()
}

/** Nobody is in the Connect group. */
function describeGroups(r: WireReader): Buffer {
  const groups = r.array(() => r.string())
  return new WireWriter()
    .int32(0)
    .array(groups, (group, w) =>
      w
        .int16(0)
        .string(group)
        .string('Dead')
        .string('')
        .string('')
        .array([], () => w)
        .int32(0),
    )
    .finish()
}
