/** Renames topics by a Java regular expression. */
import { plugin, type Transform } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { validRegex } from '../java/regex-validator.ts'
import { compile } from '../java/regular-expression.ts'

const SETTINGS = {
  regex: string({ doc: 'Regular expression to use for matching.', importance: 'high', validator: validRegex }),
  replacement: string({ doc: 'Replacement string.', importance: 'high' }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.RegexRouter',
  version: '4.3.1',
  doc: 'Update the record topic using the configured regular expression and replacement string. The regular expression is one of java.util.regex.Pattern. If it matches the input topic as a whole, java.util.regex.Matcher#replaceFirst() is used with the replacement string to obtain the new topic.',
  settings: SETTINGS,
  create: ({ regex, replacement }) => route(regex, replacement),
})

/** Replaces the first match in topics that match the regular expression as a whole. */
export function route(regex: string, replacement: string): Transform {
  const pattern = compile(regex)
  // Records of a batch share few topics.
  let lastTopic: string | undefined
  let last = ''
  return {
    apply(record) {
      const { topic } = record
      if (topic !== lastTopic) {
        last = pattern.matches(topic) ? pattern.replaceFirst(topic, replacement) : topic
        lastTopic = topic
      }
      return last === topic ? record : record.withTopic(last)
    },
  }
}
