/** Which topics, groups and topic configs are meant by lists of names and regular expressions. */
import { ConfigError } from '../../connect/errors.ts'
import { compile, RegexError } from '../../java/regular-expression.ts'

export type NameFilter = (name: string) => boolean

/** The settings that the two lists are of, for errors. */
export interface FilterSettings {
  readonly include: string
  readonly exclude: string
}

/** What one of `include` matches as a whole, and none of `exclude`. `ConfigError` for what is no regular expression. */
export function nameFilter(
  settings: FilterSettings,
  include: readonly string[],
  exclude: readonly string[],
): NameFilter {
  const included = anyOf(settings.include, include)
  const excluded = anyOf(settings.exclude, exclude)
  return (name) => included(name) && !excluded(name)
}

/** An empty list matches nothing. */
export function anyOf(setting: string, patterns: readonly string[]): NameFilter {
  if (patterns.length === 0) return () => false
  try {
    const expression = compile(patterns.join('|'))
    return (name) => expression.matches(name)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    throw ConfigError.invalid(setting, patterns, error.message)
  }
}
