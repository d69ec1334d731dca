/** Header values as texts: written as they look, read as the smallest type that fits. */
import { DataError } from '../connect/errors.ts'
import { converter, type HeaderConverter } from '../connect/plugin.ts'
import { BYTES } from '../connect/schema.ts'
import { NULL } from '../connect/value.ts'
import { utf8Text } from '../java/charset.ts'
import { parseString } from '../java/values-parser.ts'
import { valuesText } from '../java/values-text.ts'

export default converter({
  class: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  version: '4.3.1',
  doc: 'Header values as texts; reading one finds out its type.',
  settings: {},
  createHeader: () => SIMPLE_HEADERS,
})

const SIMPLE_HEADERS: HeaderConverter = {
  toConnectHeader(_topic, _key, payload) {
    if (payload === null) return NULL
    try {
      return parseString(utf8Text(Buffer.from(payload.buffer, payload.byteOffset, payload.length)))
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      return { schema: BYTES, value: payload }
    }
  },
  fromConnectHeader: (_topic, _key, schema, value) => (value === null ? null : valuesText(schema, value)),
}
