/** What Kafka's own converters share: the setting that the runtime fills in, and the way from a converter to headers. */
import type { Converter, HeaderConverter } from '../connect/plugin.ts'
import { NO_HEADERS } from '../connect/record.ts'
import { string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'

export const CONVERTER_TYPE = {
  'converter.type': string({
    doc: 'How this converter will be used.',
    importance: 'low',
    validator: oneOf('key', 'value', 'header'),
  }),
} as const

/** A header is converted as a value is. */
export function headersOf(converter: Converter): HeaderConverter {
  return {
    toConnectHeader: (topic, _key, payload) => converter.toConnect(topic, payload, NO_HEADERS),
    fromConnectHeader: (topic, _key, schema, value) => converter.fromConnect(topic, schema, value, NO_HEADERS),
  }
}
