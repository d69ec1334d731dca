/** What follows a backslash in a Java regular expression. */
import type { RegexParser } from './regex-parser.ts'
import { LINE_ENDS, property, shorthand } from './regex-properties.ts'

export type Escape =
  | { readonly kind: 'char'; readonly code: number }
  /** A class of one character. */
  | { readonly kind: 'class'; readonly source: string; readonly inside: string; readonly negated: boolean }
  | { readonly kind: 'source'; readonly source: string }
  | { readonly kind: 'group'; readonly group: number }

const CHARS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 }
const WORD = '[\\p{L}\\p{Nd}_]'
const END = '(?![\\s\\S])'

/** The parser stands before the backslash. */
export function readEscape(parser: RegexParser, inClass = false): Escape {
  const start = parser.position
  const letter = parser.peek(1)
  if (letter === undefined) throw parser.error('Unexpected internal error', start + 1)
  parser.position += 2
  const code = CHARS[letter]
  if (code !== undefined) return { kind: 'char', code }
  const inside = shorthand(letter, parser.flags)
  if (inside !== undefined) return classOf(inside, letter !== letter.toLowerCase())
  switch (letter) {
    case '0':
      return { kind: 'char', code: octal(parser) }
    case 'x':
    case 'u':
      return { kind: 'char', code: hexadecimal(parser, letter) }
    case 'c': {
      const control = parser.peek()
      if (control === undefined) throw parser.error('Illegal control escape sequence', parser.position - 1)
      parser.position++
      return { kind: 'char', code: (control.codePointAt(0) ?? 0) ^ 64 }
    }
    case 'p':
    case 'P':
      return propertyEscape(parser, letter === 'P')
    case 'N':
      return { kind: 'char', code: characterName(parser) }
  }
  if (!inClass) {
    const found = anchor(parser, letter) ?? reference(parser, letter)
    if (found !== undefined) return found
  }
  if (/^[A-Za-z0-9]$/.test(letter)) throw parser.error('Illegal/unsupported escape sequence', start + 1)
  return { kind: 'char', code: letter.codePointAt(0) ?? 0 }
}

function classOf(inside: string, negated: boolean): Escape {
  return { kind: 'class', source: `[${negated ? '^' : ''}${inside}]`, inside, negated }
}

function anchor(parser: RegexParser, letter: string): Escape | undefined {
  const word = parser.flags.unicodeClass ? `[${shorthand('w', parser.flags)}]` : WORD
  const source = (text: string): Escape => ({ kind: 'source', source: text })
  switch (letter) {
    case 'b':
      return source(`(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`)
    case 'B':
      return source(`(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`)
    case 'A':
    case 'G':
      return source('(?<![\\s\\S])')
    case 'z':
      return source(END)
    case 'Z':
      return source(parser.flags.unixLines ? `(?=\\n?${END})` : `(?=(?:\\r\\n|[${LINE_ENDS}])?${END})`)
    case 'R':
      return source(`(?:\\r\\n|[\\n\\x0b\\f\\r\\x85\\u2028\\u2029])`)
    case 'X':
      return source('(?:\\r\\n|\\P{M}(?:\\p{M}|\\u200d\\P{M})*|\\p{M}+)')
    default:
      return undefined
  }
}

/** `\1`: further digits belong to it while there are so many groups. */
function reference(parser: RegexParser, letter: string): Escape | undefined {
  if (/^[1-9]$/.test(letter)) {
    let group = Number(letter)
    for (;;) {
      const next = parser.peek() ?? ''
      if (!/^[0-9]$/.test(next) || group * 10 + Number(next) >= parser.groups.length) break
      group = group * 10 + Number(next)
      parser.position++
    }
    // Of a group that doesn't exist yet there is nothing to match.
    return group < parser.groups.length ? { kind: 'group', group } : { kind: 'source', source: '(?!)' }
  }
  if (letter !== 'k') return undefined
  if (parser.peek() !== '<') throw parser.error("\\k is not followed by '<' for named capturing group", parser.position)
  parser.position++
  let name = ''
  while (/^[A-Za-z0-9]$/.test(parser.peek() ?? '')) name += parser.chars[parser.position++]
  if (parser.peek() !== '>') throw parser.error("named capturing group is missing trailing '>'", parser.position)
  const group = parser.names.get(name)
  if (group === undefined) throw parser.error(`named capturing group <${name}> does not exist`, parser.position)
  parser.position++
  return { kind: 'group', group }
}

