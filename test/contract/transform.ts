/** What every transform keeps to: inputs stay as they are, answers don't depend on what came before. */
import { describe, expect, test } from 'vitest'
import { ConnectError } from '../../lib/connect/errors.ts'
import { configure, type TransformPlugin } from '../../lib/connect/plugin.ts'
import type { ConnectRecord } from '../../lib/connect/record.ts'
import type { RawConfig } from '../../lib/connect/settings.ts'
import { recordToJson } from '../../lib/converters/record-text.ts'
import { find } from '../../lib/registry.ts'
import { records } from './records.ts'

/** `name` is the class; for `X$Key` and `X$Value` both are run. */
export function testTransform(name: string, raw: RawConfig): void {
  describe(`${name} ${JSON.stringify(raw)}`, () => {
    test('leaves its input as it is', async () => {
      const transform = configure<ReturnType<TransformPlugin['create']>>(await find('transformation', name), raw)
      for (const record of records()) {
        deepFreeze(record)
        const before = text(record)
        outcome(() => transform.apply(record))
        expect(text(record)).toBe(before)
      }
    })

    test('answers the same again, in any order, and for another instance', async () => {
      const plugin = await find('transformation', name)
      const first = records().map((record) => outcome(() => configure(plugin, raw).apply(record)))
      const shared = configure(plugin, raw)
      const backwards = records()
        .reverse()
        .map((record) => outcome(() => shared.apply(record)))
      expect(backwards.reverse()).toEqual(first)
    })

    test("keeps the record's origin", async () => {
      const transform = configure(await find('transformation', name), raw)
      for (const record of records()) {
        let out: ConnectRecord | null = null
        try {
          out = transform.apply(record)
        } catch {
          continue
        }
        if (out !== null) expect(out.origin).toBe(record.origin)
      }
    })
  })
}

/** The answer, or the error; one that isn't of this runtime is a mistake. */
function outcome(step: () => ConnectRecord | null): string {
  try {
    const record = step()
    return record === null ? 'dropped' : text(record)
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    return `${error.javaClass}: ${error.message}`
  }
}

function text(record: ConnectRecord): string {
  return JSON.stringify(recordToJson(record), (_key, value) => {
    if (typeof value === 'bigint') return `${value}n`
    return value instanceof Map ? [...value] : value
  })
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  // The elements of typed arrays can't be frozen.
  if (!ArrayBuffer.isView(value)) Object.freeze(value)
  for (const item of value instanceof Map ? value.values() : Object.values(value)) deepFreeze(item)
}
