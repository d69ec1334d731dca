/** Drops every record; meant for use with a predicate. */
import { plugin, type Transform } from '../connect/plugin.ts'

export default plugin<Transform, Record<never, never>>({
  class: 'org.apache.kafka.connect.transforms.Filter',
  version: '4.3.1',
  doc: 'Drops all records, filtering them from subsequent transformations in the chain. This is intended to be used conditionally to filter out records matching (or not matching) a particular Predicate.',
  settings: {},
  create: () => ({ apply: () => null }),
})
