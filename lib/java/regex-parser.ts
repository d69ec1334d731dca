/**
 * `java.util.regex.Pattern` in terms of JavaScript's `v` mode. Atomic groups and possessive quantifiers become
 * look-aheads with a back reference, so groups are renumbered. Errors have the JDK's texts and places.
 *
 * Known to differ: a reference to a group that took no part matches nothing here and fails in Java; a group inside a
 * repetition forgets its last iteration's text here and keeps it in Java.
 */

import { readClass } from './regex-class.ts'
import { type Escape, readEscape } from './regex-escape.ts'
import { type Flags, LINE_ENDS, NO_FLAGS, range } from './regex-properties.ts'
import { unquoted } from './regex-quotation.ts'

/** `PatternSyntaxException`; the message is complete. */
export class RegexError extends Error {
  override readonly name = 'RegexError'
}

export interface Translation {
  readonly source: string
  /** Where a Java group is found in a JavaScript match. */
  readonly groups: readonly number[]
  readonly names: ReadonlyMap<string, number>
}

export function translate(pattern: string): Translation {
  const parser = new RegexParser(pattern)
  const source = parser.alternation()
  if (parser.position < parser.chars.length)
    throw parser.error(
      parser.peek() === ')' ? "Unmatched closing ')'" : 'Unexpected internal error',
      parser.position - 1,
    )
  return { source, groups: parser.groups, names: parser.names }
}

const END = '(?![\\s\\S])'

export class RegexParser {
  readonly pattern: string
  /** Code points, quotations resolved; the places in errors are counted in these. */
  readonly chars: readonly string[]
  readonly groups: number[] = [0]
  readonly names = new Map<string, number>()
  position = 0
  flags: Flags = NO_FLAGS
  /** Groups of the JavaScript source. */
  #captures = 0

  constructor(pattern: string) {
    this.pattern = pattern
    this.chars = unquoted([...pattern])
  }

  error(what: string, index: number): RegexError {
    const near = index >= 0 ? ` near index ${index}` : ''
    const caret = index >= 0 && index < this.pattern.length ? `\n${' '.repeat(index)}^` : ''
    return new RegexError(`${what}${near}\n${this.pattern}${caret}`)
  }

  peek(ahead = 0): string | undefined {
    return this.chars[this.position + ahead]
  }

  take(text: string): boolean {
    if (this.chars.slice(this.position, this.position + text.length).join('') !== text) return false
    this.position += text.length
    return true
  }

