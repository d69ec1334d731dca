/** `RegexValidator` of Connect's transforms. */
import { ConfigError } from '../connect/errors.ts'
import type { Validator } from '../connect/settings.ts'
import { compile, RegexError } from './regular-expression.ts'

export const validRegex: Validator = {
  allowed: 'valid regex',
  check(name, value) {
    if (value === null)
      throw ConfigError.invalid(
        name,
        null,
        'Invalid regex: Cannot invoke "String.isEmpty()" because "this.pattern" is null',
      )
    try {
      compile(value as string)
    } catch (error) {
      if (!(error instanceof RegexError)) throw error
      throw ConfigError.invalid(name, value, `Invalid regex: ${error.message}`)
    }
  },
}
