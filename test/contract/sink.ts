/** What every sink keeps to. */
import { describe, expect, test } from 'vitest'
import { budget } from '../../lib/connect/budget.ts'
import type { SinkConnector, SinkTask } from '../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../lib/connect/record.ts'
import { parse, type RawConfig } from '../../lib/connect/settings.ts'
import { find } from '../../lib/registry.ts'
import { quiet } from './source.ts'

export async function startSink(name: string, raw: RawConfig): Promise<SinkTask> {
  const connector = (await find('sink', name)) as SinkConnector
  using time = budget(30_000)
  const context = { connector: 'c', task: 0, assignment: new Map([['t', [0]]]), log: quiet }
  return connector.start(parse(connector.settings, raw), context, time)
}

export interface SinkCase {
  readonly config: RawConfig
  readonly records: readonly ConnectRecord[]
  /** What the target holds, in order; undefined for a record that it has not. */
  read(): Promise<readonly unknown[]>
  /** What the target should hold for a record. */
  expected(record: ConnectRecord): unknown
}

/** `prepare` sets up an empty target. */
export function testSink(name: string, prepare: () => Promise<SinkCase>): void {
  describe(name, () => {
    test('what was flushed is in the target, in order, whatever the batches', async () => {
      for (const size of [1, 2, 1000]) {
        const { config, records, read, expected } = await prepare()
        const task = await startSink(name, config)
        using time = budget(30_000)
        for (let at = 0; at < records.length; at += size)
          expect(await task.put(records.slice(at, at + size), time)).toEqual([])
        expect(await task.flush(time)).toBe('all')
        expect(await read()).toEqual(records.map(expected))
        await task.stop()
      }
    })

    test('an empty batch and a flush of nothing are fine', async () => {
      const { config, read } = await prepare()
      const task = await startSink(name, config)
      using time = budget(30_000)
      expect(await task.put([], time)).toEqual([])
      expect(await task.flush(time)).toBe('all')
      expect(await read()).toEqual([])
      await task.stop()
    })

    test('a second task goes on after the first', async () => {
      const { config, records, read, expected } = await prepare()
      for (const record of records) {
        const task = await startSink(name, config)
        using time = budget(30_000)
        await task.put([record], time)
        await task.flush(time)
        await task.stop()
      }
      expect(await read()).toEqual(records.map(expected))
    })
  })
}
