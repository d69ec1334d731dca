/** `penstock get topics`. */
import { at } from './client.ts'
import { print, table } from './output.ts'
import { clientOf, type RemoteFlags } from './server.ts'

export async function getTopics(name: string, flags: RemoteFlags): Promise<void> {
  const client = await clientOf(flags)
  // An absent connector has an empty list there, as one that has used none.
  await client.get(at`/connectors/${name}`)
  const answer = await client.get<Record<string, { topics: string[] }>>(at`/connectors/${name}/topics`)
  const topics = (answer[name]?.topics ?? []).sort()
  await print(flags.output, topics, () =>
    table(
      ['TOPIC'],
      topics.map((topic) => [topic]),
      `${name} has used no topic`,
    ),
  )
}
