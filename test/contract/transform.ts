/** What every transform keeps to: inputs stay as they are, answers don't depend on what came before. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectError } from '../../lib/connect/errors.ts'
import { configure, type OneToMany, type PluginLog, type Transform } from '../../lib/connect/plugin.ts'
import { ConnectRecord } from '../../lib/connect/record.ts'
import type { RawConfig } from '../../lib/connect/settings.ts'
import { recordToJson } from '../../lib/converters/record-text.ts'
import { find } from '../../lib/registry.ts'
import { recordFrom } from './any-record.ts'
import { records, SINK } from './records.ts'

export const NO_LOG: PluginLog = { debug() {}, info() {}, warn() {}, error() {} }

/** `name` is the class; for `X$Key` and `X$Value` both are run. */
export function testTransform(name: string, raw: RawConfig): void {
  const make = async () => configure<Transform | OneToMany>(await find('transformation', name), raw, NO_LOG)

  describe(`${name} ${JSON.stringify(raw)}`, () => {
    test('leaves its input as it is', async () => {
      const transform = await make()
      const untouched = (record: ConnectRecord) => {
        deepFreeze(record)
        const before = text(record)
        outcome(() => transform.apply(record))
        expect(text(record)).toBe(before)
      }
      for (const record of records()) untouched(record)
      fc.assert(fc.property(recordFrom(SINK), untouched), { numRuns: 200 })
    })

    test('answers the same again, in any order, and for another instance', async () => {
      const plugin = await find('transformation', name)
      const first = records().map((record) => outcome(() => configure(plugin, raw, NO_LOG).apply(record)))
      const shared = configure(plugin, raw, NO_LOG)
      const backwards = records()
        .reverse()
        .map((record) => outcome(() => shared.apply(record)))
      expect(backwards.reverse()).toEqual(first)
    })

    test("keeps the record's origin", async () => {
      const transform = await make()
      for (const record of records()) {
        let out: readonly ConnectRecord[]
        try {
          out = madeOf(transform.apply(record))
        } catch {
          continue
        }
        for (const one of out) expect(one.origin).toBe(record.origin)
      }
    })
  })
}

type Answer = ReturnType<OneToMany['apply']>

export function madeOf(answer: Answer): readonly ConnectRecord[] {
  return answer === null ? [] : answer instanceof ConnectRecord ? [answer] : answer
}

/** The answer, or the error; one that isn't of this runtime is a mistake. */
function outcome(step: () => Answer): string {
  try {
    return madeOf(step()).map(text).join('\n')
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
