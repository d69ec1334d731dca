/**
 * Strings in any encoding that both Java and the platform know. What isn't a string is written as Java's `toString`
 * has it: `Struct{a=1,b=x}`, `{k=v}`, `[1, 2]`, `Thu Jan 01 00:00:00 UTC 1970`.
 */
import { ConnectError } from '../connect/errors.ts'
import { type Converter, converter, type Payload } from '../connect/plugin.ts'
import { OPTIONAL_STRING, type Schema } from '../connect/schema.ts'
import { string } from '../connect/settings.ts'
import { wellFormed } from '../connect/utf8.ts'
import type { Typed, Value } from '../connect/value.ts'
import { type Charset, charset, utf8Text } from '../java/charset.ts'
import { javaString } from '../java/to-string.ts'
import { CONVERTER_TYPE, headersOf } from './converter-type.ts'
import { TextWindow } from './text-window.ts'

export default converter({
  class: 'org.apache.kafka.connect.storage.StringConverter',
  version: '4.3.1',
  doc: 'Strings; other values as their text in Java.',
  settings: {
    ...CONVERTER_TYPE,
    'converter.encoding': string({
      doc: 'The name of the Java character set to use for encoding strings as byte arrays.',
      importance: 'high',
      default: 'UTF-8',
      width: 'MEDIUM',
      displayName: 'Encoding',
    }),
  },
  create: (config) => stringConverter(encodingOf(config['converter.encoding'])),
  createHeader: (config) => headersOf(stringConverter(encodingOf(config['converter.encoding']))),
})

function encodingOf(name: string): Charset {
  const found = charset(name)
  if (found !== undefined) return found
  const javaClass = 'org.apache.kafka.common.errors.SerializationException'
  throw new ConnectError(`Unsupported encoding ${name}`, { kind: 'config', javaClass })
}

function stringConverter(encoding: Charset): Converter {
  return encoding.name === 'UTF-8' ? utf8Converter() : encoded(encoding)
}

function text(schema: Schema | null, value: Value): string {
  return typeof value === 'string' ? value : javaString(value, schema)
}

const NO_STRING: Typed = { schema: OPTIONAL_STRING, value: null }

/** In bytes: longer texts are as quick by themselves. */
const SHORT = 256

function utf8Converter(): Converter {
  const window = new TextWindow(SHORT, () => true)
  return {
    toConnect: (_topic, payload): Typed =>
      payload === null ? NO_STRING : { schema: OPTIONAL_STRING, value: utf8Text(utf8(payload)) },
    toConnectRange: (_topic, buffer, start, end): Typed => ({
      schema: OPTIONAL_STRING,
      value: window.cut(buffer, start, end) ?? utf8Text(buffer, start, end),
    }),
    fromConnect: (_topic, schema, value): Payload => (value === null ? null : text(schema, value)),
  }
}

function utf8(payload: Uint8Array): Buffer {
  return Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length)
}

function encoded({ decode, encode }: Charset): Converter {
  return {
    toConnect: (_topic, payload): Typed =>
      payload === null ? NO_STRING : { schema: OPTIONAL_STRING, value: decode(payload) },
    fromConnect: (_topic, schema, value): Payload => (value === null ? null : encode(wellFormed(text(schema, value)))),
  }
}