  alternation(): string {
    const before = this.flags
    const branches = [this.#sequence()]
    while (this.take('|')) branches.push(this.#sequence())
    this.flags = before
    return branches.join('|')
  }

  #sequence(): string {
    let source = ''
    for (;;) {
      if (this.flags.comments) this.skipComments()
      const char = this.peek()
      if (char === undefined || char === '|' || char === ')') return source
      if (char === '*' || char === '+' || char === '?')
        throw this.error(`Dangling meta character '${char}'`, this.position)
      const atom = this.#atom(char)
      // Flags alone.
      if (atom === '') continue
      source += this.#quantified(atom)
    }
  }

  skipComments(): void {
    for (;;) {
      const char = this.peek()
      if (char !== undefined && ' \t\n\v\f\r'.includes(char)) this.position++
      else if (char === '#')
        while (this.peek() !== undefined && !'\n\r\u0085\u2028\u2029'.includes(this.peek() ?? '')) this.position++
      else return
    }
  }

  #atom(char: string): string {
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return this.#cased(readClass(this))
      case '.':
        this.position++
        if (this.flags.dotAll) return '[\\s\\S]'
        return this.flags.unixLines ? '[^\\n]' : `[^${LINE_ENDS}]`
      case '^':
        this.position++
        return this.flags.multiline ? `(?:(?<![\\s\\S])|(?<=${this.#lineEnd()})(?=[\\s\\S]))` : '(?<![\\s\\S])'
      case '$':
        this.position++
        return this.flags.multiline ? `(?=${this.#lineEnd()}|${END})` : `(?=(?:${this.#lineEnd()})?${END})`
      case '\\':
        return this.#escaped()
      case '{':
        // A repetition of nothing is allowed.
        return '(?:)'
      default:
        this.position++
        return this.#literal(char.codePointAt(0) ?? 0)
    }
  }

  #lineEnd(): string {
    return this.flags.unixLines ? '\\n' : `\\r\\n|[${LINE_ENDS}]`
  }

  #literal(code: number): string {
    return this.#cased(`[${range(code, code, this.flags)}]`)
  }

  /** Case folding beyond ASCII is left to JavaScript's modifier. */
  #cased(source: string): string {
    const { ignoreCase, unicodeCase, unicodeClass } = this.flags
    return ignoreCase && (unicodeCase || unicodeClass) ? `(?i:${source})` : source
  }

  #escaped(): string {
    const found: Escape = readEscape(this)
    switch (found.kind) {
      case 'char':
        return this.#literal(found.code)
      case 'class':
        return this.#cased(found.source)
      case 'source':
        return found.source
      case 'group':
        return `(?:\\${this.groups[found.group]})`
      default:
        return found satisfies never
    }
  }

  #group(): string {
    const start = this.position
    this.position++
    if (!this.take('?')) return this.#capture()
    for (const [java, js] of LOOK) if (this.take(java)) return this.#body(js)
    if (this.take('>')) return this.#atomic(() => this.#body('(?:'))
    if (this.take('<')) return this.#named()
    return this.#flagged(start)
  }

  #capture(): string {
    this.groups.push(++this.#captures)
    return this.#body('(')
  }

  #body(open: string): string {
    const before = this.flags
    const source = this.alternation()
    this.flags = before
    if (!this.take(')')) throw this.error('Unclosed group', this.position)
    return `${open}${source})`
  }

  /** What matched once is never given back. */
  #atomic(body: () => string): string {
    const group = ++this.#captures
    return `(?:(?=(${body()}))\\${group})`
  }

  #named(): string {
    const first = this.peek() ?? ''
    if (!/^[A-Za-z]$/.test(first))
      throw this.error('capturing group name does not start with a Latin letter', this.position)
    let name = ''
    while (/^[A-Za-z0-9]$/.test(this.peek() ?? '')) name += this.chars[this.position++]
    if (this.peek() !== '>') throw this.error("named capturing group is missing trailing '>'", this.position)
    if (this.names.has(name)) throw this.error(`Named capturing group <${name}> is already defined`, this.position)
    this.position++
    this.names.set(name, this.groups.length)
    return this.#capture()
  }

  /** `(?i)`, `(?i-s:X)`. Alone they hold until the group ends. */
  #flagged(start: number): string {
    let on = true
    let flags = this.flags
    for (;;) {
      const char = this.peek()
      if (char === ':' || char === ')') break
      const flag = FLAGS[char ?? '']
      if (char === '-' && on) on = false
      else if (flag === undefined)
        throw this.error(
          this.position === start + 2 ? 'Unknown inline modifier' : 'Unknown inline modifier',
          this.position,
        )
      else flags = { ...flags, [flag]: on, ...(flag === 'unicodeClass' ? { unicodeCase: on } : {}) }
      this.position++
    }
    if (this.take(')')) {
      this.flags = flags
      return ''
    }
    this.position++
    const before = this.flags
    this.flags = flags
    const source = this.#body('(?:')
    this.flags = before
    return source
  }

  #quantified(atom: string): string {
    if (this.flags.comments) this.skipComments()
    const quantifier = this.#quantifier()
    if (quantifier === '') return atom
    const repeated = `(?:${atom})${quantifier}`
    if (this.take('+')) return this.#possessive(atom, quantifier)
    return this.take('?') ? `${repeated}?` : repeated
  }

  /** The group of the look-ahead comes before those inside of it, so theirs move up by one. */
  #possessive(atom: string, quantifier: string): string {
    const inner = (atom.match(/(?<!\\)\((?!\?)/g) ?? []).length
    const first = this.#captures - inner + 1
    this.#captures++
    for (const [i, group] of this.groups.entries()) if (group >= first) this.groups[i] = group + 1
    const moved = atom.replace(/\\([1-9][0-9]*)/g, (text, group: string) =>
      Number(group) >= first ? `\\${Number(group) + 1}` : text,
    )
    return `(?:(?=((?:${moved})${quantifier}))\\${first})`
  }

  #quantifier(): string {
    const char = this.peek()
    if (char === '*' || char === '+' || char === '?') {
      this.position++
      return char
    }
    if (char !== '{') return ''
    if (!/^[0-9]$/.test(this.peek(1) ?? '')) throw this.error('Illegal repetition', this.position + 1)
    this.position++
    const min = this.#digits()
    let max = min
    if (this.take(',')) max = this.peek() === '}' ? '' : this.#digits()
    if (this.peek() !== '}') throw this.error('Unclosed counted closure', this.position)
    if (max !== '' && Number(max) < Number(min)) throw this.error('Illegal repetition range', this.position)
    if (Number(min) > 2147483647 || Number(max) > 2147483647)
      throw this.error('Illegal repetition range', this.position)
    this.position++
    return max === min ? `{${min}}` : `{${min},${max}}`
  }

  #digits(): string {
    let digits = ''
    while (/^[0-9]$/.test(this.peek() ?? '')) digits += this.chars[this.position++]
    return digits
  }
}

const LOOK = [
  [':', '(?:'],
  ['=', '(?='],
  ['!', '(?!'],
  ['<=', '(?<='],
  ['<!', '(?<!'],
] as const

const FLAGS: Readonly<Record<string, keyof Flags>> = {
  i: 'ignoreCase',
  u: 'unicodeCase',
  d: 'unixLines',
  m: 'multiline',
  s: 'dotAll',
  x: 'comments',
  U: 'unicodeClass',
}
