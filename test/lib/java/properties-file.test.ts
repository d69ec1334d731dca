import { expect, test } from 'vitest'
import { propertiesOf } from '../../../lib/java/properties-file.ts'

test.for<[text: string, properties: Record<string, string>]>([
  ['a=1\nb: 2\nc 3\nd', { a: '1', b: '2', c: '3', d: '' }],
  ['# no\n! no\n\n  a = 1 ', { a: '1 ' }],
  ['a=1\r\na=2\r\n', { a: '2' }],
  ['list=one,\\\n    two', { list: 'one,two' }],
  ['a\\=b\\:c=x=y', { 'a=b:c': 'x=y' }],
  ['a=C:\\\\temp\\tx\\u00e9', { a: 'C:\\temp\txé' }],
  ['a=ends\\\\\nb=2', { a: 'ends\\', b: '2' }],
])('%j', ([text, properties]) => {
  expect(propertiesOf(text)).toEqual(properties)
})
