/** Consumer groups as their own tools see them: kafkajs's admin client. */
import { Kafka, logLevel } from 'kafkajs'
import { until } from './penstock.ts'

/** What the group has committed for partition 0 of the topic; -1 for nothing. */
export function groupOffset(bootstrap: string, groupId: string, topic: string): Promise<number> {
  return asAdmin(bootstrap, async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return Number(found?.partitions.find(({ partition }) => partition === 0)?.offset ?? -1)
  })
}

/** Waits until none of the groups has members. */
export function emptyGroups(bootstrap: string, groups: readonly string[]): Promise<void> {
  return asAdmin(bootstrap, async (admin) => {
    await until(`${groups.join(', ')} to be left`, 60_000, async () => {
      const described = await admin.describeGroups([...groups])
      return described.groups.every(({ members }) => members.length === 0)
    })
  })
}

async function asAdmin<T>(bootstrap: string, work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
