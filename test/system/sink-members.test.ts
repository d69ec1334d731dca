/** The consumer group of a running sink, as Kafka's own tools see it, and the sink while that changes under it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Admin, AssignerProtocol, Kafka, logLevel, type Producer } from 'kafkajs'
import { expect, test } from 'vitest'
import { Penstock, until } from './penstock.ts'

const GROUP = 'connect-copy'
const TOPIC = 'letters'
const STRING = 'org.apache.kafka.connect.storage.StringConverter'

test('members stand for the tasks through changes and a killed coordinator; no commit is lost', {
  timeout: 180_000,
}, async () => {
  await using penstock = await Penstock.start({ settings: { 'offset.flush.interval.ms': '500' } })
  const { bootstrap } = await penstock.local()
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const [admin, producer] = [kafka.admin(), kafka.producer()]
  await Promise.all([admin.connect(), producer.connect()])
  try {
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 4 }] })
    const file = join(penstock.folder, 'copy.txt')
    const config = { 'connector.class': 'FileStreamSink', topics: TOPIC, file, 'value.converter': STRING }
    const sent = letters(producer)
    /** All that was sent, once each: what is committed is not read again. */
    const expectAll = async () => {
      await sent.send()
      const lines = await until('all letters', 60_000, async () => {
        const found = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)
        return found.length >= sent.all.length && found
      })
      expect(lines.toSorted()).toEqual(sent.all.toSorted())
    }
    await penstock.create('copy', { ...config, 'tasks.max': '2' })
    await members(admin, 2)
    await expectAll()
    const reset = { groupId: GROUP, topic: TOPIC, partitions: [{ partition: 0, offset: '0' }] }
    await expect(admin.setOffsets(reset)).rejects.toThrow()

    await penstock.request('PUT', '/connectors/copy/config', { ...config, name: 'copy', 'tasks.max': '3' })
    await sent.send()
    await members(admin, 3)
    await expectAll()

    for (const { pid } of (await penstock.instances()).filter((one) => one.function === 'coordinator'))
      process.kill(pid, 'SIGKILL')
    await penstock.request('PUT', '/connectors/copy/config', { ...config, name: 'copy', 'tasks.max': '1' })
    await members(admin, 1)
    await expectAll()

    expect(await penstock.request('PUT', '/connectors/copy/stop')).toMatchObject({ status: 204 })
    await until('the group to be left', 30_000, async () => (await described(admin)).state === 'Empty')
    const [offsets] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] })
    expect(offsets?.partitions.reduce((sum, { offset }) => sum + Number(offset), 0)).toBe(sent.all.length)
    const first = { partition: { kafka_topic: TOPIC, kafka_partition: 0 }, offset: { kafka_offset: 0 } }
    const altered = await penstock.request('PATCH', '/connectors/copy/offsets', { offsets: [first] })
    expect(altered).toMatchObject({ status: 200 })
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()])
  }
})

function letters(producer: Producer) {
  const all: string[] = []
  const send = async () => {
    const messages = Array.from({ length: 40 }, (_, i) => ({ value: `letter ${all.length + i}`, partition: i % 4 }))
    all.push(...messages.map(({ value }) => value))
    await producer.send({ topic: TOPIC, messages })
  }
  return { all, send }
}

async function described(admin: Admin) {
  const { groups } = await admin.describeGroups([GROUP])
  return groups[0] ?? { state: 'Dead', members: [] }
}

/** One for each task, named as Connect names its consumers; together they have each partition once. */
async function members(admin: Admin, tasks: number): Promise<void> {
  const found = await until(`${tasks} members`, 60_000, async () => {
    const { state, members: all } = await described(admin)
    return state === 'Stable' && all.length === tasks && all
  })
  expect(found.map(({ clientId }) => clientId).sort()).toEqual(
    Array.from({ length: tasks }, (_, task) => `connector-consumer-copy-${task}`),
  )
  const partitions = found.flatMap(({ memberAssignment }) => {
    return AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[TOPIC] ?? []
  })
  expect(partitions.sort()).toEqual([0, 1, 2, 3])
}
