import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sniff } from '../../../lib/pipeline/sniff.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test.each<[string, Uint8Array, string | RegExp]>([
  [
    'Avro of a registry',
    hex('00 0000000c 02'),
    'starts with magic byte 0 and schema id 12: written by a registry converter',
  ],
  ['a long or a registry', hex('00 00018bcf e56800'), /schema id 101327: .*, or a long integer of 8 bytes$/],
  ['a long', hex('0000000000000005'), '8 binary bytes, as of a long integer or a double'],
  ['a null int', hex('00000005'), '4 binary bytes, as of an integer or a float'],
  ['gzip', gzipSync('{}'), 'gzip data'],
  ['Java', hex('aced0005 7372'), 'Java-serialized'],
  ['text', Buffer.from('Grüße\n'), 'plain text'],
  ['XML', Buffer.from('  <a/>'), 'XML or HTML'],
  ['JSON', Buffer.from('{"id":1}'), 'JSON without the schema envelope'],
  ['a JSON number', Buffer.from('12'), 'JSON without the schema envelope'],
  ['an envelope', Buffer.from('{"payload":1,"schema":null}'), 'JSON with the schema envelope'],
  ['cut JSON', Buffer.from('{"id":1'), /^text that begins like JSON and is none: .* at character \d+$/],
  ['nothing', hex(''), 'no bytes at all'],
  ['blanks', Buffer.from(' \n'), 'blank text'],
  ['something', hex('80 81 82'), 'binary data of no known form'],
])('%s', (_, bytes, looks) => {
  expect(sniff(bytes)).toMatch(looks instanceof RegExp ? looks : new RegExp(`^${looks}$`))
})

test('any bytes, and a view into larger ones looks as by itself', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (before, bytes) => {
      const all = Buffer.concat([before, bytes])
      expect(sniff(all.subarray(before.length))).toBe(sniff(Uint8Array.from(bytes)))
    }),
  )
})