function octal(parser: RegexParser): number {
  let value = 0
  let digits = 0
  while (digits < 3 && /^[0-7]$/.test(parser.peek() ?? '') && value * 8 + Number(parser.peek()) <= 255) {
    value = value * 8 + Number(parser.peek())
    parser.position++
    digits++
  }
  if (digits === 0) throw parser.error('Illegal octal escape sequence', parser.position)
  return value
}

function hexadecimal(parser: RegexParser, letter: 'x' | 'u'): number {
  const what = letter === 'x' ? 'Illegal hexadecimal escape sequence' : 'Illegal Unicode escape sequence'
  if (letter === 'x' && parser.peek() === '{') {
    const end = parser.chars.indexOf('}', parser.position)
    const digits = end < 0 ? '' : parser.chars.slice(parser.position + 1, end).join('')
    if (end < 0) throw parser.error('Unclosed hexadecimal escape sequence', parser.chars.length)
    if (!/^[0-9A-Fa-f]+$/.test(digits) || Number.parseInt(digits, 16) > 0x10ffff)
      throw parser.error(what, parser.position)
    parser.position = end + 1
    return Number.parseInt(digits, 16)
  }
  const length = letter === 'x' ? 2 : 4
  const digits = parser.chars.slice(parser.position, parser.position + length).join('')
  const good = /^[0-9A-Fa-f]*/.exec(digits)?.[0].length ?? 0
  if (good < length) throw parser.error(what, parser.position + good)
  parser.position += length
  return Number.parseInt(digits, 16)
}

function propertyEscape(parser: RegexParser, negated: boolean): Escape {
  let name = parser.peek() ?? ''
  parser.position++
  if (name === '{') {
    const end = parser.chars.indexOf('}', parser.position)
    if (end < 0) throw parser.error('Unclosed character family', parser.chars.length)
    name = parser.chars.slice(parser.position, end).join('')
    if (name === '') throw parser.error('Empty character family', end)
    parser.position = end + 1
  }
  const inside = property(name, parser.flags)
  if (inside === undefined) {
    const unknown = name.startsWith('In')
      ? `Unknown character block name {${name.slice(2)}}`
      : `Unknown character property name {${name}}`
    throw parser.error(unknown, parser.position - 1)
  }
  return classOf(inside, negated)
}

/** Of Unicode's names the plain letters and digits. */
function characterName(parser: RegexParser): number {
  const end = parser.peek() === '{' ? parser.chars.indexOf('}', parser.position) : -1
  if (end < 0) throw parser.error('Illegal character name escape sequence', parser.position)
  const name = parser.chars.slice(parser.position + 1, end).join('')
  const letter = /^LATIN (SMALL|CAPITAL) LETTER ([A-Z])$/i.exec(name)
  const digit = DIGITS.indexOf(name.toUpperCase().replace(/^DIGIT /, ''))
  parser.position = end + 1
  if (letter !== null)
    return (letter[2] as string).toUpperCase().charCodeAt(0) + (/^S/i.test(letter[1] as string) ? 32 : 0)
  if (/^DIGIT /i.test(name) && digit >= 0) return 48 + digit
  throw parser.error(`Unknown character name [${name}]`, end)
}

const DIGITS = ['ZERO', 'ONE', 'TWO', 'THREE', 'FOUR', 'FIVE', 'SIX', 'SEVEN', 'EIGHT', 'NINE']
