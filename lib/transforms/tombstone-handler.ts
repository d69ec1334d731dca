/** Drops records without a value, or fails on them. */
import { DataError } from '../connect/errors.ts'
import { plugin, type Transform } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'

const SETTINGS = {
  behavior: string({
    doc: 'What becomes of a tombstone: with `ignore` and `warn` it is dropped and counted as filtered, with `warn` a line of the log tells it, with `fail` it is an error.',
    default: 'warn',
    validator: oneOf('ignore', 'warn', 'fail'),
  }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'io.confluent.connect.transforms.TombstoneHandler',
  version: '1.0.0',
  doc: 'Manage tombstone records: those whose value is null, with or without a schema.',
  settings: SETTINGS,
  create: ({ behavior }, _raw, log) => ({
    apply(record) {
      if (record.value !== null) return record
      const what = `A record of topic ${record.topic} is a tombstone`
      if (behavior === 'fail') throw new DataError(`${what}, and TombstoneHandler is set to fail on it`)
      if (behavior === 'warn') log.warn(`${what}, and TombstoneHandler drops it`, { origin: record.origin })
      return null
    },
  }),
})
