/** `GET /connectors/NAME/offsets` of all connectors, compared before and after they have gone elsewhere. */
import { stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { Line, Rest } from './lines.ts'
import { readTopic } from './topic.ts'

interface Offset {
  readonly partition: Readonly<Record<string, unknown>>
  readonly offset: Readonly<Record<string, number>>
}

/** By connector. */
export type Offsets = Readonly<Record<string, readonly Offset[]>>

export async function offsetsOf(request: Rest): Promise<Offsets> {
  const names = ((await request('GET', '/connectors')).body as string[]).toSorted()
  const each = names.map(async (name) => {
    const { status, body } = await request('GET', `/connectors/${name}/offsets`)
    expect({ name, status }).toEqual({ name, status: 200 })
    return [name, (body as { offsets: Offset[] }).offsets] as const
  })
  return Object.fromEntries(await Promise.all(each))
}

/** The same connectors and partitions, and none has gone back; those without offsets have none still. */
export function expectNotBehind(after: Offsets, before: Offsets): void {
  expect(Object.keys(after)).toEqual(Object.keys(before))
  for (const [name, offsets] of Object.entries(before)) {
    const now = after[name] ?? []
    for (const { partition, offset } of offsets) {
      const same = now.find((one) => isDeepStrictEqual(one.partition, partition))
      for (const [part, value] of Object.entries(offset))
        expect(same?.offset[part], `${part} of ${name} ${JSON.stringify(partition)}`).toBeGreaterThanOrEqual(value)
    }
  }
}

/** What the connectors of the lines answer once all lines have gone through, by `asDone`. */
export async function allDone(lines: readonly Line[]): Promise<Record<string, unknown>> {
  const each = lines.map(async ({ name, sink, from, topic, lines: { length } }) => [
    [name, [{ partition: { filename: from }, offset: { position: (await stat(from)).size } }]],
    [sink, [{ partition: { kafka_topic: topic, kafka_partition: 0 }, records: length }]],
  ])
  return Object.fromEntries((await Promise.all(each)).flat())
}

/** A sink's offset as the number of records before it: behind the last one stands the marker of its transaction. */
export async function asDone(offsets: Offsets, bootstrap: string, lines: readonly Line[]): Promise<object> {
  const counted = lines.map(async ({ sink, topic }) => {
    const records = await readTopic(bootstrap, topic)
    const of = (offsets[sink] ?? []).map(({ partition, offset }) => {
      return { partition, records: records.filter((one) => one.offset < Number(offset['kafka_offset'])).length }
    })
    return [sink, of]
  })
  return { ...offsets, ...Object.fromEntries(await Promise.all(counted)) }
}
