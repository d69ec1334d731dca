/** Adds a header to each record. Its value is read as SimpleHeaderConverter reads texts: `1` is a number. */
import { plugin, type Transform } from '../connect/plugin.ts'
import type { Header } from '../connect/record.ts'
import { string } from '../connect/settings.ts'
import { nonNull } from '../connect/validators.ts'
import { parseString } from '../java/values-parser.ts'

const SETTINGS = {
  header: string({ doc: 'The name of the header.', importance: 'high', validator: nonNull }),
  'value.literal': string({
    doc: 'The literal value that is to be set as the header value on all records.',
    importance: 'high',
    validator: nonNull,
  }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.InsertHeader',
  version: '4.3.1',
  doc: 'Add a header to each record.',
  settings: SETTINGS,
  create(config) {
    const header: Header = { key: config.header, ...parseString(config['value.literal']) }
    return { apply: (record) => record.withHeaders([...record.headers, header]) }
  },
})
