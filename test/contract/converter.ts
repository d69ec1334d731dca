/** What every converter keeps to. */
import { describe, expect, test } from 'vitest'
import type { Converter } from '../../lib/connect/plugin.ts'
import { NO_HEADERS } from '../../lib/connect/record.ts'
import { parse, type RawConfig } from '../../lib/connect/settings.ts'
import type { Typed } from '../../lib/connect/value.ts'
import { typedToJson } from '../../lib/converters/record-text.ts'
import { javaString } from '../../lib/java/to-string.ts'
import { find } from '../../lib/registry.ts'

/** `values` come back as they were, or as `read` where that differs. */
export function testConverter(
  name: string,
  raw: RawConfig,
  values: readonly { readonly written: Typed; readonly read?: Typed }[],
): void {
  const load = async (): Promise<Converter> => {
    const plugin = await find('converter', name)
    const config: RawConfig = { 'converter.type': 'value', ...raw }
    if (plugin.create === undefined) throw new TypeError(`${name} converts headers only`)
    return plugin.create(parse(plugin.settings, config), false, config)
  }

  describe(`${name} ${JSON.stringify(raw)}`, () => {
    test('null is null', async () => {
      const converter = await load()
      expect(converter.fromConnect('t', null, null, NO_HEADERS)).toBeNull()
      expect(converter.toConnect('t', null, NO_HEADERS).value).toBeNull()
    })

    const named = values.map((value) => [nameOf(value.written), value] as const)

    test.each(named)('reads what it wrote: %s', async (_name, { written, read }) => {
      const converter = await load()
      const bytes = bytesOf(converter.fromConnect('t', written.schema, written.value, NO_HEADERS))
      expect(shown(converter.toConnect('t', bytes, NO_HEADERS))).toEqual(shown(read ?? written))
    })

    test.each(named)('reads a part of a larger buffer the same: %s', async (_name, { written }) => {
      const converter = await load()
      const bytes = bytesOf(converter.fromConnect('t', written.schema, written.value, NO_HEADERS))
      const larger = Buffer.concat([Buffer.from('"{'), bytes, Buffer.from('}"')])
      const part = converter.toConnectRange?.('t', larger, 2, 2 + bytes.length)
      if (part !== undefined) expect(shown(part)).toEqual(shown(converter.toConnect('t', bytes, NO_HEADERS)))
    })
  })
}

const nameOf = ({ schema, value }: Typed) => `${schema?.type ?? 'no schema'} ${javaString(value, schema)}`.slice(0, 60)

function bytesOf(payload: Uint8Array | string | null): Buffer {
  if (payload === null) throw new TypeError('a value was written as null')
  return Buffer.from(payload as Uint8Array)
}

const shown = (typed: Typed) => typedToJson(typed.schema, typed.value)
