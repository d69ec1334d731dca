/** True for records that have at least one header of a name. */
import { type Predicate, plugin } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { nonEmptyString } from '../connect/validators.ts'

const SETTINGS = { name: string({ doc: 'The header name.', validator: nonEmptyString }) } as const

export default plugin<Predicate, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
  version: '4.3.1',
  doc: 'A predicate which is true for records with at least one header with the configured name.',
  settings: SETTINGS,
  create: ({ name }) => ({
    test({ headers }) {
      for (const header of headers) if (header.key === name) return true
      return false
    },
  }),
})
