/** `java.util.regex`: patterns and replacements as Connect's users write them. */
import { illegalArgument, indexOutOfBounds } from './exception.ts'
import { type Translation, translate } from './regex-parser.ts'

export { RegexError } from './regex-parser.ts'

export class RegularExpression {
  readonly pattern: string
  readonly #translation: Translation
  readonly #whole: RegExp
  readonly #first: RegExp

  /** `RegexError` with the JDK's text. */
  constructor(pattern: string) {
    this.pattern = pattern
    this.#translation = translate(pattern)
    const { source } = this.#translation
    this.#whole = new RegExp(`(?<![\\s\\S])(?:${source})(?![\\s\\S])`, 'v')
    this.#first = new RegExp(source === '' ? '(?:)' : source, 'v')
  }

  /** `Matcher.matches`: the text as a whole. */
  matches(text: string): boolean {
    return this.#whole.test(text)
  }

  /**
   * `Matcher.replaceFirst`. Errors as Java's: `IllegalArgumentException` and `IndexOutOfBoundsException` for
   * replacements that name what isn't there, only where the pattern is found.
   */
  replaceFirst(text: string, replacement: string): string {
    const match = this.#first.exec(text)
    if (match === null) return text
    return text.slice(0, match.index) + this.#expand(match, replacement) + text.slice(match.index + match[0].length)
  }

  #expand(match: RegExpExecArray, replacement: string): string {
    const { groups, names } = this.#translation
    const group = (n: number) => match[groups[n] as number] ?? ''
    let text = ''
    for (let i = 0; i < replacement.length; ) {
      const char = replacement[i] as string
      if (char === '\\') {
        if (i + 1 === replacement.length) throw illegalArgument('character to be escaped is missing')
        text += replacement[i + 1]
        i += 2
      } else if (char === '$') {
        const found = reference(replacement, i + 1, groups.length, names)
        text += group(found.group)
        i = found.next
      } else {
        text += char
        i++
      }
    }
    return text
  }
}

function reference(
  replacement: string,
  start: number,
  count: number,
  names: ReadonlyMap<string, number>,
): { group: number; next: number } {
  const char = replacement[start]
  if (char === undefined) throw illegalArgument('Illegal group reference: group index is missing')
  if (char === '{') {
    const name = /^[A-Za-z0-9]*/.exec(replacement.slice(start + 1))?.[0] ?? ''
    if (name === '') throw illegalArgument("named capturing group is missing trailing '}'")
    const end = start + 1 + name.length
    if (replacement[end] !== '}') throw illegalArgument("named capturing group is missing trailing '}'")
    if (/^[0-9]/.test(name)) throw illegalArgument(`capturing group name {${name}} starts with digit character`)
    const group = names.get(name)
    if (group === undefined) throw illegalArgument(`No group with name {${name}}`)
    return { group, next: end + 1 }
  }
  if (!/^[0-9]$/.test(char)) throw illegalArgument('Illegal group reference')
  let group = Number(char)
  let next = start + 1
  // More digits belong to the number while there are so many groups.
  for (; /^[0-9]$/.test(replacement[next] ?? ''); next++) {
    const longer = group * 10 + Number(replacement[next])
    if (longer >= count) break
    group = longer
  }
  if (group >= count) throw indexOutOfBounds(`No group ${group}`)
  return { group, next }
}

export function compile(pattern: string): RegularExpression {
  return new RegularExpression(pattern)
}
