/** Removes headers by name. */
import { distinctValues } from '../connect/list-validators.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import { list } from '../connect/settings.ts'

const SETTINGS = {
  headers: list({
    doc: 'The name of the headers to be removed.',
    importance: 'high',
    validator: distinctValues(false),
  }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.DropHeaders',
  version: '4.3.1',
  doc: 'Removes one or more headers from each record.',
  settings: SETTINGS,
  create({ headers: names }) {
    const dropped = new Set(names)
    return {
      apply(record) {
        const kept = record.headers.filter((header) => !dropped.has(header.key))
        return kept.length === record.headers.length ? record : record.withHeaders(kept)
      },
    }
  },
})
