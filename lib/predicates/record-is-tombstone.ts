/** True for records without a value. */
import { type Predicate, plugin } from '../connect/plugin.ts'

export default plugin<Predicate, Record<never, never>>({
  class: 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
  version: '4.3.1',
  doc: 'A predicate which is true for records which are tombstones (i.e. have null value).',
  settings: {},
  create: () => ({ test: (record) => record.value === null }),
})
