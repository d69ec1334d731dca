/** True for records whose topic matches a Java regular expression as a whole. */
import { type Predicate, plugin } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { nonEmptyString } from '../connect/validators.ts'
import { validRegex } from '../java/regex-validator.ts'
import { compile } from '../java/regular-expression.ts'

const SETTINGS = {
  pattern: string({
    doc: "A Java regular expression for matching against the name of a record's topic.",
    validator: {
      allowed: `Composite validator: ${nonEmptyString.allowed}, ${validRegex.allowed}`,
      check(name, value) {
        nonEmptyString.check(name, value)
        validRegex.check(name, value)
      },
    },
  }),
} as const

export default plugin<Predicate, typeof SETTINGS>({
  class: 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  version: '4.3.1',
  doc: 'A predicate which is true for records with a topic name that matches the configured regular expression.',
  settings: SETTINGS,
  create({ pattern }) {
    const regex = compile(pattern)
    // Records of a batch share few topics.
    let lastTopic = ''
    let last = regex.matches('')
    return {
      test({ topic }) {
        if (topic !== lastTopic) {
          lastTopic = topic
          last = regex.matches(topic)
        }
        return last
      },
    }
  },
})
