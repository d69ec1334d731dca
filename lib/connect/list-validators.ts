/** `ConfigDef.ValidList` and what Connect's transforms ask of lists. */
import { ConfigError } from './errors.ts'
import type { Validator } from './settings.ts'

/** `ValidList.anyNonDuplicateValues(isEmptyAllowed, false)`. */
export function distinctValues(emptyAllowed: boolean): Validator {
  return {
    allowed: '',
    check(name, value) {
      const error = (text: string) => new ConfigError(`Configuration '${name}' ${text}`)
      if (value === null) throw error('values must not be null.')
      const list = value as readonly string[]
      if (!emptyAllowed && list.length === 0)
        throw error('must not be empty. Valid values include: any non-empty value')
      if (new Set(list).size !== list.length) throw error('values must not be duplicated.')
      if (list.includes('')) throw error('values must not be empty.')
    },
  }
}

/** `NonEmptyListValidator`. */
export const nonEmptyList: Validator = {
  allowed: 'non-empty list',
  check(name, value) {
    if (value === null || (value as readonly string[]).length === 0)
      throw ConfigError.invalid(name, value, 'Empty list')
  },
}
