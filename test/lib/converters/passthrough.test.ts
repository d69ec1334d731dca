import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_HEADERS } from '../../../lib/connect/record.ts'
import { parse } from '../../../lib/connect/settings.ts'
import { find } from '../../../lib/registry.ts'

async function converter(name: string) {
  const plugin = await find('converter', name)
  const raw = { 'converter.type': 'value' }
  if (plugin.create === undefined) throw new TypeError('no converter')
  return plugin.create(parse(plugin.settings, raw), false, raw)
}

test('ByteArrayConverter hands bytes on: neither a copy nor text is made', async () => {
  const bytes = await converter('org.apache.kafka.connect.converters.ByteArrayConverter')
  const fetched = Buffer.from([0x7b, 0xff, 0x00, 0xed, 0xa0, 0x80])
  const payload = fetched.subarray(1, 5)
  const { schema, value } = bytes.toConnect('t', payload, NO_HEADERS)
  expect(value).toBe(payload)
  expect(bytes.fromConnect('t', schema, value, NO_HEADERS)).toBe(payload)
})

test('StringConverter takes JSON for text: nothing of it is read', async () => {
  const text = await converter('org.apache.kafka.connect.storage.StringConverter')
  for (const json of ['{"a": 1.0, "a": 12345678901234567890 }', '{not json', '\ufeff[1e3]']) {
    const { schema, value } = text.toConnect('t', Buffer.from(json), NO_HEADERS)
    expect(text.fromConnect('t', schema, value, NO_HEADERS)).toBe(json)
  }
})

test('StringConverter reads the texts of a batch as each by itself', async () => {
  const text = await converter('org.apache.kafka.connect.storage.StringConverter')
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 300 }).map((one) => Buffer.from(one))
  const other = fc.string({ unit: 'binary', maxLength: 20 }).map((one) => Buffer.from(one))
  const part = fc.record({
    framing: fc.uint8Array({ maxLength: 70 }),
    payload: fc.oneof({ weight: 4, arbitrary: ascii }, other, fc.uint8Array({ maxLength: 9 })),
  })
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 60 }), { maxLength: 3 }), fc.nat(3), (batches, offset) => {
      for (const parts of batches) {
        const bytes = Buffer.concat(parts.flatMap(({ framing, payload }) => [framing, payload]))
        const batch = Buffer.from(new ArrayBuffer(offset + bytes.length), offset)
        bytes.copy(batch)
        let at = 0
        for (const { framing, payload } of parts) {
          const start = at + framing.length
          at = start + payload.length
          const range = text.toConnectRange?.('t', batch, start, at)
          expect(range).toEqual(text.toConnect('t', payload, NO_HEADERS))
        }
      }
    }),
  )
})
