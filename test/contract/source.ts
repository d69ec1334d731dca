/** What every source keeps to. */
import { describe, expect, test } from 'vitest'
import { budget } from '../../lib/connect/budget.ts'
import type { SourceConnector, SourceContext, SourceOffsets, SourceTask } from '../../lib/connect/plugin.ts'
import type { ConnectRecord, Position } from '../../lib/connect/record.ts'
import { parse, type RawConfig } from '../../lib/connect/settings.ts'
import { find } from '../../lib/registry.ts'

export const quiet: SourceContext['log'] = { debug() {}, info() {}, warn() {}, error() {} }

/** A task of the connector that goes on from the offsets given. */
export async function startSource(
  name: string,
  raw: RawConfig,
  offsets: readonly { readonly partition: Position; readonly offset: Position }[] = [],
): Promise<SourceTask> {
  const connector = (await find('source', name)) as SourceConnector
  const key = (partition: Position) => JSON.stringify(partition)
  const stored: SourceOffsets = {
    get: (partition) => offsets.find((entry) => key(entry.partition) === key(partition))?.offset,
    all: () => offsets,
  }
  using time = budget(30_000)
  const context = { connector: 'c', task: 0, raw, offsets: stored, log: quiet }
  return connector.start(parse(connector.settings, raw), context, time)
}

/** All records until the source has nothing more for now. */
export async function drain(task: SourceTask, limit = 1000): Promise<ConnectRecord[]> {
  using time = budget(30_000)
  const all: ConnectRecord[] = []
  for (;;) {
    const { records, idleMs, done } = await task.poll(limit, time)
    expect(records.length).toBeLessThanOrEqual(limit)
    all.push(...records)
    if (idleMs !== undefined || done === true) return all
  }
}

/** `prepare` sets up what the source reads, finite and of some records, and answers the connector's config. */
export function testSource(name: string, prepare: () => Promise<RawConfig>): void {
  describe(name, () => {
    test('goes on exactly after any offset', async () => {
      const raw = await prepare()
      const whole = await read(raw)
      expect(whole.length).toBeGreaterThan(2)
      for (const at of [0, 1, whole.length >> 1, whole.length - 2, whole.length - 1]) {
        const { origin } = whole[at] as ConnectRecord
        if (origin.kind !== 'source') throw new TypeError('a source made a sink record')
        const rest = await read(raw, [origin])
        expect(rest.map(shown)).toEqual(whole.slice(at + 1).map(shown))
      }
    })

    test('gives the same records whatever the limit', async () => {
      const raw = await prepare()
      const whole = await read(raw)
      for (const limit of [1, 3]) expect((await read(raw, [], limit)).map(shown)).toEqual(whole.map(shown))
    })

    test('stops at any time, and twice', async () => {
      const raw = await prepare()
      const fresh = await startSource(name, raw)
      await fresh.stop()
      const begun = await startSource(name, raw)
      using time = budget(30_000)
      await begun.poll(1, time)
      await begun.stop()
      await begun.stop()
    })
  })

  async function read(raw: RawConfig, offsets?: Parameters<typeof startSource>[2], limit?: number) {
    const task = await startSource(name, raw, offsets)
    try {
      return await drain(task, limit)
    } finally {
      await task.stop()
    }
  }
}

const shown = ({ topic, key, value, origin }: ConnectRecord) => ({ topic, key, value, origin })
