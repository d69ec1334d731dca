/** The pattern of a `SimpleDateFormat`, taken apart. */

/** A text to be there as it is, or a letter with its count. */
export type Element = { readonly literal: string } | { readonly letter: string; readonly count: number }

const LETTERS = 'GyMdkHmsSEDFwWahKzZYuXL'

/** Java's `IllegalArgumentException` for a pattern that is none. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

export function parsePattern(pattern: string): Element[] {
  const elements: Element[] = []
  let literal = ''
  const flush = () => {
    if (literal !== '') elements.push({ literal })
    literal = ''
  }
  for (let i = 0; i < pattern.length; ) {
    const char = pattern[i] as string
    if (char === "'") {
      const quoted = readQuoted(pattern, i)
      literal += quoted.text
      i = quoted.next
    } else if (/[A-Za-z]/.test(char)) {
      let end = i
      while (pattern[end] === char) end++
      if (!LETTERS.includes(char)) throw new PatternError(`Illegal pattern character '${char}'`)
      if (char === 'X' && end - i > 3) throw new PatternError(`invalid ISO 8601 format: length=${end - i}`)
      flush()
      elements.push({ letter: char, count: end - i })
      i = end
    } else {
      literal += char
      i++
    }
  }
  flush()
  return elements
}

function readQuoted(pattern: string, start: number): { text: string; next: number } {
  if (pattern[start + 1] === "'") return { text: "'", next: start + 2 }
  let text = ''
  for (let i = start + 1; i < pattern.length; i++) {
    if (pattern[i] !== "'") text += pattern[i]
    else if (pattern[i + 1] === "'") {
      text += "'"
      i++
    } else return { text, next: i + 1 }
  }
  throw new PatternError('Unterminated quote')
}
