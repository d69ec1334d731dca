/** Changes the convention by which topics are spelled: `ORDER_LINES` to `orderLines`. */
import { plugin, type Transform } from '../connect/plugin.ts'
import { string } from '../connect/settings.ts'
import { oneOf } from '../connect/validators.ts'

type Case = 'LOWER_CAMEL' | 'LOWER_HYPHEN' | 'LOWER_UNDERSCORE' | 'UPPER_CAMEL' | 'UPPER_UNDERSCORE'

const CASES =
  '`LOWER_CAMEL` as in `lowerCamel`, `LOWER_HYPHEN` as in `lower-hyphen`, `LOWER_UNDERSCORE` as in `lower_underscore`, `UPPER_CAMEL` as in `UpperCamel`, `UPPER_UNDERSCORE` as in `UPPER_UNDERSCORE`.'
const validCase = oneOf('LOWER_CAMEL', 'LOWER_HYPHEN', 'LOWER_UNDERSCORE', 'UPPER_CAMEL', 'UPPER_UNDERSCORE')

const SETTINGS = {
  from: string({
    doc: `The format of the incoming topic name: ${CASES}`,
    importance: 'high',
    validator: validCase,
  }),
  to: string({ doc: `The format of the outgoing topic name: ${CASES}`, importance: 'high', validator: validCase }),
} as const

export default plugin<Transform, typeof SETTINGS>({
  class: 'com.github.jcustenborder.kafka.connect.transform.common.ChangeTopicCase',
  version: '1.0.0',
  doc: 'Change the case of a topic name.',
  settings: SETTINGS,
  create({ from, to }) {
    let lastTopic: string | undefined
    let last = ''
    return {
      apply(record) {
        if (record.topic !== lastTopic) {
          last = changeCase(record.topic, from as Case, to as Case)
          lastTopic = record.topic
        }
        return record.withTopic(last)
      },
    }
  },
})

interface Spelling {
  readonly separator: string
  /** Where the next word begins. */
  readonly boundary: RegExp
  readonly first: (word: string) => string
  readonly word: (word: string) => string
}

const lower = (text: string) => text.replaceAll(/[A-Z]/g, (char) => char.toLowerCase())
const upper = (text: string) => text.replaceAll(/[a-z]/g, (char) => char.toUpperCase())
const capital = (text: string) => upper(text.slice(0, 1)) + lower(text.slice(1))

const SPELLINGS: Readonly<Record<Case, Spelling>> = {
  LOWER_CAMEL: { separator: '', boundary: /[A-Z]/g, first: lower, word: capital },
  UPPER_CAMEL: { separator: '', boundary: /[A-Z]/g, first: capital, word: capital },
  LOWER_HYPHEN: { separator: '-', boundary: /-/g, first: lower, word: lower },
  LOWER_UNDERSCORE: { separator: '_', boundary: /_/g, first: lower, word: lower },
  UPPER_UNDERSCORE: { separator: '_', boundary: /_/g, first: upper, word: upper },
}

/** Guava's `CaseFormat.to`. */
function changeCase(text: string, from: Case, to: Case): string {
  if (from === to) return text
  const [source, target] = [SPELLINGS[from], SPELLINGS[to]]
  // Between lower case conventions Guava changes the separator alone.
  if (from.startsWith('LOWER_') && to.startsWith('LOWER_') && source.separator !== '' && target.separator !== '')
    return text.replaceAll(source.separator, target.separator)
  let out = ''
  let start = 0
  for (const { index } of text.matchAll(source.boundary)) {
    // A boundary at the very beginning opens the first word, it doesn't end one.
    if (start === 0) out = target.first(text.slice(0, index)) + target.separator
    else out += target.word(text.slice(start, index)) + target.separator
    start = index + source.separator.length
  }
  return start === 0 ? target.first(text) : out + target.word(text.slice(start))
}
