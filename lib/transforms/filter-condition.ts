/** Keeps or drops records by a condition in JSON Path. */
import { ConfigError, DataError } from '../connect/errors.ts'
import { keyAndValue, type Part } from '../connect/key-and-value.ts'
import type { Transform } from '../connect/plugin.ts'
import { type ConfigOf, string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'
import { jsonPath } from './json-path.ts'

const SETTINGS = {
  'filter.condition': string({
    doc: 'The criteria used to match records to be included or excluded by this transformation, as a JSON Path: `$.key[?(@.nestedKey == "value1" || @.nestedKey == "value2")]`.',
    importance: 'high',
    validator: {
      allowed: 'valid JSON Path expression',
      check(name, value) {
        try {
          jsonPath(value as string)
        } catch (error) {
          throw error instanceof ConfigError ? ConfigError.invalid(name, value, error.message) : error
        }
      },
    },
  }),
  'filter.type': string({
    doc: 'The action to perform with records that match the condition: `include` passes them on and drops the others, `exclude` drops them.',
    importance: 'high',
    validator: oneOf('include', 'exclude'),
  }),
  'missing.or.null.behavior': string({
    doc: 'What to do with a record that lacks a field on the way to the condition, or has null there: `fail`, `include` or `exclude`. A field that a condition in `[?()]` compares is no such field: where it is missing, it is unequal to everything.',
    default: 'fail',
    validator: oneOf('fail', 'include', 'exclude'),
  }),
} as const

export default keyAndValue({
  class: 'io.confluent.connect.transforms.Filter',
  version: '1.0.0',
  doc: 'Include or drop records that match a condition in JSON Path.',
  settings: SETTINGS,
  create: filter,
})

function filter(config: ConfigOf<typeof SETTINGS>, part: Part): Transform {
  const path = jsonPath(config['filter.condition'])
  const included = config['filter.type'] === 'include'
  const missing = config['missing.or.null.behavior']
  return {
    apply(record) {
      const value = part.value(record)
      const found = value === null ? undefined : path.read(value)
      if (found === undefined || (path.definite && found[0] === null)) {
        if (missing !== 'fail') return missing === 'include' ? record : null
        throw new DataError(
          `The ${part.name.toLowerCase()} of a record of topic ${record.topic} is null or lacks a field that ${config['filter.condition']} needs: set missing.or.null.behavior to include or exclude to let such records pass or drop them`,
        )
      }
      return found.length > 0 === included ? record : null
    },
  }
}
