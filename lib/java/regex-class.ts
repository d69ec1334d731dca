/** A character class of Java, with unions (`[a-c[m-p]]`) and intersections (`[a-z&&[^aeiou]]`). */
import { readEscape } from './regex-escape.ts'
import type { RegexParser } from './regex-parser.ts'
import { range } from './regex-properties.ts'

/** The parser stands before the bracket. */
export function readClass(parser: RegexParser): string {
  parser.position++
  const negated = parser.take('^')
  const operands: string[] = []
  let union = ''
  let first = true
  for (;;) {
    if (parser.flags.comments) parser.skipComments()
    const char = parser.peek()
    if (char === undefined) throw parser.error('Unclosed character class', parser.chars.length - 1)
    if (char === ']' && !first) break
    if (char === '&' && parser.peek(1) === '&') {
      while (parser.peek() === '&') parser.position++
      operands.push(union)
      union = ''
    } else union += char === '[' ? readClass(parser) : readItem(parser)
    first = false
  }
  parser.position++
  operands.push(union)
  const sign = negated ? '^' : ''
  const sets = operands.filter((operand) => operand !== '')
  if (sets.length <= 1) return `[${sign}${sets[0] ?? ''}]`
  return `[${sign}${sets.map((operand) => `[${operand}]`).join('&&')}]`
}

/** A character, a range or a shorthand. */
function readItem(parser: RegexParser): string {
  const from = readChar(parser)
  if (typeof from === 'string') return from
  const dash = parser.peek() === '-' && parser.peek(1) !== ']' && parser.peek(1) !== '['
  if (!dash) return range(from, from, parser.flags)
  parser.position++
  if (parser.peek() === undefined) throw parser.error('Illegal character range', parser.position)
  if (/^[pP]$/.test(parser.peek(1) ?? '') && parser.peek() === '\\')
    throw parser.error('Illegal/unsupported escape sequence', parser.position + 1)
  const to = readChar(parser)
  if (typeof to === 'string' || to < from) throw parser.error('Illegal character range', parser.position - 1)
  return range(from, to, parser.flags)
}

function readChar(parser: RegexParser): number | string {
  const char = parser.peek() ?? ''
  if (char !== '\\') {
    parser.position++
    return char.codePointAt(0) ?? 0
  }
  const found = readEscape(parser, true)
  if (found.kind === 'char') return found.code
  if (found.kind === 'class') return found.source
  throw parser.error('Illegal/unsupported escape sequence', parser.position - 1)
}
