/** The validators of `org.apache.kafka.common.config.ConfigDef`, with its texts. */
import { ConfigError } from './errors.ts'
import type { Validator } from './settings.ts'

export function atLeast(min: number): Validator {
  return {
    allowed: `[${min},...]`,
    check(name, value) {
      if (value === null) throw ConfigError.invalid(name, null, 'Value must be non-null')
      if ((value as number) < min) throw ConfigError.invalid(name, value, `Value must be at least ${min}`)
    },
  }
}

export function between(min: number, max: number): Validator {
  return {
    allowed: `[${min},...,${max}]`,
    check(name, value) {
      atLeast(min).check(name, value)
      if ((value as number) > max) throw ConfigError.invalid(name, value, `Value must be no more than ${max}`)
    },
  }
}

export function oneOf(...values: readonly string[]): Validator {
  const allowed = `[${values.join(', ')}]`
  return {
    allowed,
    check(name, value) {
      if (!values.includes(value as string))
        throw ConfigError.invalid(name, value, `String must be one of: ${values.join(', ')}`)
    },
  }
}

/** As `ConfigDef.CaseInsensitiveValidString`. */
export function oneOfIgnoringCase(...values: readonly string[]): Validator {
  const upper = values.map((value) => value.toUpperCase())
  return {
    allowed: `(case insensitive) [${upper.join(', ')}]`,
    check(name, value) {
      if (value === null || !upper.includes((value as string).toUpperCase()))
        throw ConfigError.invalid(name, value, `String must be one of (case insensitive): ${upper.join(', ')}`)
    },
  }
}

export const nonEmptyString: Validator = {
  allowed: 'non-empty string',
  check(name, value) {
    if (value === '') throw ConfigError.invalid(name, value, 'String must be non-empty')
  },
}

export const nonNull: Validator = {
  allowed: 'non-null string',
  check(name, value) {
    if (value === null) throw ConfigError.invalid(name, null, 'entry must be non null')
  },
}

/** `ValidList.anyNonDuplicateValues`; the list itself may be empty. */
export const distinctValues: Validator = {
  allowed: '[]',
  check(name, value) {
    const values = (value ?? []) as readonly string[]
    if (new Set(values).size < values.length)
      throw new ConfigError(`Configuration '${name}' values must not be duplicated.`)
    if (values.includes('')) throw new ConfigError(`Configuration '${name}' values must not be empty.`)
  },
}
