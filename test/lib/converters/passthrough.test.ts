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
