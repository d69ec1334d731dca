/** Renames topics by a regular expression, under the name that managed connectors have for it. */
import { plugin, type Transform } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { validRegex } from '../java/regex-validator.ts'
import { route } from './regex-router.ts'

const SETTINGS = {
  regex: string({
    doc: 'Regular expression to use for matching.',
    importance: 'high',
    validator: {
      allowed: validRegex.allowed,
      check: (name, value) => validRegex.check(name, typeof value === 'string' ? javaSyntax(value) : value),
    },
  }),
  replacement: string({ doc: 'Replacement string.', importance: 'high' }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'io.confluent.connect.cloud.transforms.TopicRegexRouter',
  version: '1.0.0',
  doc: 'Update the record topic using the configured regular expression and replacement string. If the regular expression matches the input topic as a whole, its first match is replaced to obtain the new topic.',
  settings: SETTINGS,
  create: ({ regex, replacement }) => route(javaSyntax(regex), replacement),
})

/** RE2 writes a named group `(?P<name>...)`; apart from that, what it knows is Java's syntax too. */
function javaSyntax(regex: string): string {
  return regex.replaceAll('(?P<', '(?<')
}
