import { ConfigError } from '../connect/errors.ts'

/** One entry of `sasl.jaas.config`. */
export interface JaasEntry {
  /** The class: `org.apache.kafka.common.security.plain.PlainLoginModule`. */
  readonly loginModule: string
  readonly options: Readonly<Record<string, string>>
}

const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\\n]|\\[\s\S])*)"|'((?:[^'\\\n]|\\[\s\S])*)'|([\w.$+\-/:@%,*!?&|~^]+)|([=;])/y
const FLAGS = ['required', 'requisite', 'sufficient', 'optional']
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

interface Token {
  readonly text: string
  readonly isWord: boolean
}

/**
 * Parses `LoginModule flag name="value" ...;` as `org.apache.kafka.common.security.JaasConfig` does, which takes one
 * login module. `ConfigError` for anything else, without the text, which holds secrets.
 */
export function parseJaas(text: string): JaasEntry {
  const tokens = tokenize(text)
  const [loginModule, flag] = tokens
  if (!loginModule?.isWord) fail('it does not contain any login modules')
  if (!flag?.isWord || !FLAGS.includes(flag.text.toLowerCase()))
    fail('a control flag is due after the login module, as in "...LoginModule required ..."')
  const options: Record<string, string> = {}
  let at = 2
  while (tokens[at]?.isWord) {
    const [name, equals, value] = tokens.slice(at, at + 3)
    if (equals?.isWord !== false || equals.text !== '=' || !value?.isWord)
      fail(`the value of option ${name?.text} is not specified`)
    options[name?.text ?? ''] = value.text
    at += 3
  }
  if (tokens[at]?.text !== ';') fail('it is not terminated by a semicolon')
  if (at + 1 < tokens.length) fail('it has more than one login module')
  return { loginModule: loginModule.text, options }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) fail(`the character at position ${at + 1} is out of place; put values in double quotes`)
    const [, double, single, word, sign] = match
    const quoted = double ?? single
    if (quoted !== undefined) tokens.push({ text: unquote(quoted), isWord: true })
    else if (word !== undefined) tokens.push({ text: word, isWord: true })
    else if (sign !== undefined) tokens.push({ text: sign, isWord: false })
  }
  return tokens
}

/** The escapes of Java's `StreamTokenizer`. */
function unquote(quoted: string): string {
  return quoted.replace(/\\([0-3]?[0-7]{1,2}|[\s\S])/g, (_, escaped: string) =>
    /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8)) : (ESCAPES[escaped] ?? escaped),
  )
}

function fail(why: string): never {
  throw new ConfigError(`sasl.jaas.config can't be read: ${why}`)
}
